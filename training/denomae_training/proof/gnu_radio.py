# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames by GNU Radio's own modulators through its own channel models; nothing is trained on them.

One transmission gives one frame at each SNR, one behind the other, so that the frames of an SNR are
independent of each other: other symbols, shape, rate, carrier and phase in each.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from denomae_training.checks.gnu_radio import GnuRadio, pairs
from denomae_training.data.source import generator
from denomae_training.signals.constellations import ask, psk, square_qam, unit_power
from denomae_training.signals.modulator import log_uniform
from denomae_training.signals.phase import KEYED, USABLE_BAND

SAMPLES_PER_SYMBOL = (3.0, 16.0)
ROLLOFF = (0.15, 0.5)
OFFSET = 0.02  # largest, of the carrier, cycles a sample
SETTLING = 640  # samples of the output until all filters have filled
NOTHING = np.empty(0, np.uint8)


@dataclass(frozen=True)
class Wanted:
    """One transmission: what draws it, and how many samples its receiver will want."""

    gnu_radio: GnuRadio
    rng: np.random.Generator
    count: int

    def call(self, name: str, samples: np.ndarray = NOTHING, **arguments) -> np.ndarray:
        result = np.float32 if name == "make_message" else np.complex64
        return self.gnu_radio.call(name, samples, result, **arguments)

    def seed(self) -> int:
        """For GNU Radio's sources, which take 0 for the time of day."""
        return int(self.rng.integers(1, 2**31))

    def rate(self, least: float = SAMPLES_PER_SYMBOL[0]) -> tuple[int, float, int]:
        """Samples a symbol at the modulator, a whole and even number; input samples of the channel
        an output sample; and how many symbols there must be."""
        sps = log_uniform(self.rng, least, SAMPLES_PER_SYMBOL[1])
        whole = 2 * math.ceil(sps)
        return whole, whole / sps, math.ceil(self.count / sps) + 64

    def rolloff(self) -> float:
        return round(ROLLOFF[0] + (ROLLOFF[1] - ROLLOFF[0]) * self.rng.random(), 2)

    def message(self, count: int, low: float, high: float) -> np.ndarray:
        limit = 2.0 + self.rng.random()
        seed = self.seed()
        return self.call("make_message", count=count, seed=seed, low=low, high=high, limit=limit)

    def numbers(self, order: int, count: int) -> np.ndarray:
        return self.rng.integers(order, size=count).astype(np.uint8)


Waveform = tuple[np.ndarray, float]  # at the modulator; its samples an output sample


def _packed(kind: str, order: int) -> Callable[[Wanted], Waveform]:
    def make(wanted: Wanted) -> Waveform:
        whole, epsilon, symbols = wanted.rate()
        filling = (
            12 * whole
        )  # symbols: the modulator's filter has 11 symbols for each sample of one
        packed = wanted.numbers(256, math.ceil((filling + symbols) * math.log2(order) / 8))
        wave = wanted.call(
            "modulate_constellation", packed, order=order, kind=kind, samples_per_symbol=whole,
            rolloff=wanted.rolloff(),
        )  # fmt: skip
        return wave[filling * whole :], epsilon

    return make


def _mapped(points: np.ndarray, **more: float) -> Callable[[Wanted], Waveform]:
    def make(wanted: Wanted) -> Waveform:
        whole, epsilon, symbols = wanted.rate()
        numbers = wanted.numbers(len(points), symbols)
        wave = wanted.call(
            "modulate_linear", numbers, points=pairs(unit_power(points)), samples_per_symbol=whole,
            pulse="root_raised_cosine", rolloff=wanted.rolloff(), **more,
        )  # fmt: skip
        return wave, epsilon

    return make


def _on_off(wanted: Wanted) -> Waveform:
    whole, epsilon, symbols = wanted.rate()
    pulse = ("rectangle", "root_raised_cosine")[int(wanted.rng.integers(2))]
    wave = wanted.call(
        "modulate_linear", wanted.numbers(2, symbols), points=pairs(ask(2)),
        samples_per_symbol=whole, pulse=pulse, rolloff=wanted.rolloff(),
    )  # fmt: skip
    return wave, epsilon


