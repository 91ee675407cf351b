# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole live path: a radio of noise, the sampler, the model, labels."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from denomae import Engine
from denomae.bench.engine import conditions
from denomae.bench.row import Row

from .memory import resident_mib
from .radio import LatencyListener, Radio

FAST_HZ = 10e6
MEMORY_HZ = 2e6
_SETTLE_S = 3.0
_START_UP_S = 10.0
_MIB_EVERY_S = 1.0


def live_rows(device: str, batch_size: int, seconds: float) -> Iterator[Row]:
    """Memory, saturated throughput, latency at half of it, and the radio's peace at 10 MS/s."""
    engine = Engine.load(device=device, batch_size=batch_size)
    engine.warm_up()
    yield _memory(engine, seconds)  # first: what later rows allocate would hide a leak
    frames_per_s = _saturated(engine, seconds / 4)
    saturated, latency = "flowgraph, saturated", "flowgraph, latency p99 at half"
    if frames_per_s:
        note = f"{conditions(engine)}; the stream waits for the model"
        yield Row(saturated, frames_per_s, "labels/s", note=note)
        yield _latency(latency, engine, frames_per_s / 2, seconds / 2)
    else:
        yield Row.broken(saturated, "labels/s", f"no label in {seconds / 4:g} s")
    yield from _fast_radio(engine, seconds)


def _saturated(engine: Engine, seconds: float) -> float:
    """Labels a second when the source is held by the model alone."""
    radio = Radio(engine, 0, "block")
    radio.start()
    time.sleep(_SETTLE_S)
    first, began = radio.classifier.status()["labels"], time.perf_counter()
    time.sleep(seconds)
    labels, ran = radio.classifier.status()["labels"] - first, time.perf_counter() - began
    radio.stop()
    radio.wait()
    return labels / ran


def _latency(name: str, engine: Engine, frames_per_s: float, seconds: float) -> Row:
    radio = Radio(engine, frames_per_s * engine.frame_length, "newest")
    listener = LatencyListener()
    radio.msg_connect((radio.classifier, "labels"), (listener, "labels"))
    radio.start()
    time.sleep(_SETTLE_S)
    listener.latencies_ms.clear()
    time.sleep(seconds)
    radio.stop()
    radio.wait()
    if not listener.latencies_ms:
        return Row.broken(name, "ms", f"no label in {seconds:g} s")
    median, most = np.percentile(listener.latencies_ms, [50, 99])
    dropped = radio.classifier.counters()["dropped"]
    note = f"{conditions(engine)}; {frames_per_s:,.0f} frames/s, {dropped} dropped"
    return Row.compared(name, most, "ms", "median", median, note)


def _fast_radio(engine: Engine, seconds: float) -> Iterator[Row]:
    """The model runs as fast as it can while ten million samples a second go by."""
    radio = Radio(engine, FAST_HZ, "newest")
    ran = radio.run_for(seconds)
    classifier, counters = radio.classifier, radio.classifier.counters()
    taken = counters["seen"] * engine.frame_length + counters["tail_samples"]
    longest_ms = classifier.work_time_s(1) * 1e3
    note = f"{conditions(engine)}; {seconds:.0f} s, longest {longest_ms:.2f} ms"
    yield Row("work() p99.9 at 10 MS/s", classifier.work_time_s(0.999) * 1e3, "ms", note=note)
    labels = classifier.status()["labels"]
    yield Row.compared(
        "delivered at 10 MS/s",
        taken / ran / 1e6,
        "MS/s",
        "throttle",
        FAST_HZ / 1e6,
        f"{labels / ran:,.0f} labels/s meanwhile, {counters['dropped']:,} frames dropped",
    )


def _memory(engine: Engine, seconds: float) -> Row:
    radio = Radio(engine, MEMORY_HZ, "newest")
    radio.start()
    time.sleep(_START_UP_S)
    times, sizes = [time.perf_counter()], [resident_mib()]
    while times[-1] - times[0] < seconds:
        time.sleep(min(_MIB_EVERY_S, seconds / 4))
        times.append(time.perf_counter())
        sizes.append(resident_mib())
    radio.stop()
    radio.wait()
    slope = float(np.polyfit(times, sizes, 1)[0]) * 60
    return Row.compared(
        "memory of the process",
        sizes[-1],
        "MiB",
        "after start-up",
        sizes[0],
        f"{seconds:.0f} s at {MEMORY_HZ / 1e6:g} MS/s, most {max(sizes):,.1f}; "
        f"{slope:+.2f} MiB a minute",
    )
