# SPDX-License-Identifier: GPL-3.0-or-later
"""One transmitter a class, each built from GNU Radio's own modulators and nothing else.

A transmitter is a chain of blocks that ends in complex baseband at the capture's sample rate, with
what was drawn for it written beside it. No noise, no offset: those are the channel's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from gnuradio import analog, blocks, digital, filter, gr
from gnuradio.filter import firdes, pfb

SAMPLE_RATE_HZ = 32_000.0

OVERSAMPLING = 16
"""Samples a symbol of the modulators that need a whole number; a resampler follows them."""


@dataclass(frozen=True)
class Transmitter:
    """A chain of blocks from its source to complex baseband, and what was drawn for it."""

    label: str
    chain: list[gr.basic_block]
    samples_per_symbol: float | None = None
    drawn: dict[str, float | str | bool] = field(default_factory=dict)


def _symbol_rate(draw: np.random.Generator, least: float = 3.0, most: float = 14.0) -> float:
    """Samples a symbol, log-uniform: as many short symbols as long ones."""
    return float(np.exp(draw.uniform(np.log(least), np.log(most))))


def _bytes(draw: np.random.Generator, samples: int) -> gr.basic_block:
    """Random bytes: eight bits or more for every two samples, enough for any rate above."""
    return blocks.vector_source_b(draw.integers(0, 256, samples // 2 + 4096).tolist(), False)


def _bits(draw: np.random.Generator, samples: int) -> gr.basic_block:
    return blocks.vector_source_b(draw.integers(0, 2, samples // 2 + 4096).tolist(), False)


def _audio(draw: np.random.Generator, samples: int, top_hz: float) -> list[gr.basic_block]:
    """A voice-like message within ±1: noise in the voice band, falling above 1 kHz, with a limiter.

    The limiter stands at twice the RMS, as in a transmitter that keeps its index or deviation.
    """
    low_hz = draw.uniform(100.0, 300.0)
    shape = [
        analog.noise_source_f(analog.GR_GAUSSIAN, 1.0, int(draw.integers(1, 2**31))),
        blocks.head(gr.sizeof_float, samples + 8192),
        filter.single_pole_iir_filter_ff(1.0 - np.exp(-2.0 * np.pi * 1000.0 / SAMPLE_RATE_HZ)),
        filter.fir_filter_fff(1, firdes.band_pass(1.0, SAMPLE_RATE_HZ, low_hz, top_hz, 150.0)),
    ]
    sink = blocks.vector_sink_f()
    _run([*shape, sink])
    message = np.array(sink.data(), dtype=np.float32)[4096:]
    message /= 2.0 * message.std()
    return [blocks.vector_source_f(message.tolist(), False), analog.rail_ff(-1.0, 1.0)]


def _run(chain: list[gr.basic_block]) -> None:
    flowgraph = gr.top_block()
    flowgraph.connect(*chain)
    flowgraph.run()


def carrier(draw: np.random.Generator, samples: int, variant: int) -> Transmitter:
    """A plain tone: the channel gives it its offset."""
    return Transmitter("carrier", [analog.sig_source_c(1.0, analog.GR_CONST_WAVE, 0.0, 1.0)])


def am(draw: np.random.Generator, samples: int, variant: int) -> Transmitter:
    """Both side bands and the full carrier: (1 + index · message)."""
    index, top_hz = draw.uniform(0.4, 0.95), draw.uniform(2500.0, 5000.0)
    chain = [
        *_audio(draw, samples, top_hz),
        blocks.multiply_const_ff(index),
        blocks.add_const_ff(1.0),
        blocks.float_to_complex(),
    ]
    return Transmitter("am", chain, drawn={"index": index, "message_top_hz": top_hz})


def fm(draw: np.random.Generator, samples: int, variant: int) -> Transmitter:
    """Narrow (variant 0) or wide (variant 1)."""
    top_hz = draw.uniform(2500.0, 4000.0)
    deviation_hz = draw.uniform(2000.0, 3000.0) if variant == 0 else draw.uniform(6000.0, 8000.0)
    sensitivity = 2.0 * np.pi * deviation_hz / SAMPLE_RATE_HZ
    chain = [*_audio(draw, samples, top_hz), analog.frequency_modulator_fc(sensitivity)]
    return Transmitter(
        "fm", chain, drawn={"peak_deviation_hz": deviation_hz, "message_top_hz": top_hz}
    )


def ook(draw: np.random.Generator, samples: int, variant: int) -> Transmitter:
    """On-off keying, hard (variant 0) or shaped by a root raised cosine (variant 1)."""
    samples_per_symbol = _symbol_rate(draw)
    if variant == 0:
        chain = [
            _bits(draw, samples),
            digital.chunks_to_symbols_bc([0.0, 1.0]),
            blocks.repeat(gr.sizeof_gr_complex, OVERSAMPLING),
            pfb.arb_resampler_ccf(samples_per_symbol / OVERSAMPLING),
        ]
        return Transmitter("ook", chain, samples_per_symbol, {"pulse": "rectangular"})
    rolloff = draw.uniform(0.2, 0.45)
    points = digital.constellation_calcdist([0.0, 1.0], [], 2, 1)
    modulator = digital.generic_mod(points.base(), False, samples_per_symbol, excess_bw=rolloff)
    chain = [_bytes(draw, samples), modulator]
    return Transmitter("ook", chain, samples_per_symbol, {"pulse": "rrc", "rolloff": rolloff})


def _psk(label: str, points: int) -> Callable[[np.random.Generator, int, int], Transmitter]:
    def build(draw: np.random.Generator, samples: int, variant: int) -> Transmitter:
        samples_per_symbol, rolloff = _symbol_rate(draw), draw.uniform(0.2, 0.45)
        differential = bool(draw.integers(0, 2))
        modulator = digital.psk.psk_mod(
            points,
            differential=differential,
            samples_per_symbol=samples_per_symbol,
            excess_bw=rolloff,
        )
        drawn = {"pulse": "rrc", "rolloff": rolloff, "differential": differential}
        return Transmitter(label, [_bytes(draw, samples), modulator], samples_per_symbol, drawn)

    return build


def qam16(draw: np.random.Generator, samples: int, variant: int) -> Transmitter:
    """16-QAM on a square, root raised cosine."""
    samples_per_symbol, rolloff = _symbol_rate(draw), draw.uniform(0.2, 0.45)
    modulator = digital.generic_mod(
        digital.qam.qam_constellation(16, differential=False),
        False,
        samples_per_symbol,
        excess_bw=rolloff,
    )
    drawn = {"pulse": "rrc", "rolloff": rolloff}
    return Transmitter("16qam", [_bytes(draw, samples), modulator], samples_per_symbol, drawn)


def fsk2(draw: np.random.Generator, samples: int, variant: int) -> Transmitter:
    """Two tones, continuous phase, rectangular; the rate is such that both tones fit."""
    index = draw.uniform(0.7, 1.9)
    samples_per_symbol = _symbol_rate(draw, least=max(3.0, (index / 2.0 + 0.75) / 0.4))
    chain = [
        _bits(draw, samples),
        analog.cpfsk_bc(index, 1.0, OVERSAMPLING),
        pfb.arb_resampler_ccf(samples_per_symbol / OVERSAMPLING),
    ]
    return Transmitter("2fsk", chain, samples_per_symbol, {"modulation_index": index})


def gmsk(draw: np.random.Generator, samples: int, variant: int) -> Transmitter:
    """Minimum shift keying through a Gaussian filter."""
    samples_per_symbol, bandwidth_time = _symbol_rate(draw), draw.uniform(0.22, 0.48)
    chain = [
        _bytes(draw, samples),
        digital.gmsk_mod(OVERSAMPLING, bandwidth_time),
        pfb.arb_resampler_ccf(samples_per_symbol / OVERSAMPLING),
    ]
    return Transmitter("gmsk", chain, samples_per_symbol, {"bt": bandwidth_time})


TRANSMITTERS: tuple[Callable[[np.random.Generator, int, int], Transmitter], ...] = (
    carrier,
    am,
    fm,
    ook,
    _psk("bpsk", 2),
    _psk("qpsk", 4),
    _psk("8psk", 8),
    qam16,
    fsk2,
    gmsk,
)
"""In the order in which the capture walks through them; each takes (draw, samples, variant)."""
