# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's whole transmitters, and messages for them: complex64 unless said otherwise.

What modulators.py has is given symbols and compared sample by sample; here GNU Radio decides more
itself.
"""

from __future__ import annotations

import math

from gnuradio import analog, blocks, digital, dtv, filter, gr

from .chain import BYTE, COMPLEX, FLOAT, root_raised_cosine, run

# Rates at which GNU Radio's FM transmitters are run, Hz: audio, output, peak deviation. Narrow:
# land mobile radio; wide: broadcasting.
FM = {"narrow": (8_000, 48_000, 5e3), "wide": (32_000, 320_000, 75e3)}
FFT_LENGTH, PREFIX, PACKET = 64, 16, 48  # of GNU Radio's OFDM transmitter: samples, samples, bytes
DVBS2 = {
    "16apsk": dtv.MOD_16APSK,
    "32apsk": dtv.MOD_32APSK,
}
RATES = {"3/4": dtv.C3_4, "4/5": dtv.C4_5, "5/6": dtv.C5_6, "9/10": dtv.C9_10}


def make_message(
    source: str, sink: str, count: int, seed: int, low: float, high: float, limit: float
) -> None:
    """A noise-like message behind a band pass and a limiter: float of a peak of 1.

    Args:
        low, high: edges of the band, cycles a sample.
        limit: where the limiter clips, in standard deviations.
    """
    taps = filter.firdes.band_pass(1.0, 1.0, low, high, low)
    gain = 1 / (limit * math.sqrt(sum(tap * tap for tap in taps)))
    top = gr.top_block()
    end = blocks.file_sink(FLOAT, sink)
    top.connect(
        analog.noise_source_f(analog.GR_GAUSSIAN, 1.0, seed),
        blocks.head(FLOAT, count + len(taps)),
        filter.fir_filter_fff(1, taps),
        blocks.skiphead(FLOAT, len(taps)),
        blocks.multiply_const_ff(gain),
        analog.rail_ff(-1.0, 1.0),
        end,
    )
    top.run()
    end.close()


def transmit_fm(source: str, sink: str, kind: str) -> None:
    """Audio, float, through GNU Radio's FM transmitter of a kind of `FM`, pre-emphasis included."""
    audio, output, deviation = FM[kind]
    if kind == "narrow":
        transmitter = analog.nbfm_tx(audio, output, max_dev=deviation)
    else:
        transmitter = analog.wfm_tx(audio, output, max_dev=deviation)
    run(source, FLOAT, [transmitter], COMPLEX, sink)


def transmit_dvbs2(
    source: str, sink: str, kind: str, rate: str, samples_per_symbol: int, rolloff: float
) -> None:
    """Numbers of points, bytes, through GNU Radio's DVB-S2 modulator and its pulse."""
    modulator = dtv.dvbs2_modulator_bc(
        dtv.FECFRAME_NORMAL, RATES[rate], DVBS2[kind], dtv.INTERPOLATION_OFF
    )
    taps = root_raised_cosine(samples_per_symbol, rolloff)
    shape = filter.interp_fir_filter_ccf(samples_per_symbol, taps)
    run(source, BYTE, [modulator, shape], COMPLEX, sink)


def transmit_ofdm(source: str, sink: str, oversampling: float) -> None:
    """Bytes through GNU Radio's OFDM transmitter: packets with preambles and headers."""
    tag = "length"
    chain = [
        blocks.stream_to_tagged_stream(BYTE, 1, PACKET, tag),
        digital.ofdm_tx(fft_len=FFT_LENGTH, cp_len=PREFIX, packet_length_tag_key=tag),
        filter.pfb.arb_resampler_ccf(oversampling),
    ]
    run(source, BYTE, chain, COMPLEX, sink)


def transmit_sweeps(source: str, sink: str, count: int, period: float, bandwidth: float) -> None:
    """Linear sweeps by an oscillator on a saw tooth.

    Args:
        period: samples a sweep.
        bandwidth: cycles a sample; below 0 they run downwards.
    """
    top = gr.top_block()
    end = blocks.file_sink(COMPLEX, sink)
    top.connect(
        analog.sig_source_f(1.0, analog.GR_SAW_WAVE, 1 / period, bandwidth, -bandwidth / 2),
        blocks.head(FLOAT, count),
        blocks.vco_c(1.0, 2 * math.pi, 1.0),
        end,
    )
    top.run()
    end.close()


def transmit_positions(source: str, sink: str, samples_per_symbol: int) -> None:
    """Bits, bytes, as a pulse in the first (1) or the second half of a symbol."""
    positions = digital.chunks_to_symbols_bc([0, 1, 1, 0], 2)
    chain = [positions, blocks.repeat(COMPLEX, samples_per_symbol // 2)]
    run(source, BYTE, chain, COMPLEX, sink)


def transmit_carrier(source: str, sink: str, count: int) -> None:
    """An unmodulated carrier."""
    top = gr.top_block()
    end = blocks.file_sink(COMPLEX, sink)
    top.connect(
        analog.sig_source_c(1.0, analog.GR_CONST_WAVE, 0, 1.0), blocks.head(COMPLEX, count), end
    )
    top.run()
    end.close()


TRANSMITTERS = {
    "make_message": make_message,
    "transmit_fm": transmit_fm,
    "transmit_dvbs2": transmit_dvbs2,
    "transmit_ofdm": transmit_ofdm,
    "transmit_sweeps": transmit_sweeps,
    "transmit_positions": transmit_positions,
    "transmit_carrier": transmit_carrier,
}
