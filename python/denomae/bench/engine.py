# SPDX-License-Identifier: GPL-3.0-or-later
"""From IQ to labels: throughput beside the model's matrix products, and latency under load."""

from __future__ import annotations

import time

import numpy as np

from denomae.bench.matrices import model_products, replay
from denomae.bench.row import Row
from denomae.bench.signal import noise_frames
from denomae.bench.timing import in_turns
from denomae.engine import Engine


def throughput(name: str, engine: Engine, seconds: float, batches: int = 1) -> Row:
    """Frames a second through `classify`, IQ in memory to labels, full batches one after another.

    The peer is the same batch's matrix products alone, back to back, in the same precision and
    with the same threads: what is left of it is the image, attention's softmax, normalisation,
    activations, transfers and the making of labels.

    Args:
        batches: given to `classify` at once. A flowgraph gives one; on a GPU one travels while
            another is computed where there are several.
    """
    frames = noise_frames(batches * engine.max_batch, engine.frame_length)
    engine.warm_up()
    architecture, modalities = engine.config.architecture, engine.config.modalities
    products = model_products(architecture, modalities, len(engine.classes), engine.max_batch)
    ours, peer = in_turns(
        lambda: engine.classify(frames), replay(products, engine.device, engine.precision), seconds
    )
    operations = sum(product.operations for product in products)
    note = (
        f"{conditions(engine)}{f', {batches} a call' if batches > 1 else ''}; "
        f"{operations / engine.max_batch / 1e9:.2f} GFLOP a frame, "
        f"products alone {operations / peer / 1e9:,.0f} GFLOP/s"
    )
    fed, multiplied = len(frames) / ours, engine.max_batch / peer
    return Row.compared(name, fed, "frames/s", "its matrix products", multiplied, note)


def latency(name: str, engine: Engine, frames_per_s: float, seconds: float) -> Row:
    """99 % of the times from a frame's arrival to its label, frames arriving at an even pace.

    Whatever waits, up to the largest batch, is classified at once, as the classifier block does.
    """
    total = int(frames_per_s * seconds)
    if total < 1:
        return Row.not_run(name, "ms", f"no frame arrives in {seconds:g} s")
    pool = noise_frames(engine.max_batch, engine.frame_length)
    engine.warm_up()
    for count in range(1, engine.max_batch + 1):
        engine.classify(pool[:count])  # each size once: allocations and plans are made
    waited: list[float] = []
    batches = 0
    began = time.perf_counter()
    while len(waited) < total:
        arrived = int((time.perf_counter() - began) * frames_per_s)
        waiting = min(arrived, total) - len(waited)
        if waiting <= 0:
            time.sleep(max(0.0, began + (arrived + 1) / frames_per_s - time.perf_counter()))
            continue
        count = min(waiting, engine.max_batch)
        engine.classify(pool[:count])
        now = time.perf_counter()
        first = len(waited)
        waited += [now - (began + (first + i) / frames_per_s) for i in range(count)]
        batches += 1
    percentiles = np.percentile(np.asarray(waited) * 1e3, [50, 99])
    note = f"{conditions(engine)}; {frames_per_s:,.0f} frames/s, {total / batches:.1f} a batch"
    return Row.compared(name, percentiles[1], "ms", "median", percentiles[0], note)


def conditions(engine: Engine) -> str:
    """Device, precision, threads and batch, in a few words."""
    import torch

    place = str(engine.device)
    if engine.device.type == "cpu":
        threads = torch.get_num_threads()
        place = f"cpu, {threads} thread{'s' if threads > 1 else ''}"
    precision = {"torch.float32": "fp32", "torch.bfloat16": "bf16"}[str(engine.precision)]
    return f"{place}, {precision}, batch {engine.max_batch}"