def _dvbs2(kind: str) -> Callable[[Wanted], Waveform]:
    def make(wanted: Wanted) -> Waveform:
        whole, epsilon, _ = wanted.rate()
        rates = ("3/4", "4/5", "5/6", "9/10")
        numbers = wanted.numbers(int(kind[:2]), 16_400)  # a frame of the standard and a little
        wave = wanted.call(
            "transmit_dvbs2", numbers, kind=kind, rate=rates[int(wanted.rng.integers(4))],
            samples_per_symbol=whole, rolloff=wanted.rolloff(),
        )  # fmt: skip
        return wave[90 * whole :], epsilon  # behind the standard's header of 90 symbols of BPSK

    return make


def _keyed(name: str, block: str) -> Callable[[Wanted], Waveform]:
    ranges = KEYED[name]

    def make(wanted: Wanted) -> Waveform:
        rng, intervals = wanted.rng, ranges.index
        low, high = intervals[int(rng.integers(len(intervals)))]
        index = low + (high - low) * rng.random()
        outer = max(ranges.levels)
        least = max(SAMPLES_PER_SYMBOL[0], (1 + index * outer) / USABLE_BAND)
        whole, epsilon, symbols = wanted.rate(least)
        levels = np.asarray(ranges.levels, np.int8).take(
            wanted.numbers(len(ranges.levels), symbols)
        )
        width = ranges.bandwidth_time
        chosen = width and round(width[0] + (width[1] - width[0]) * rng.random(), 2)
        wave = wanted.call(
            "modulate_keyed", levels, samples_per_symbol=whole, index=index, bandwidth_time=chosen,
            block=block,
        )  # fmt: skip
        return wave, epsilon

    return make


def _am(wanted: Wanted) -> Waveform:
    high = log_uniform(wanted.rng, 0.02, 0.12)
    message = wanted.message(wanted.count, 0.1 * high, high)
    index = 0.3 + 0.7 * wanted.rng.random()
    return wanted.call("modulate_am", message, carrier=1.0, index=index), 1.0


def _ssb(wanted: Wanted) -> Waveform:
    high = log_uniform(wanted.rng, 0.04, 0.25)
    message = wanted.message(wanted.count + 512, 0.15 * high, high)
    upper = bool(wanted.rng.integers(2))
    return wanted.call("modulate_ssb", message, taps=511, upper=upper)[512:], 1.0


