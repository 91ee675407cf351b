#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the demo's capture with GNU Radio's own modulators and channel model.

    python examples/captures/make_demo_capture.py [--output examples/captures/demo]

The recording is that of one receiver: its noise floor never changes, transmitters come and go 10 or
20 dB above it, each with its own symbol rate, timing, clock error, carrier offset and phase.
Between them there is the floor alone. One burst of stronger noise is the class `noise`. The same
seed gives the same capture.
"""

from __future__ import annotations

import argparse
import cmath
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gnuradio import blocks, channels, filter, gr
from sigmf import SigMFFile
from transmitters import SAMPLE_RATE_HZ, TRANSMITTERS, Transmitter

SEED = 20_260_301
CENTER_FREQUENCY_HZ = 433_920_000.0
FRAME_LENGTH = 1024
FULL_SCALE = 32_768.0

FLOOR_DBFS = -50.0
NOISE_BURST_DBFS = -38.0
SNRS_DB = (10.0, 20.0)

SIGNAL_FRAMES = 32
"""A span has 32 frames and a drawn part of one more: 31 whole ones wherever frames begin."""
NOISE_FRAMES = 64
LEAD_IN_SAMPLES = 4096
"""Cut off before the span begins, so that every filter has settled."""


@dataclass(frozen=True)
class Span:
    """Samples of the recording, and what they are (`None`: the floor alone)."""

    samples: np.ndarray
    label: str | None
    truth: dict[str, object]


def power(samples: np.ndarray) -> float:
    """Mean power, accumulated in double."""
    return float(np.mean(np.abs(samples.astype(np.complex128)) ** 2))


def decibels(ratio: float) -> float:
    return 10.0 * float(np.log10(ratio))


def collect(*chain: gr.basic_block) -> np.ndarray:
    """Run a chain of blocks to its end and return what came out, complex64 [N]."""
    sink, flowgraph = blocks.vector_sink_c(), gr.top_block()
    flowgraph.connect(*chain, sink)
    flowgraph.run()
    return np.array(sink.data(), dtype=np.complex64)


def through_channel(
    signal: np.ndarray,
    noise_dbfs: float | None,
    seed: int = 1,
    offset: float = 0.0,
    epsilon: float = 1.0,
    phase: float = 0.0,
) -> np.ndarray:
    """A signal behind GNU Radio's channel model.

    Args:
        signal: complex64 [N].
        noise_dbfs: mean power of the noise in the sampled bandwidth; None for no noise.
        seed: of the noise, not 0.
        offset: of the carrier, in cycles a sample.
        epsilon: the transmitter's clock over the receiver's.
        phase: of the carrier, in radians.
    """
    voltage = 0.0 if noise_dbfs is None else 10.0 ** (noise_dbfs / 20.0)
    model = channels.channel_model(voltage, offset, epsilon, [cmath.exp(1j * phase)], seed)
    return collect(blocks.vector_source_c(signal.tolist(), False), model)


def noise_span(
    draw: np.random.Generator, length: int, level_dbfs: float, label: str | None
) -> Span:
    """`length` samples of nothing but noise."""
    silence = np.zeros(length + LEAD_IN_SAMPLES, dtype=np.complex64)
    samples = through_channel(silence, level_dbfs, int(draw.integers(1, 2**31)))[-length:]
    return Span(samples, label, {})


def signal_span(
    draw: np.random.Generator, transmitter: Transmitter, length: int, snr_db: float
) -> Span:
    """`length` samples of a transmitter at `snr_db` above the floor."""
    samples_per_symbol = transmitter.samples_per_symbol or 1.0
    skip = LEAD_IN_SAMPLES + int(draw.integers(0, 64))
    timing, phase = float(draw.uniform(0.0, 1.0)), float(draw.uniform(-np.pi, np.pi))
    offset, clock_ppm = float(draw.uniform(-0.015, 0.015)), float(draw.uniform(-20.0, 20.0))
    clean = collect(
        *transmitter.chain,
        blocks.skiphead(gr.sizeof_gr_complex, skip),
        filter.mmse_resampler_cc(timing, 1.0),
        blocks.head(gr.sizeof_gr_complex, length + LEAD_IN_SAMPLES),
    )
    channel = {"offset": offset, "epsilon": 1.0 + clock_ppm * 1e-6, "phase": phase}
    window = slice(1024, 1024 + length)
    # The noise of this seed is measured, and so is the signal behind the channel: SNR is exact.
    seed = int(draw.integers(1, 2**31))
    floor = through_channel(np.zeros_like(clean), FLOOR_DBFS, seed, **channel)[window]
    faint = through_channel(clean, None, seed, **channel)[window]
    gain = np.sqrt(power(floor) / power(faint)) * 10.0 ** (snr_db / 20.0)
    sent = np.complex64(gain) * clean
    quiet = through_channel(sent, None, seed, **channel)[window]
    heard = through_channel(sent, FLOOR_DBFS, seed, **channel)[window]
    if len(heard) != length:
        raise RuntimeError(f"{transmitter.label}: {len(heard)} samples came out, wanted {length}")
    truth: dict[str, object] = {
        "snr_db": round(decibels(power(quiet) / power(heard - quiet)), 2),
        "carrier_offset_hz": round(offset * SAMPLE_RATE_HZ, 3),
        "clock_error_ppm": round(clock_ppm, 3),
    }
    if transmitter.samples_per_symbol is not None:
        truth["samples_per_symbol"] = round(samples_per_symbol, 5)
    for name, value in transmitter.drawn.items():
        truth[name] = round(value, 5) if isinstance(value, float) else value
    return Span(heard, transmitter.label, truth)


def record(seed: int) -> list[Span]:
    """The whole walk: silence, the burst of noise, then every transmitter at every SNR."""
    draw = np.random.default_rng(seed)

    def silence() -> Span:
        return noise_span(draw, int(draw.integers(3000, 6000)), FLOOR_DBFS, None)

    def length(frames: int) -> int:
        return frames * FRAME_LENGTH + int(draw.integers(0, FRAME_LENGTH))

    spans = [
        silence(),
        noise_span(draw, length(NOISE_FRAMES), NOISE_BURST_DBFS, "noise"),
        silence(),
    ]
    for build in TRANSMITTERS:
        for variant, snr_db in enumerate(SNRS_DB):
            samples = length(SIGNAL_FRAMES)
            transmitter = build(draw, samples + 4 * LEAD_IN_SAMPLES, variant)
            spans += [signal_span(draw, transmitter, samples, snr_db), silence()]
    return spans


def ground_truth(span: Span) -> dict[str, object]:
    """What a span is, as the fields of a SigMF annotation."""
    truth = {f"denomae:{name}": value for name, value in span.truth.items()}
    words = [f"{name.replace('_', ' ')} {value}" for name, value in span.truth.items()]
    return {
        "core:label": span.label,
        "core:comment": "; ".join(words) or f"white noise at {NOISE_BURST_DBFS:g} dBFS",
        **truth,
    }


def write(spans: list[Span], base: Path) -> None:
    """Write `base`.sigmf-data and `base`.sigmf-meta."""
    stream = np.concatenate([span.samples for span in spans])
    values = np.rint(stream.view(np.float32).astype(np.float64) * FULL_SCALE)
    if np.abs(values).max() >= FULL_SCALE:
        raise RuntimeError(f"the recording clips: its peak is {np.abs(values).max():.0f}")
    data = base.with_suffix(".sigmf-data")
    values.astype("<i2").tofile(data)
    meta = SigMFFile(
        data_file=str(data),
        global_info={
            "core:datatype": "ci16_le",
            "core:sample_rate": SAMPLE_RATE_HZ,
            "core:description": (
                "Eleven modulations behind a simulated receiver, at 10 and 20 dB. Made with GNU "
                "Radio's own modulators and channel model. What no annotation covers is the "
                "receiver's noise floor."
            ),
            "core:author": "gr-denomae",
            "core:license": "https://spdx.org/licenses/GPL-3.0-or-later.html",
            "core:recorder": f"GNU Radio {gr.version()}, make_demo_capture.py",
            "core:extensions": [{"name": "denomae", "version": "1.0.0", "optional": True}],
            "denomae:seed": SEED,
            "denomae:floor_dbfs": FLOOR_DBFS,
        },
    )
    meta.add_capture(0, {"core:frequency": CENTER_FREQUENCY_HZ})
    start = 0
    for span in spans:
        if span.label is not None:
            meta.add_annotation(start, len(span.samples), ground_truth(span))
        start += len(span.samples)
    meta.validate()
    meta.tofile(str(base.with_suffix(".sigmf-meta")), overwrite=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("demo"))
    base = parser.parse_args().output
    spans = record(SEED)
    write(spans, base)
    for span in spans:
        if span.label is not None:
            frames = len(span.samples) // FRAME_LENGTH
            print(f"{span.label:8} {frames:3} frames  {json.dumps(span.truth)}")


if __name__ == "__main__":
    main()
