# SPDX-License-Identifier: GPL-3.0-or-later
"""Modulations whose waveform is a sum of shaped symbols: on-off keying, PSK, QAM."""

from __future__ import annotations

import numpy as np

from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import Modulator, draw_samples_per_symbol
from denomae_training.signals.pulses import (
    rectangle,
    root_raised_cosine,
    shaped,
    symbol_times,
    table,
)


def psk(order: int) -> np.ndarray:
    """Points of phase shift keying on the unit circle: complex64 [order]."""
    return np.exp(2j * np.pi * np.arange(order) / order).astype(np.complex64)


def square_qam(order: int) -> np.ndarray:
    """Points of square QAM: complex64 [order]."""
    side = round(order**0.5)
    level = 2 * np.arange(side) - side + 1
    return (level[:, None] + 1j * level[None, :]).reshape(-1).astype(np.complex64)


ON_OFF = np.array([0, 1], dtype=np.complex64)


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
