# SPDX-License-Identifier: GPL-3.0-or-later
"""The modulators of `live11`: samples bit-equal to what the first shipped model was trained on.

They sum every sample's pulses one by one and draw in an order of their own. New recipes use the
modulators of `denomae_training.signals`, which are faster.
"""

from __future__ import annotations

import math

import numpy as np

from denomae_training.signals.constellations import ask
from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import Modulator, draw_samples_per_symbol
from denomae_training.signals.pulses import (
    accumulated,
    gaussian_phase,
    rectangle,
    rectangular_phase,
    root_raised_cosine,
    shaped,
    symbol_times,
    table,
)

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

USABLE_BAND = 0.9  # of the sampled bandwidth: the outer tones of wide FSK must fit in it

ON_OFF = ask(2)


def root_raised_cosine_modulator(points: np.ndarray) -> Modulator:
    """Equiprobable symbols behind a root raised cosine of rolloff 0.15 to 0.5."""

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        sps = draw_samples_per_symbol(rng, *samples_per_symbol)
        timing = rng.random()
        rolloff = round(0.15 + 0.35 * rng.random(), 2)
        whole, row, needed = symbol_times(count, sps, timing)
        symbols = points[rng.integers(len(points), size=needed)]
        waveform = shaped(symbols, whole, row, table(root_raised_cosine, rolloff))
        return waveform, Drawn(samples_per_symbol=sps, timing=timing, rolloff=rolloff)

    return modulate


def on_off_modulator() -> Modulator:
    """Carrier on and off: half of the frames rectangular with finite edges, half shaped."""
    smooth = root_raised_cosine_modulator(ON_OFF)

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        if rng.random() < 0.5:
            return smooth(rng, count, samples_per_symbol)
        sps = draw_samples_per_symbol(rng, *samples_per_symbol)
        timing = rng.random()
        edge = round(0.5 * rng.random(), 2)
        whole, row, needed = symbol_times(count, sps, timing)
        symbols = ON_OFF[rng.integers(2, size=needed)]
        waveform = shaped(symbols, whole, row, table(rectangle, edge))
        return waveform, Drawn(samples_per_symbol=sps, timing=timing, edge=edge)

    return modulate


def two_fsk_modulator() -> Modulator:
    """Rectangular binary FSK, continuous phase, modulation index 0.6 to 2."""

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        index = 0.6 + 1.4 * rng.random()
        low = max(samples_per_symbol[0], (1 + index) / USABLE_BAND)
        sps = draw_samples_per_symbol(rng, low, max(low, samples_per_symbol[1]))
        timing = rng.random()
        waveform = _keyed(rng, count, sps, timing, index, table(rectangular_phase))
        return waveform, Drawn(samples_per_symbol=sps, timing=timing, modulation_index=index)

    return modulate


def gmsk_modulator() -> Modulator:
    """Gaussian minimum shift keying: modulation index 0.5, bandwidth-time product 0.2 to 0.5."""

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        sps = draw_samples_per_symbol(rng, *samples_per_symbol)
        timing = rng.random()
        bandwidth_time = round(0.2 + 0.3 * rng.random(), 2)
        pulse = table(gaussian_phase, bandwidth_time)
        waveform = _keyed(rng, count, sps, timing, 0.5, pulse)
        return waveform, Drawn(samples_per_symbol=sps, timing=timing, bandwidth_time=bandwidth_time)

    return modulate


def _keyed(
    rng: np.random.Generator, count: int, sps: float, timing: float, index: float, pulse: np.ndarray
) -> np.ndarray:
    whole, row, needed = symbol_times(count, sps, timing)
    symbols = (2 * rng.integers(2, size=needed) - 1).astype(np.float32)
    return np.exp(1j * np.pi * index * accumulated(symbols, whole, row, pulse)).astype(np.complex64)


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
