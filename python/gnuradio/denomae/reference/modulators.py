# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's modulators: waveforms, complex64, of given symbols or messages."""

from __future__ import annotations

import math

from gnuradio import analog, blocks, digital, fft, filter, gr

from .chain import BYTE, COMPLEX, FLOAT, root_raised_cosine, run


def modulate_linear(
    source: str,
    sink: str,
    points: list[list[float]],
    samples_per_symbol: int,
    pulse: str,
    rolloff: float,
    rotation: float = 0.0,
    offset: float = 0.0,
) -> None:
    """Numbers of points, bytes, through a pulse.

    Args:
        rotation: radians a symbol.
        offset: symbols by which the imaginary part lags.
    """
    if pulse == "rectangle":
        taps = [1.0] * samples_per_symbol
    else:
        taps = root_raised_cosine(samples_per_symbol, rolloff)
    top = gr.top_block()
    end = blocks.file_sink(COMPLEX, sink)
    shaped = filter.interp_fir_filter_ccf(samples_per_symbol, taps)
    parts, joined = blocks.complex_to_float(), blocks.float_to_complex()
    top.connect(
        blocks.file_source(BYTE, source),
        digital.chunks_to_symbols_bc([complex(*point) for point in points]),
        blocks.rotator_cc(rotation),
        shaped,
        parts,
    )
    top.connect((parts, 0), (joined, 0))
    top.connect((parts, 1), blocks.delay(FLOAT, round(offset * samples_per_symbol)), (joined, 1))
    top.connect(joined, end)
    top.run()
    end.close()


def modulate_constellation(
    source: str, sink: str, order: int, kind: str, samples_per_symbol: int, rolloff: float
) -> None:
    """Packed bytes through GNU Radio's Constellation Modulator with its own points.

    Args:
        kind: psk or qam.
    """
    if kind == "psk":
        constellation = digital.psk.psk_constellation(order)
    else:
        constellation = digital.qam.qam_constellation(order, False)
    modulator = digital.generic_mod(
        constellation, False, samples_per_symbol, True, rolloff, False, False
    )
    run(source, BYTE, [modulator], COMPLEX, sink)


def modulate_keyed(
    source: str,
    sink: str,
    samples_per_symbol: int,
    index: float,
    bandwidth_time: float | None = None,
    block: str = "cpmmod",
) -> None:
    """Levels, signed bytes, through keyed frequency of continuous phase.

    Args:
        block: cpmmod takes any levels; gfsk and gmsk take -1 and 1 alone.
    """
    if block == "cpmmod":
        kind = analog.cpm.LREC if bandwidth_time is None else analog.cpm.GAUSSIAN
        length = 1 if bandwidth_time is None else 6
        modulator = digital.cpmmod_bc(
            kind, index, samples_per_symbol, length, bandwidth_time or 0.3
        )
        run(source, BYTE, [modulator], COMPLEX, sink)
        return
    if block == "gmsk":
        modulator = digital.gmsk_mod(samples_per_symbol, bandwidth_time, do_unpack=False)
    else:
        sensitivity = math.pi * index / samples_per_symbol
        modulator = digital.gfsk_mod(
            samples_per_symbol, sensitivity, bandwidth_time, do_unpack=False
        )
    # these want bits, one a byte
    to_bits = [blocks.add_const_bb(1), blocks.char_to_float(1, 2.0), blocks.float_to_char(1, 1.0)]
    run(source, BYTE, [*to_bits, modulator], COMPLEX, sink)


def modulate_am(source: str, sink: str, carrier: float, index: float) -> None:
    """A message, float, on both sides of a carrier."""
    run(
        source,
        FLOAT,
        [blocks.multiply_const_ff(index), blocks.add_const_ff(carrier), blocks.float_to_complex()],
        COMPLEX,
        sink,
    )


def modulate_ssb(source: str, sink: str, taps: int, upper: bool, carrier: float = 0.0) -> None:
    """A message, float, on one side: GNU Radio's Hilbert filter, which delays by taps // 2."""
    chain = [filter.hilbert_fc(taps)]
    if not upper:
        chain.append(blocks.conjugate_cc())
    chain.append(blocks.add_const_cc(carrier))
    run(source, FLOAT, chain, COMPLEX, sink)


def modulate_fm(source: str, sink: str, deviation: float) -> None:
    """A message, float, as frequency.

    Args:
        deviation: cycles a sample for a message of 1.
    """
    run(source, FLOAT, [analog.frequency_modulator_fc(2 * math.pi * deviation)], COMPLEX, sink)


def modulate_ofdm(source: str, sink: str, useful: int, prefix: int, numbers: list[int]) -> None:
    """Values of carriers, complex64, one symbol's after another's.

    Args:
        numbers: of the carriers in use; 0 is the middle of the band.
    """
    tag = "length"
    chain = [
        blocks.stream_to_tagged_stream(COMPLEX, 1, len(numbers), tag),
        digital.ofdm_carrier_allocator_cvc(useful, [numbers], [[]], [[]], [], tag),
        fft.fft_vcc(useful, False, [], True, 1),
        digital.ofdm_cyclic_prefixer(useful, useful + prefix, 0, tag),
    ]
    run(source, COMPLEX, chain, COMPLEX, sink)


MODULATORS = {
    "modulate_linear": modulate_linear,
    "modulate_constellation": modulate_constellation,
    "modulate_keyed": modulate_keyed,
    "modulate_am": modulate_am,
    "modulate_ssb": modulate_ssb,
    "modulate_fm": modulate_fm,
    "modulate_ofdm": modulate_ofdm,
}
