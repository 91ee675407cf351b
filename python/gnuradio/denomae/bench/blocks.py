# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks around the classifier, each beside a null block or beside what it is asked for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from gnuradio import blocks, gr

from denomae import DenoisingEngine, Engine
from denomae.bench.row import Row

from ..classifier import classifier
from ..constellation_image import constellation_image
from ..denoiser import denoiser
from ..frame_sampler import frame_sampler
from ..sigmf_recorder import sigmf_recorder
from .radio import noise_samples

RECORDED_HZ = 20e6
MOST_RECORDED_S = 5.0  # 160 MB each
CHANNELS = 8
_STARTED_S = 0.2  # until buffers are full
_PAIRS = 5
_SAMPLE = gr.sizeof_gr_complex


def block_rows(device: str, batch_size: int, seconds: float) -> Iterator[Row]:
    """What is drawn, sampled, passed through, denoised, recorded, and heard in eight channels."""
    model = Engine.load(device=device, batch_size=batch_size)
    model.warm_up()
    yield from _beside_nothing(model, seconds)
    yield _denoised(device, seconds)
    yield _eight_channels(model, seconds)
    yield _recorded(min(seconds, MOST_RECORDED_S))


def _beside_nothing(model: Engine, seconds: float) -> Iterator[Row]:
    """Blocks that look at a stream, in the place of a null sink, and one that passes it on, in the
    place of a copy; runs alternate, medians count. The stream does not end while it is timed: what
    a block has still to send then is no matter of its samples."""

    def passed_through() -> list[Any]:
        closed = classifier(engine=model, policy="newest", gate_db=100, passthrough_delay=65536)
        return [closed, blocks.null_sink(_SAMPLE)]

    looked_at: dict[str, tuple[Callable[[], list[Any]], str]] = {
        "constellation image": (
            lambda: [constellation_image(images_per_second=20), blocks.null_sink(3 * 64 * 64)],
            "20 images of 64 x 64 a second",
        ),
        "frame sampler block": (
            lambda: [frame_sampler(queue_frames=16, frames_per_second=50)],
            "50 frames a second as messages",
        ),
        "pass-through of the classifier": (
            passed_through,
            "nothing to label; behind it a null sink",
        ),
    }

    def nothing() -> list[Any]:
        return [blocks.null_sink(_SAMPLE)]

    def copied() -> list[Any]:
        return [blocks.copy(_SAMPLE), blocks.null_sink(_SAMPLE)]

    each_s = max(0.2, seconds / (2 * _PAIRS + 4))
    for name, (made, note) in looked_at.items():
        ours, peers = [], []
        passes = made is passed_through
        end = time.perf_counter() + seconds
        while len(ours) < _PAIRS or time.perf_counter() < end:
            ours.append(_flowing(made(), each_s) / 1e6)
            peers.append(_flowing(copied() if passes else nothing(), each_s) / 1e6)
        yield Row.compared(
            name,
            median(ours),
            "MS/s",
            "copy" if passes else "null sink",
            median(peers),
            f"{note}; {len(ours)} runs of {each_s:.1f} s each, "
            f"best {max(ours):.0f} against {max(peers):.0f}",
        )


def _denoised(device: str, seconds: float) -> Row:
    """A file's samples through the shipped denoiser, every frame of it."""
    model = DenoisingEngine.load(device=device)
    model.warm_up()
    samples, took = 64 * model.frame_length, 0.0
    while took < seconds / 2:
        samples = int(samples * min(8, max(2, seconds / took if took else 2)))
        block = denoiser(engine=model, policy="block", queue_frames=8)
        took = _run([block, blocks.null_sink(_SAMPLE)], samples)
    used = block.counters()["used"]
    note = f"{device}, {used} frames of {model.frame_length} used, half of each new; warmed up"
    return Row("denoiser", samples / took / 1e3, "kS/s", note=note)


def _eight_channels(model: Engine, seconds: float) -> Row:
    """Labels a second of eight classifiers with one engine, beside one classifier alone."""

    def labels_per_s(channels: int, frames: int) -> float:
        flowgraph = gr.top_block()
        heard = []
        for number in range(channels):
            noise = blocks.vector_source_c(noise_samples(64 * model.frame_length), True)
            head = blocks.head(_SAMPLE, frames // channels * model.frame_length)
            queue = 256 // channels
            heard.append(classifier(f"{number}", engine=model, policy="block", queue_frames=queue))
            flowgraph.connect(noise, head, heard[-1])
        began = time.perf_counter()
        flowgraph.run()
        return sum(each.status()["labels"] for each in heard) / (time.perf_counter() - began)

    frames = max(256, int(labels_per_s(1, 256) * seconds / 8))
    one, eight = [], []
    for _ in range(4):
        one.append(labels_per_s(1, frames))
        eight.append(labels_per_s(CHANNELS, frames))
    note = (
        f"4 runs each; the stream waits for the model; best {max(eight):.0f} against {max(one):.0f}"
    )
    return Row.compared(
        "eight channels, one engine", median(eight), "labels/s", "one channel", median(one), note
    )


def _recorded(seconds: float) -> Row:
    """A fast radio to the folder for temporary files, as fast as that is."""
    name = "recorder at 20 MS/s"
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(noise_samples(2**16), True)
    pace = blocks.throttle(_SAMPLE, RECORDED_HZ)
    with tempfile.TemporaryDirectory() as folder:
        recorder = sigmf_recorder(folder, sample_rate=RECORDED_HZ, max_file_mb=0)
        flowgraph.connect(source, pace, recorder)
        flowgraph.start()
        time.sleep(seconds)
        sent = pace.nitems_written(0)
        flowgraph.stop()
        flowgraph.wait()
        counters = recorder.counters()
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    if not counters["recorded_samples"]:
        return Row.broken(name, "MS/s", f"nothing was recorded of {sent:,} samples")
    note = (
        f"{seconds:g} s, {size / 1e6:,.0f} MB in {tempfile.gettempdir()}; "
        f"{counters['dropped_samples']:,} samples dropped"
    )
    recorded = counters["recorded_samples"] / seconds / 1e6
    return Row.compared(name, recorded, "MS/s", "throttle", sent / seconds / 1e6, note)


def _flowing(chain: list[Any], seconds: float) -> float:
    """Samples a second of a stream without end."""
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(noise_samples(64 * 1024), True)
    flowgraph.connect(source, *chain)
    flowgraph.start()
    time.sleep(_STARTED_S)
    first, began = source.nitems_written(0), time.perf_counter()
    time.sleep(seconds)
    rate = (source.nitems_written(0) - first) / (time.perf_counter() - began)
    flowgraph.stop()
    flowgraph.wait()
    return rate


def _run(chain: list[Any], samples: int) -> float:
    """How long it takes until so many samples and all that comes of them are through."""
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(noise_samples(64 * 1024), True)
    flowgraph.connect(source, blocks.head(_SAMPLE, samples), *chain)
    began = time.perf_counter()
    flowgraph.run()
    return time.perf_counter() - began