def _fm(wanted: Wanted) -> Waveform:
    if wanted.rng.integers(2):
        message = wanted.message(wanted.count // 6 + 64, 300 / 8_000, 3_000 / 8_000)
        return wanted.call("transmit_fm", message, kind="narrow"), 1.0
    # speech also here, and less of it: pre-emphasis raises what lies above 2 kHz
    message = 0.6 * wanted.message(wanted.count // 10 + 64, 0.01, 4 / 32)
    return wanted.call("transmit_fm", message.astype(np.float32), kind="wide"), 1.0


def _ofdm(wanted: Wanted) -> Waveform:
    oversampling = log_uniform(wanted.rng, 1.15, 4.0)
    data = wanted.numbers(256, 48 * max(2, math.ceil(wanted.count / (560 * oversampling))))
    return wanted.call("transmit_ofdm", data, oversampling=oversampling), 1.0


def _sweeps(wanted: Wanted) -> Waveform:
    period = log_uniform(wanted.rng, 64.0, 1024.0)
    bandwidth = log_uniform(wanted.rng, max(0.1, 16 / period), 0.8)
    sign = 1 if wanted.rng.integers(2) else -1
    call = {"count": wanted.count, "period": period, "bandwidth": sign * bandwidth}
    return wanted.call("transmit_sweeps", **call), 1.0


def _positions(wanted: Wanted) -> Waveform:
    whole, epsilon, symbols = wanted.rate(8.0)  # Mode S has 1 MBd, its receivers 8 MS/s and more
    bits = wanted.numbers(2, symbols)
    return wanted.call("transmit_positions", bits, samples_per_symbol=whole), epsilon


def _carrier(wanted: Wanted) -> Waveform:
    return wanted.call("transmit_carrier", count=wanted.count), 1.0


@dataclass(frozen=True)
class Made:
    """How GNU Radio makes a class: in words, and the call. Noise alone has no call."""

    by: str
    make: Callable[[Wanted], Waveform] | None


_PSK = "digital.generic_mod with digital.psk's points"
_QAM = "digital.generic_mod with digital.qam's points"
_MAPPED = "digital.chunks_to_symbols, root raised cosine"
MADE: dict[str, Made] = {
    "noise": Made("channels.channel_model without a signal", None),
    "carrier": Made("analog.sig_source", _carrier),
    "am": Made("filtered analog.noise_source on a carrier", _am),
    "ssb": Made("filtered analog.noise_source, filter.hilbert_fc", _ssb),
    "fm": Made("analog.nbfm_tx and analog.wfm_tx", _fm),
    "ook": Made("digital.chunks_to_symbols, rectangle or root raised cosine", _on_off),
    "4ask": Made(_MAPPED, _mapped(ask(4))),
    "bpsk": Made(_PSK, _packed("psk", 2)),
    "qpsk": Made(_PSK, _packed("psk", 4)),
    "oqpsk": Made(f"{_MAPPED}, blocks.delay of half a symbol", _mapped(square_qam(4), offset=0.5)),
    "pi4dqpsk": Made(f"{_MAPPED}, blocks.rotator", _mapped(psk(4), rotation=math.pi / 4)),
    "8psk": Made(_PSK, _packed("psk", 8)),
    "16apsk": Made("dtv.dvbs2_modulator", _dvbs2("16apsk")),
    "32apsk": Made("dtv.dvbs2_modulator", _dvbs2("32apsk")),
    "16qam": Made(_QAM, _packed("qam", 16)),
    "64qam": Made(_QAM, _packed("qam", 64)),
    "256qam": Made(_QAM, _packed("qam", 256)),
    "2fsk": Made("digital.cpmmod, analog.cpm.LREC", _keyed("2fsk", "cpmmod")),
    "4fsk": Made("digital.cpmmod, analog.cpm.LREC", _keyed("4fsk", "cpmmod")),
    "gfsk": Made("digital.gfsk_mod", _keyed("gfsk", "gfsk")),
    "gmsk": Made("digital.gmsk_mod", _keyed("gmsk", "gmsk")),
    "ofdm": Made("digital.ofdm_tx", _ofdm),
    "chirp": Made("saw-tooth analog.sig_source, blocks.vco_c", _sweeps),
    "ppm": Made("digital.chunks_to_symbols of two halves, blocks.repeat", _positions),
}


def transmission(
    gnu_radio: GnuRadio,
    name: str,
    seed: int,
    index: int,
    snr_db: tuple[float, ...],
    length: int,
    faded: bool = False,
) -> np.ndarray:
    """One frame of a class at each SNR: complex64 [SNRs, length], at a signal power of 1.

    The SNR is mean signal power of the frame over noise power in the sampled bandwidth; frames of
    the class `noise` are noise alone at each.

    Args:
        faded: also through selective Rice fading, phase noise and an imbalance of the arms.

    Raises:
        DenomaeError: GNU Radio is not there, or failed.
    """
    rng = generator(seed, f"gnu radio {name}", index)
    count = SETTLING + len(snr_db) * length
    wanted = Wanted(gnu_radio, rng, count + 64)  # the channel's resampler keeps some
    noise = wanted.call("make_noise", count=len(snr_db) * length, seed=wanted.seed())
    noise = noise.reshape(len(snr_db), length)
    make = MADE[name].make
    if make is None:
        return noise
    wave, epsilon = make(wanted)
    clean = wanted.call(
        "through_channel", wave[: math.ceil((count + 64) * epsilon)], epsilon=epsilon,
        frequency_offset=OFFSET * (2 * rng.random() - 1), phase=2 * math.pi * rng.random(),
    )  # fmt: skip
    if faded:
        clean = _faded(wanted, clean)
    if len(clean) < count:
        raise ValueError(f"GNU Radio gave {len(clean)} samples of {name}; wanted {count}")
    clean = clean[SETTLING:count].reshape(len(snr_db), length)
    power = np.mean(np.abs(clean) ** 2, axis=1, keepdims=True)
    gain = 10 ** (-np.asarray(snr_db)[:, None] / 20)
    return (clean / np.sqrt(power) + gain * noise).astype(np.complex64)


def _faded(wanted: Wanted, clean: np.ndarray) -> np.ndarray:
    rng = wanted.rng
    return wanted.call(
        "through_fading", clean, doppler=log_uniform(rng, 1e-6, 1e-4), rice=4.0,
        delays=[0.0, 0.5 + rng.random(), 2 + 2 * rng.random()], magnitudes=[1.0, 0.3, 0.1],
        seed=wanted.seed(), phase_noise=0.02 * rng.random(),
        imbalance_db=0.5 * (2 * rng.random() - 1), imbalance_degrees=3 * (2 * rng.random() - 1),
    )  # fmt: skip
