# SPDX-License-Identifier: GPL-3.0-or-later
"""Receivers out of GNU Radio's blocks, which know timing, carrier and strength.

Samples are complex64 unless said otherwise; decisions are bytes, numbers of points.
"""

from __future__ import annotations

import math

import numpy as np
from gnuradio import analog, blocks, digital, fft, filter, gr

from .chain import BYTE, COMPLEX, FLOAT, root_raised_cosine, run


def _decider(points: list[list[float]]) -> digital.constellation_decoder_cb:
    """GNU Radio's decision maker for points [M, 2]."""
    constellation = digital.constellation_calcdist(
        [complex(*point) for point in points], [], 1, 1, digital.constellation.NO_NORMALIZATION
    )
    return digital.constellation_decoder_cb(constellation.base())


def _matched(samples_per_symbol: int, pulse: str, rolloff: float, timing: int) -> list[float]:
    """Taps that give back the symbols of a waveform of unit energy a symbol."""
    if pulse == "rectangle":
        return [1 / samples_per_symbol] * samples_per_symbol
    taps = root_raised_cosine(samples_per_symbol, rolloff, timing)
    return [tap / samples_per_symbol for tap in taps]


def decide(
    source: str,
    sink: str,
    points: list[list[float]],
    samples_per_symbol: int,
    pulse: str,
    rolloff: float,
    timing: int,
) -> None:
    """Matched filter, one sample a symbol, nearest point. The first SPAN decisions are none."""
    taps = _matched(samples_per_symbol, pulse, rolloff, timing)
    run(
        source,
        COMPLEX,
        [filter.fir_filter_ccf(samples_per_symbol, taps), _decider(points)],
        BYTE,
        sink,
    )


def decide_offset(
    source: str,
    sink: str,
    points: list[list[float]],
    samples_per_symbol: int,
    pulse: str,
    rolloff: float,
    timing: int,
) -> None:
    """Like `decide`, for an imaginary part that lags behind by half a symbol."""
    half = samples_per_symbol // 2
    top = gr.top_block()
    matched = filter.fir_filter_ccf(1, _matched(samples_per_symbol, pulse, rolloff, timing))
    parts, joined = blocks.complex_to_float(), blocks.float_to_complex()
    kept = blocks.keep_m_in_n(COMPLEX, 1, samples_per_symbol, half)
    end = blocks.file_sink(BYTE, sink)
    top.connect(blocks.file_source(COMPLEX, source), matched, parts)
    top.connect((parts, 0), blocks.delay(FLOAT, half), (joined, 0))
    top.connect((parts, 1), (joined, 1))
    top.connect(joined, kept, _decider(points), end)
    top.run()
    end.close()


def decide_steps(
    source: str,
    sink: str,
    points: list[list[float]],
    samples_per_symbol: int,
    pulse: str,
    rolloff: float,
    timing: int,
    rotation: float,
) -> None:
    """Matched filter, and from each symbol's turn against the one before the nearest point.

    Args:
        rotation: radians that symbols turn by beside their data.
    """
    chain = [
        filter.fir_filter_ccf(
            samples_per_symbol, _matched(samples_per_symbol, pulse, rolloff, timing)
        ),
        digital.diff_phasor_cc(),
        blocks.multiply_const_cc(complex(math.cos(rotation), -math.sin(rotation))),
        _decider(points),
    ]
    run(source, COMPLEX, chain, BYTE, sink)


def decide_tones(source: str, sink: str, tones: list[float], samples_per_symbol: int) -> None:
    """The strongest of some tones in each symbol, phase unknown: int16 a symbol.

    Args:
        tones: cycles a symbol; the first sample is the last of a symbol.
    """
    top = gr.top_block()
    begin = blocks.file_source(COMPLEX, source)
    joined = blocks.streams_to_vector(FLOAT, len(tones))
    strongest = blocks.argmax_fs(len(tones))
    time = np.arange(samples_per_symbol) / samples_per_symbol
    for number, tone in enumerate(tones):
        taps = list(np.exp(2j * np.pi * tone * time))
        branch = filter.fir_filter_ccc(samples_per_symbol, taps)
        top.connect(begin, branch, blocks.complex_to_mag_squared(), (joined, number))
    end = blocks.file_sink(gr.sizeof_short, sink)
    top.connect(joined, strongest, end)
    top.connect((strongest, 1), blocks.null_sink(gr.sizeof_short))
    top.run()
    end.close()


def discriminate(source: str, sink: str, samples_per_symbol: int, half_band: float) -> None:
    """A channel filter, the frequency, and its mean over a symbol: float a sample, cycles a symbol.

    Args:
        half_band: of the filter, in symbol rates.
    """
    channel = filter.firdes.low_pass(1.0, samples_per_symbol, half_band, 0.5)
    mean = [1 / samples_per_symbol] * samples_per_symbol
    chain = [
        filter.fir_filter_ccf(1, channel),
        analog.quadrature_demod_cf(samples_per_symbol / (2 * math.pi)),
        filter.fir_filter_fff(1, mean),
    ]
    run(source, COMPLEX, chain, FLOAT, sink)


def envelope(source: str, sink: str) -> None:
    """The magnitude: float a sample."""
    run(source, COMPLEX, [blocks.complex_to_mag(1)], FLOAT, sink)


def product(source: str, sink: str) -> None:
    """The part in phase with the carrier: float a sample."""
    run(source, COMPLEX, [blocks.complex_to_real(1)], FLOAT, sink)


def frequency(source: str, sink: str) -> None:
    """The frequency: float a sample, cycles a sample."""
    run(source, COMPLEX, [analog.quadrature_demod_cf(1 / (2 * math.pi))], FLOAT, sink)


def carriers(source: str, sink: str, useful: int, prefix: int) -> None:
    """OFDM's carriers, lowest first: complex64, `useful` a symbol; the first begins the stream."""
    chain = [
        blocks.keep_m_in_n(COMPLEX, useful, useful + prefix, prefix),
        blocks.stream_to_vector(COMPLEX, useful),
        fft.fft_vcc(useful, True, [], True, 1),
        blocks.vector_to_stream(COMPLEX, useful),
    ]
    run(source, COMPLEX, chain, COMPLEX, sink)


def nearest(source: str, sink: str, points: list[list[float]]) -> None:
    """The nearest point of each sample."""
    run(source, COMPLEX, [_decider(points)], BYTE, sink)


RECEIVERS = {
    "decide": decide,
    "decide_offset": decide_offset,
    "decide_steps": decide_steps,
    "decide_tones": decide_tones,
    "discriminate": discriminate,
    "envelope": envelope,
    "product": product,
    "frequency": frequency,
    "carriers": carriers,
    "nearest": nearest,
}
