# SPDX-License-Identifier: GPL-3.0-or-later
"""An unmodulated carrier, and amplitude, single sideband and frequency modulation of messages."""

from __future__ import annotations

import numpy as np

from denomae_training.signals.interpolated import turned
from denomae_training.signals.item import Drawn
from denomae_training.signals.message import (
    STEREO_AUDIO,
    STEREO_PILOT_SHARE,
    STEREO_TOP,
    MessageRange,
    audio_spectrum,
    draw_message,
    period_of,
    stereo_multiplex,
)
from denomae_training.signals.modulator import Modulator, log_uniform

# One tone on one side is a carrier, and two of them are those of a carrier-less double sideband.
SSB_MESSAGES = MessageRange(bandwidth=(0.01, 0.3), low_edge=0.15, tones=(3, 4), tone_share=0.1)


def double_sideband(message: np.ndarray, carrier: float, index: float = 1.0) -> np.ndarray:
    """Both sidebands of a message: complex64 [length].

    Args:
        message: of peak 1.
        carrier: its amplitude; 0 suppresses it.
        index: peak amplitude of the sidebands; over the carrier's, the modulation index.
    """
    return (carrier + index * message).astype(np.complex64)


def single_sideband(message: np.ndarray, upper: bool, carrier: float = 0.0) -> np.ndarray:
    """One sideband of a message that is periodic in its length: complex64 [length].

    The message and its Hilbert transform in quadrature (exact: no filter's transition).
    """
    length = len(message)
    return one_sided(np.fft.rfft(message)[: (length + 1) // 2], length, upper, carrier)


def one_sided(spectrum: np.ndarray, length: int, upper: bool, carrier: float = 0.0) -> np.ndarray:
    """One sideband of the message whose lines are given: complex64 [length].

    Args:
        spectrum: complex [lines] of `np.fft.rfft(message)`, below half of the sample rate.
    """
    whole = np.zeros(length, dtype=np.complex128)
    np.multiply(spectrum[1:], 2, out=whole[1 : len(spectrum)])
    side = np.fft.ifft(whole).astype(np.complex64)
    if not upper:
        np.conjugate(side, out=side)
    return side + np.complex64(carrier) if carrier else side


def frequency_modulated(message: np.ndarray, deviation: float) -> np.ndarray:
    """A carrier whose frequency is deviation * message cycles a sample: complex64 [length]."""
    cycles = np.add.accumulate(deviation * message)
    cycles -= np.rint(cycles)
    return turned(cycles.astype(np.float32) * np.float32(2))


def carrier_modulator() -> Modulator:
    """A steady tone; its frequency is the channel's offset."""

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        return np.ones(count, dtype=np.complex64), Drawn()

    return modulate


def am_modulator(
    messages: MessageRange | None = None, index: tuple[float, float] = (0.3, 1.0)
) -> Modulator:
    """Double sideband with full carrier.

    Args:
        index: the modulation index; above 0, or it were a carrier.
    """
    messages = messages or MessageRange()

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        bandwidth = log_uniform(rng, *messages.bandwidth)
        depth = index[0] + (index[1] - index[0]) * rng.random()
        message = draw_message(rng, period_of(count), bandwidth, messages)[:count]
        wave = double_sideband(message, 1.0, depth)
        return wave, Drawn(message_bandwidth=bandwidth, modulation_index=depth)

    return modulate


def suppressed_carrier_modulator(messages: MessageRange | None = None) -> Modulator:
    """Double sideband without carrier."""
    messages = messages or MessageRange(tone_share=0.0)

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        bandwidth = log_uniform(rng, *messages.bandwidth)
        message = draw_message(rng, period_of(count), bandwidth, messages)[:count]
        return double_sideband(message, 0.0), Drawn(message_bandwidth=bandwidth)

    return modulate


def ssb_modulator(
    messages: MessageRange = SSB_MESSAGES,
    carrier: tuple[float, float] = (0.0, 0.0),
    limited_share: float = 0.3,
) -> Modulator:
    """One sideband, upper or lower.

    Args:
        carrier: amplitude, relative to the sideband's root mean square.
        limited_share: of the frames, whose message is of tones or passes a limiter; the others
            are noise-like.
    """

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        bandwidth = log_uniform(rng, *messages.bandwidth)
        upper = bool(rng.random() < 0.5)
        level = carrier[0] + (carrier[1] - carrier[0]) * rng.random()
        length = period_of(count)
        if rng.random() < limited_share:
            message = draw_message(rng, length, bandwidth, messages)
            lines = np.fft.rfft(message)[: (length + 1) // 2]
        else:
            lines = audio_spectrum(rng, length, bandwidth, messages)
        lines *= length / (2 * float(np.linalg.norm(lines[1:])))  # a sideband of unit power
        wave = one_sided(lines, length, upper, level)[:count]
        return wave, Drawn(message_bandwidth=bandwidth, upper=float(upper), carrier=level)

    return modulate


def fm_modulator(
    messages: MessageRange | None = None,
    deviation: tuple[float, float] = (0.01, 0.25),
    least_index: float = 0.4,
    stereo_share: float = 0.0,
) -> Modulator:
    """Frequency modulation from narrow to wide.

    Args:
        deviation: of the peak, cycles a sample, log-uniform.
        least_index: of deviation over message bandwidth; below it FM is hard to tell from a
            carrier.
        stereo_share: of the frames, whose message is the multiplex of stereo broadcasting
            (75 kHz of deviation).
    """
    messages = messages or MessageRange()

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        length = period_of(count)
        if stereo_share and rng.random() < stereo_share:
            peak = log_uniform(rng, 0.06, deviation[1])
            bandwidth = peak * STEREO_TOP / 75e3
            message = _draw_stereo(rng, length, bandwidth, messages)
        else:
            bandwidth = log_uniform(rng, *messages.bandwidth)
            peak = log_uniform(rng, max(deviation[0], least_index * bandwidth), deviation[1])
            message = draw_message(rng, length, bandwidth, messages)
        wave = frequency_modulated(message[:count], peak)
        return wave, Drawn(message_bandwidth=bandwidth, peak_deviation=peak)

    return modulate


def _draw_stereo(
    rng: np.random.Generator, length: int, top: float, messages: MessageRange
) -> np.ndarray:
    audio = top * STEREO_AUDIO / STEREO_TOP
    total, difference = (draw_message(rng, length, audio, messages) for _ in range(2))
    width = 0.5 * rng.random()  # how far the two channels differ
    low, high = STEREO_PILOT_SHARE
    share = low + (high - low) * rng.random()
    return stereo_multiplex((1 - width) * total, width * difference, top, share)
