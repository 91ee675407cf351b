# SPDX-License-Identifier: GPL-3.0-or-later
"""An unmodulated carrier, and amplitude and frequency modulation by audio-like messages."""

from __future__ import annotations

import math

import numpy as np

from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import Modulator

MESSAGE_BANDWIDTH = (
    0.004,
    0.16,
)  # cycles a sample: speech far oversampled to music in a narrow channel
PEAK_DEVIATION = (0.01, 0.25)  # cycles a sample
LEAST_INDEX = (
    0.4  # peak deviation over message bandwidth; below it FM is hard to tell from a carrier
)
LOW_EDGE = 0.1  # largest, of the bandwidth; audio has no very low frequencies
LIMITER = (1.5, 4.0)  # where a message is clipped, in standard deviations, as transmitters do


def carrier_modulator() -> Modulator:
    """A steady tone; its frequency is the channel's offset."""

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        return np.ones(count, dtype=np.complex64), Drawn()

    return modulate


def am_modulator() -> Modulator:
    """Double sideband with full carrier, modulation index 0.3 to 1."""

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        bandwidth = _log_uniform(rng, *MESSAGE_BANDWIDTH)
        index = 0.3 + 0.7 * rng.random()
        waveform = (1 + index * _message(rng, count, bandwidth)).astype(np.complex64)
        return waveform, Drawn(message_bandwidth=bandwidth, modulation_index=index)

    return modulate


def fm_modulator() -> Modulator:
    """Frequency modulation from narrow to wide (modulation index from 0.5 up)."""

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        bandwidth = _log_uniform(rng, *MESSAGE_BANDWIDTH)
        least = max(PEAK_DEVIATION[0], LEAST_INDEX * bandwidth)
        deviation = _log_uniform(rng, least, PEAK_DEVIATION[1])
        phase = 2 * np.pi * deviation * np.cumsum(_message(rng, count, bandwidth))
        waveform = np.exp(1j * phase).astype(np.complex64)
        return waveform, Drawn(message_bandwidth=bandwidth, peak_deviation=deviation)

    return modulate


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return low * math.exp(rng.random() * math.log(high / low))


def _message(rng: np.random.Generator, count: int, bandwidth: float) -> np.ndarray:
    """A message of peak 1: three in four times coloured noise, else one to three tones."""
    if rng.random() < 0.25:
        tones = int(rng.integers(1, 4))
        frequency = bandwidth * (0.2 + 0.8 * rng.random(tones))
        start = 2 * np.pi * rng.random(tones)
        level = 0.3 + 0.7 * rng.random(tones)
        time = np.arange(count)
        message = (
            level[:, None] * np.cos(2 * np.pi * frequency[:, None] * time + start[:, None])
        ).sum(0)
        return message / level.sum()
    # Noise, flat up to a corner and falling above it, behind a limiter; twice as long as needed,
    # so that it does not repeat.
    length = 2 * count
    lines = max(3, math.ceil(bandwidth * length))
    low = int(LOW_EDGE * rng.random() * lines)
    corner = lines * 10 ** -rng.random()
    line = np.arange(1, lines + 1)
    level = np.maximum(line / corner, 1) ** (-1.5 * rng.random()) * (line > low)
    spectrum = np.zeros(length // 2 + 1, dtype=np.complex128)
    spectrum[1 : lines + 1] = level * (rng.standard_normal(lines) + 1j * rng.standard_normal(lines))
    message = np.fft.irfft(spectrum, length)
    peak = message.std() * (LIMITER[0] + (LIMITER[1] - LIMITER[0]) * rng.random())
    return np.clip(message[:count] / peak, -1, 1)
