# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame sampler alone, beside GNU Radio's null sink in the same flowgraph."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np
from gnuradio import blocks, gr

from denomae.bench.row import Row

from ..denomae_python import frame_sink
from .radio import noise_samples

FRAME_LENGTH = 1024
QUEUE_FRAMES = 256
GATE_DB = -30.0  # below the noise at 0 dB: every frame is measured and passes
_FIRST_SAMPLES = 20_000_000


def sampler_rows(seconds: float) -> Iterator[Row]:
    """Nobody pops, policy `newest`, contiguous frames, gate on: every sample is copied and judged.

    Two rows: the whole flowgraph beside one with a null sink, where source and `head` each have a
    thread and may be what is slowest; and `work()` alone, from its own clock, beside a copy of as
    many samples. Runs of both sinks alternate; the figures are medians.
    """
    samples = _FIRST_SAMPLES
    took = _run(_null_sink(), samples)
    samples = max(samples, int(samples * seconds / 12 / took))  # some twelve runs in all
    rates: tuple[list[float], list[float]] = ([], [])
    alone: list[tuple[float, float]] = []
    end = time.perf_counter() + seconds
    while len(rates[1]) < 5 or time.perf_counter() < end:
        sampler = _sampler()
        rates[0].append(samples / _run(sampler, samples) / 1e6)
        rates[1].append(samples / _run(_null_sink(), samples) / 1e6)
        chunk = round(samples / sampler.work_calls())
        alone.append((samples / _work_time_s(sampler) / 1e6, _copied(chunk) / 1e6))
    yield Row.compared(
        "frame sampler",
        median(rates[0]),
        "MS/s",
        "null sink",
        median(rates[1]),
        f"newest, gate on, nobody pops; {len(rates[1])} runs of {samples / 1e6:.0f} MS each, "
        f"best {max(rates[0]):.0f} against {max(rates[1]):.0f}",
    )
    yield Row.compared(
        "frame sampler, its work() alone",
        median(ours for ours, _ in alone),
        "MS/s",
        "copy",
        median(copy for _, copy in alone),
        f"chunks of {chunk:,} samples; its clock rounds up by an eighth at most",
    )


def _work_time_s(sampler: Any) -> float:
    """Seconds spent in all calls of `work()`."""
    shares = (np.arange(1000) + 0.5) / 1000
    return sampler.work_calls() * float(np.mean([sampler.work_time_s(s) for s in shares]))


def _copied(chunk: int) -> float:
    """Samples a second of plain copies of a chunk."""
    source = noise_samples(chunk)
    target = np.empty_like(source)
    times = []
    for _ in range(50):
        began = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - began)
    return chunk / median(times)


def _sampler() -> Any:
    return frame_sink(FRAME_LENGTH, FRAME_LENGTH, QUEUE_FRAMES, "newest", GATE_DB)


def _null_sink() -> Any:
    return blocks.null_sink(gr.sizeof_gr_complex)


def _run(sink: Any, samples: int) -> float:
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(noise_samples(64 * FRAME_LENGTH), True)
    head = blocks.head(gr.sizeof_gr_complex, samples)
    flowgraph.connect(source, head, sink)
    began = time.perf_counter()
    flowgraph.run()
    return time.perf_counter() - began
