# SPDX-License-Identifier: GPL-3.0-or-later
"""Multipath as a tapped delay line, still or moving.

Echoes of an exponential delay profile with Rayleigh amplitudes beside a steady first path. Delay
spreads of real places (rms): 35 to 100 ns indoors and 45 to 750 ns for a pedestrian, 370 to
4,000 ns for a vehicle (Rec. ITU-R M.1225, table 3 to 5), 0.5 to 5 us on VHF and UHF in towns
and hills (COST 207). At 100 kS/s to 2 MS/s that is from nothing to a few samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import log_uniform

REACH = 5.0  # delay spreads after which an echo is left out: 43 dB below the first


@dataclass(frozen=True)
class Fading:
    """From where the channel of a frame is drawn.

    Attributes:
        share: of the frames, that have echoes.
        delay_spread: rms, samples; uniform in logarithm.
        steady_db: power of the steady path over that of all echoes, dB.
        moving_share: of those frames, whose echoes change during the frame.
        change: how much of an echo's amplitude is another one at the frame's end, 0..1.
    """

    share: float = 0.35
    delay_spread: tuple[float, float] = (0.05, 2.0)
    steady_db: tuple[float, float] = (0.0, 20.0)
    moving_share: float = 0.4
    change: tuple[float, float] = (0.05, 0.6)

    @property
    def longest(self) -> int:
        """Taps that a channel may have."""
        return 1 + math.ceil(REACH * self.delay_spread[1])

    def draw(
        self, rng: np.random.Generator, drawn: Drawn
    ) -> tuple[np.ndarray, np.ndarray | None] | None:
        """Taps complex64 [K] at the frame's begin, and at its end where they move; None: no echo.

        Of unit mean power, taps[0] the first path.
        """
        if rng.random() >= self.share:
            return None
        spread = log_uniform(rng, *self.delay_spread)
        low, high = self.steady_db
        steady_db = low + (high - low) * rng.random()
        drawn.update(delay_spread=spread, steady_db=steady_db)
        echoes = _echoes(rng, spread)
        steady = math.sqrt(10 ** (steady_db / 10))
        begin = _joined(steady, echoes)
        if rng.random() >= self.moving_share:
            return begin, None
        change = self.change[0] + (self.change[1] - self.change[0]) * rng.random()
        drawn["fading_change"] = change
        other = _echoes(rng, spread)
        end = math.sqrt(1 - change**2) * echoes + change * other
        return begin, _joined(steady, end)


def moved(begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A signal that goes from one channel to another along a straight line: complex64 [N].

    Args:
        begin, end: complex64 [N], the signal through each channel alone.
    """
    step = (end - begin).view(np.float32).reshape(-1, 2)
    step *= np.linspace(0, 1, len(begin), dtype=np.float32)[:, None]
    return begin + step.reshape(-1).view(np.complex64)


def _echoes(rng: np.random.Generator, spread: float) -> np.ndarray:
    """Rayleigh taps of an exponential profile of unit power in all: complex [K], the first too."""
    delay = np.arange(1 + math.ceil(REACH * spread))
    power = np.exp(-delay / spread)
    parts = rng.standard_normal((len(delay), 2))
    return (parts[:, 0] + 1j * parts[:, 1]) * np.sqrt(power / (2 * power.sum()))


def _joined(steady: float, echoes: np.ndarray) -> np.ndarray:
    taps = echoes.copy()
    taps[0] += steady
    return (taps / math.sqrt(1 + steady**2)).astype(np.complex64)
