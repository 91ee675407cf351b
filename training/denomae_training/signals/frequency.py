# SPDX-License-Identifier: GPL-3.0-or-later
"""Modulations of the phase: frequency shift keying of continuous phase, plain and Gaussian."""

from __future__ import annotations

import numpy as np

from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import Modulator, draw_samples_per_symbol
from denomae_training.signals.pulses import (
    accumulated,
    gaussian_phase,
    rectangular_phase,
    symbol_times,
    table,
)

USABLE_BAND = 0.9  # of the sampled bandwidth: the outer tones of wide FSK must fit in it


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
