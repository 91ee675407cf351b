# SPDX-License-Identifier: GPL-3.0-or-later
"""Carriers and analog modulations: against GNU Radio's modulators, and through its demodulators."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from denomae_training.checks import measures
from denomae_training.checks.effort import Effort
from denomae_training.checks.gnu_radio import GnuRadio
from denomae_training.checks.linear import compared
from denomae_training.checks.row import Row, not_run
from denomae_training.signals import analog
from denomae_training.signals.message import MessageRange, draw_message

HILBERT_TAPS = 1025
THEIRS = "GNU Radio's modulator"
VOICE = MessageRange(low_edge=0.1, tone_share=0.0)
BANDWIDTH = 0.08  # of the messages, cycles a sample


def checks(classes: set[str], effort: Effort, gnu_radio: GnuRadio) -> Iterator[Row]:
    """All of them that are among the classes."""
    if "carrier" in classes:
        yield from _carrier(effort)
    for recipe, name, level, index in (
        ("live", "am", 1.0, 0.3),
        ("live", "am", 1.0, 1.0),
        ("radioml24", "am-dsb-wc", 1.0, 0.5),
        ("radioml24", "am-dsb-sc", 0.0, 1.0),
    ):
        if name in classes:
            yield from _double_sideband(recipe, name, level, index, effort, gnu_radio)
    for recipe, name, level in (
        ("live", "ssb", 0.0),
        ("radioml24", "am-ssb-sc", 0.0),
        ("radioml24", "am-ssb-wc", 1.0),
    ):
        if name in classes:
            for upper in (True, False):
                yield from _single_sideband(recipe, name, level, upper, effort, gnu_radio)
    if "fm" in classes:
        for deviation in (0.03, 0.08, 0.2):
            yield from _frequency(deviation, effort, gnu_radio)


def _carrier(effort: Effort) -> Iterator[Row]:
    rng = effort.rng("carrier")
    wave, _ = analog.carrier_modulator()(rng, 4096, (2.0, 32.0))
    detail = "4,096 samples"
    yield Row("live", "carrier", "power (dB)", detail, 10 * math.log10(measures.power(wave)), 0.0,
              "definition", 0.001, "difference")  # fmt: skip
    density = np.abs(np.fft.fft(wave)) ** 2
    others = 10 * math.log10(max((density.sum() - density.max()) / density.sum(), 1e-15))
    yield Row("live", "carrier", "power beside the line (dB)", detail, others, math.nan,
              "definition", -60.0, "limit")  # fmt: skip


def _message(effort: Effort, *names: str) -> np.ndarray:
    count = 4 * effort.symbols
    return draw_message(effort.rng(*names), count, BANDWIDTH, VOICE)


def _double_sideband(
    recipe: str, name: str, level: float, index: float, effort: Effort, gnu_radio: GnuRadio
) -> Iterator[Row]:
    if gnu_radio.missing:
        yield not_run(recipe, name, "waveform and demodulated SNR", gnu_radio.missing)
        return
    message = _message(effort, recipe, name, str(index))
    ours = analog.double_sideband(message, level, index)
    theirs = gnu_radio.call(
        "modulate_am", message.astype(np.float32), np.complex64, carrier=level, index=index
    )
    detail = f"index {index:g}" if level else "no carrier"
    yield from compared(recipe, name, detail, ours, theirs, limit=-80.0)
    if level:
        both = [_depth(wave) for wave in (ours, theirs)]
        yield Row(recipe, name, "modulation index", detail, *both, THEIRS, 0.001)
    receiver = "envelope" if level else "product"
    yield from _demodulated(
        recipe, name, detail, receiver, (ours, theirs), message, effort, gnu_radio
    )


def _single_sideband(
    recipe: str, name: str, level: float, upper: bool, effort: Effort, gnu_radio: GnuRadio
) -> Iterator[Row]:
    if gnu_radio.missing:
        yield not_run(recipe, name, "waveform and demodulated SNR", gnu_radio.missing)
        return
    message = _message(effort, recipe, name)
    ours = analog.single_sideband(message, upper, level * float(message.std()))
    theirs = gnu_radio.call(
        "modulate_ssb",
        message.astype(np.float32),
        np.complex64,
        taps=HILBERT_TAPS,
        upper=upper,
        carrier=level * float(message.std()),
    )
    # the filter's delay, and its start
    late = HILBERT_TAPS // 2
    theirs = theirs[2 * late :]
    ours, message = (part[late : late + len(theirs)] for part in (ours, message))
    detail = ("upper" if upper else "lower") + " sideband" + (", with carrier" if level else "")
    # the low end of the message lies in the transition of GNU Radio's filter
    yield from compared(recipe, name, detail, ours, theirs, limit=-30.0)
    both = [_other_side(wave - wave.mean(), upper) for wave in (ours, theirs)]
    yield Row(recipe, name, "other sideband (dB)", detail, both[0], math.nan,
              f"GNU Radio's: {both[1]:.1f}", -40.0, "limit")  # fmt: skip
    yield from _demodulated(
        recipe, name, detail, "product", (ours, theirs), message, effort, gnu_radio
    )


def _frequency(deviation: float, effort: Effort, gnu_radio: GnuRadio) -> Iterator[Row]:
    recipe, name = "live", "fm"
    if gnu_radio.missing:
        yield not_run(recipe, name, "waveform and demodulated SNR", gnu_radio.missing)
        return
    message = _message(effort, recipe, name, str(deviation))
    ours = analog.frequency_modulated(message, deviation)
    theirs = gnu_radio.call(
        "modulate_fm", message.astype(np.float32), np.complex64, deviation=deviation
    )
    detail = f"peak deviation {deviation:g} cycles a sample, message to {BANDWIDTH:g}"
    yield from compared(recipe, name, detail, ours, theirs, limit=-40.0)
    both = [_peak_deviation(wave) for wave in (ours, theirs)]
    yield Row(recipe, name, "peak deviation (cycles a sample)", detail, *both, THEIRS, 0.01)
    yield from _demodulated(
        recipe, name, detail, "frequency", (ours, theirs), message, effort, gnu_radio
    )


def _demodulated(
    recipe: str,
    name: str,
    detail: str,
    receiver: str,
    waves: tuple[np.ndarray, np.ndarray],
    message: np.ndarray,
    effort: Effort,
    gnu_radio: GnuRadio,
) -> Iterator[Row]:
    """The message's share in the output of GNU Radio's demodulator, at an SNR of 15 dB."""
    rng = effort.rng(recipe, name, detail, "demodulated")
    ratios = []
    for wave in waves:
        level = measures.power(wave) * 10**-1.5
        noisy = wave + measures.white_noise(rng, len(wave), level)
        heard = gnu_radio.call(receiver, noisy.astype(np.complex64), np.float32)
        ratios.append(_message_to_noise(heard, message[: len(heard)]))
    what = f"message over noise behind GNU Radio's {receiver} demodulator (ratio)"
    yield Row(recipe, name, what, f"{detail}, SNR 15 dB", *ratios, THEIRS, 0.1)


def _message_to_noise(heard: np.ndarray, message: np.ndarray) -> float:
    heard, message = _band(heard), _band(message)
    gain = np.dot(heard, message) / np.dot(message, message)
    rest = heard - gain * message
    return float(np.mean((gain * message) ** 2) / np.mean(rest**2))


def _band(audio: np.ndarray) -> np.ndarray:
    """The message's band, without its mean."""
    lines = np.fft.rfft(audio)
    lines[0] = 0
    lines[math.ceil(BANDWIDTH * len(audio)) + 1 :] = 0
    return np.fft.irfft(lines, len(audio))


def _depth(wave: np.ndarray) -> float:
    high, low = np.abs(wave).max(), np.abs(wave).min()
    return float((high - low) / (high + low))


def _peak_deviation(wave: np.ndarray) -> float:
    return float(np.abs(np.angle(wave[1:] * wave[:-1].conj())).max() / (2 * np.pi))


def _other_side(wave: np.ndarray, upper: bool) -> float:
    """Power on the side that should be empty, dB below the whole."""
    frequency, density = measures.spectrum(wave, 4096)
    # a few bins beside 0 belong to both
    empty = frequency < -0.002 if upper else frequency > 0.002
    return 10 * math.log10(max(density[empty].sum() / density.sum(), 1e-15))
