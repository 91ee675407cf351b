# SPDX-License-Identifier: GPL-3.0-or-later
"""What a modulator is: a function that draws its parameters and returns a waveform with them."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from denomae_training.signals.item import Drawn


class Modulator(Protocol):
    def __call__(
        self, rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]
    ) -> tuple[np.ndarray, Drawn]:
        """Draw a waveform of `count` samples: complex [count] at any power, and what was drawn."""


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number uniform in logarithm: each octave is met equally often; `low` of an empty range."""
    return low * math.exp(rng.random() * math.log(high / low)) if high > low else low


draw_samples_per_symbol = log_uniform


def draw_numbers(rng: np.random.Generator, order: int, size: int) -> np.ndarray:
    """Equiprobable numbers of symbols, 0 .. order - 1: uint8 [size]; order a power of 2 <= 256.

    From the generator's raw bytes: a fifth of the time that `integers` takes for a frame.
    """
    raw = rng.bit_generator.random_raw((size + 7) // 8).view(np.uint8)
    return np.bitwise_and(raw[:size], order - 1, dtype=np.uint8, casting="unsafe")
