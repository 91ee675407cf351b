# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's recording as an 8-bit receiver with a high rate would have made it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gnuradio import analog, blocks, filter, gr

CAPTURE = Path(__file__).resolve().parents[2] / "examples" / "captures" / "demo.sigmf-data"
NARROW_HZ = 32_000
GAIN = 10 ** (14 / 20)
"""Lifts the recording above the steps of 8 bits: its strongest signal still clips nothing."""
FLOOR_DB = -50.0 + 14
"""Of the recording, in its own 32 kHz, once it is lifted."""
OWN_NOISE_DB = FLOOR_DB - 10
DC_SPIKE = 0.05


@dataclass(frozen=True)
class Span:
    """Samples of the recording, at its own rate, and what they are."""

    begin: int
    end: int
    label: str


def spans_of(labels: tuple[str, ...] = ()) -> tuple[np.ndarray, list[Span]]:
    """The recording's signals of some classes, or of all, one after another.

    Returns:
        complex64 [n] and where in it each signal is. The silence ahead of each is kept.
    """
    metadata = json.loads(CAPTURE.with_suffix(".sigmf-meta").read_text(encoding="utf-8"))
    parts = np.fromfile(CAPTURE, dtype="<i2").astype(np.float32) / 32768
    samples = parts.view(np.complex64)
    kept, spans, length, silence = [], [], 0, 0
    for annotation in metadata["annotations"]:
        begin = annotation["core:sample_start"]
        end = begin + annotation["core:sample_count"]
        if not labels or annotation["core:label"] in labels:
            kept.append(samples[silence:end])
            length += end - silence
            spans.append(Span(length - end + begin, length, annotation["core:label"]))
        silence = end
    return np.concatenate(kept), spans


def as_received(samples: np.ndarray, factor: int, offset_hz: float, seed: int = 1) -> np.ndarray:
    """What a receiver with `factor` times the rate, tuned `offset_hz` too low, sends.

    The recording's noise goes on in the rest of the receiver's band, the receiver adds a little of
    its own everywhere, and a spike at DC as receivers have it; unsigned 8-bit.

    Args:
        samples: complex64 [n] at `NARROW_HZ`.
        factor: of the two rates.
        offset_hz: of the recording's middle from the receiver's.
        seed: of the noise.

    Returns:
        uint8 [2 n factor], I and Q in turn.
    """
    rate = NARROW_HZ * factor
    band = filter.firdes.low_pass(1, rate, 0.5 * NARROW_HZ, 0.05 * NARROW_HZ)
    flowgraph = gr.top_block()
    received = blocks.add_cc()
    flowgraph.connect(
        blocks.vector_source_c(samples),
        filter.interp_fir_filter_ccf(factor, np.array(band) * factor * GAIN),
        (received, 0),
    )
    elsewhere = blocks.sub_cc()
    floor = analog.noise_source_c(analog.GR_GAUSSIAN, amplitude(FLOOR_DB, factor), seed)
    flowgraph.connect(floor, blocks.delay(gr.sizeof_gr_complex, len(band) // 2), (elsewhere, 0))
    flowgraph.connect(floor, filter.fft_filter_ccf(1, band), (elsewhere, 1))
    flowgraph.connect(elsewhere, (received, 1))
    own = analog.noise_source_c(analog.GR_GAUSSIAN, amplitude(OWN_NOISE_DB, factor), seed + 1)
    flowgraph.connect(own, (received, 2))
    with tempfile.NamedTemporaryFile() as file:
        sink = blocks.file_sink(gr.sizeof_gr_complex, file.name)
        shift = blocks.rotator_cc(2 * np.pi * offset_hz / rate)
        flowgraph.connect(received, shift, blocks.add_const_cc(DC_SPIKE), sink)
        flowgraph.run()
        sink.close()
        levels = np.fromfile(file.name, dtype=np.float32)
    levels *= 127.5
    levels += 127.5
    np.rint(levels, out=levels)
    assert len(levels) == 2 * factor * len(samples)
    assert levels.min() > 0 and levels.max() < 255, "the receiver clips"
    return levels.astype(np.uint8)


def amplitude(db: float, factor: int) -> float:
    """Of white noise in the receiver's whole band, for a power in `NARROW_HZ` alone."""
    return float(np.sqrt(10 ** (db / 10) * factor))
