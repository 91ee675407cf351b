# SPDX-License-Identifier: GPL-3.0-or-later
"""Audio-like messages for analog modulations: float64 [length], of peak 1, periodic in `length`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from denomae_training.signals.interpolated import sample_numbers

# Broadcast stereo, ITU-R BS.450: audio to 15 kHz, pilot at 19 kHz, difference around 38 kHz.
STEREO_AUDIO, STEREO_PILOT, STEREO_TOP = 15e3, 19e3, 53e3
STEREO_PILOT_SHARE = (0.08, 0.1)  # of the whole deviation


@dataclass(frozen=True)
class MessageRange:
    """From where messages are drawn.

    Attributes:
        bandwidth: cycles a sample, log-uniform: speech far oversampled to music in a narrow
            channel.
        low_edge: largest, of the bandwidth; audio has no very low frequencies.
        slope: steepest fall above the corner, as a power of frequency in amplitude.
        limiter: where peaks are clipped, in standard deviations, as transmitters do.
        tones: fewest and most, of a message of tones alone; none: noise-like messages only.
        tone_share: of the messages that are tones.
    """

    bandwidth: tuple[float, float] = (0.004, 0.16)
    low_edge: float = 0.1
    slope: float = 1.5
    limiter: tuple[float, float] = (1.5, 4.0)
    tones: tuple[int, int] = (1, 3)
    tone_share: float = 0.2


def period_of(count: int) -> int:
    """A length a quarter longer than `count`, or more, that a fast Fourier transform likes."""
    least = math.ceil(1.25 * count)
    power = 1 << (least - 1).bit_length()
    return next(size for size in (power * part // 8 for part in (5, 6, 7, 8)) if size >= least)


def audio_spectrum(
    rng: np.random.Generator, length: int, bandwidth: float, ranges: MessageRange
) -> np.ndarray:
    """Lines of coloured noise, flat up to a corner and falling above: complex128 [lines + 1]."""
    lines = max(3, math.ceil(bandwidth * length))
    low = int(ranges.low_edge * rng.random() * lines)
    corner = lines * 10 ** -rng.random()
    line = np.maximum(np.arange(lines + 1), corner) / corner
    level = np.exp(-ranges.slope * rng.random() * np.log(line))
    level[: low + 1] = 0.0
    parts = rng.standard_normal((lines + 1, 2)).view(np.complex128)[:, 0]
    return level * parts


def limited(message: np.ndarray, sigmas: float) -> np.ndarray:
    """A message of mean 0, clipped at `sigmas` standard deviations and scaled to a peak of 1."""
    scaled = message * (math.sqrt(len(message) / float(np.dot(message, message))) / sigmas)
    return np.minimum(np.maximum(scaled, -1, out=scaled), 1, out=scaled)


def tones(frequency: np.ndarray, level: np.ndarray, phase: np.ndarray, length: int) -> np.ndarray:
    """A sum of tones of a peak of 1 at most; frequency in cycles a sample, phase in radians."""
    wave = np.zeros(length)
    for at, height, start in zip(frequency, level / level.sum(), phase, strict=True):
        wave += height * cosine(at * sample_numbers(length) + start / (2 * np.pi))
    return wave


def cosine(cycles: np.ndarray) -> np.ndarray:
    """cos(2 pi x) of float64 [length], to single precision: float32 [length]."""
    return np.cos((cycles - np.rint(cycles)).astype(np.float32) * np.float32(2 * np.pi))


def draw_message(
    rng: np.random.Generator, length: int, bandwidth: float, ranges: MessageRange
) -> np.ndarray:
    """Noise-like or, now and then, a few tones. Tones fit whole periods into the length."""
    if ranges.tone_share and rng.random() < ranges.tone_share:
        number = int(rng.integers(ranges.tones[0], ranges.tones[1] + 1))
        cycles = np.round(bandwidth * length * (0.2 + 0.8 * rng.random(number)))
        level = 0.3 + 0.7 * rng.random(number)
        phase = 2 * np.pi * rng.random(number)
        return tones(np.maximum(cycles, 1) / length, level, phase, length)
    low, high = ranges.limiter
    spectrum = audio_spectrum(rng, length, bandwidth, ranges)
    return limited(np.fft.irfft(spectrum, length), low + (high - low) * rng.random())


def stereo_multiplex(
    total: np.ndarray, difference: np.ndarray, top: float, pilot_share: float
) -> np.ndarray:
    """The multiplex of stereo broadcasting: sum, pilot, and difference around twice the pilot.

    Args:
        total, difference: (left + right) / 2 and (left - right) / 2, of peak 1 together.
        top: cycles a sample where the multiplex ends (53 kHz).
        pilot_share: of the peak.
    """
    pilot = sample_numbers(len(total)) * (top * STEREO_PILOT / STEREO_TOP)
    audio = total + difference * cosine(2 * pilot)
    return (1 - pilot_share) * audio + pilot_share * cosine(pilot)
