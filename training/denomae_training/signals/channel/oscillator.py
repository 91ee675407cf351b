# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrier offset, drift and phase noise: what two oscillators do to a signal between them.

Offsets: crystals of cheap receivers and of keyed transmitters are wrong by up to 30 to 100 ppm,
those with temperature compensation by 0.5 to 2 ppm (RTL-SDR Blog V3: 1 ppm; USRP B200: 2 ppm): at
433 MHz and 250 kS/s one ppm is 0.0017 cycles a sample. Phase noise: a free oscillator's phase is
a random walk; its linewidth is from millihertz (a synthesizer with -98 dBc/Hz at 10 kHz, as the
R820T's, has 0.05 Hz) to tens of hertz (transmitters without a crystal).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from denomae_training.signals.interpolated import turned
from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import log_uniform

_FINE = np.arange(64)
_KNOT = 16  # samples between two draws of the random walk


@dataclass(frozen=True)
class Oscillator:
    """From where the carrier of a frame is drawn.

    Attributes:
        offset: largest, either way, in cycles a sample.
        drift_share: of the frames, whose offset changes during the frame.
        drift: largest, either way, in cycles a sample and sample.
        noise_share: of the frames, with phase noise.
        linewidth: of it, cycles a sample; uniform in logarithm.
    """

    offset: float = 0.05
    drift_share: float = 0.15
    drift: float = 1e-6
    noise_share: float = 0.5
    linewidth: tuple[float, float] = (1e-8, 3e-5)

    def draw(self, rng: np.random.Generator, count: int, drawn: Drawn) -> np.ndarray:
        """The factor that a frame of `count` samples is multiplied with: complex64 [count]."""
        offset = self.offset * (2 * rng.random() - 1)
        phase = 2 * math.pi * rng.random()
        drawn.update(carrier_offset=offset, phase=phase)
        steady = carrier(count, phase, offset)
        wandering: np.ndarray | None = None
        if rng.random() < self.drift_share:
            drift = drawn["drift"] = self.drift * (2 * rng.random() - 1)
            wandering = bend(count, drift)
        if rng.random() < self.noise_share:
            linewidth = drawn["linewidth"] = log_uniform(rng, *self.linewidth)
            noise = walk(rng, count, linewidth)
            wandering = noise if wandering is None else wandering + noise
        return steady if wandering is None else steady * turned(wandering)


def carrier(count: int, phase: float, offset: float) -> np.ndarray:
    """exp(j (phase + 2 pi offset n)) of unit amplitude: complex64 [count].

    The product of a coarse and a fine turn, each exact: a third of the time of one exponential a
    sample.
    """
    turn = 2j * math.pi * offset
    fine = np.exp(turn * _FINE)
    coarse = np.exp(turn * len(_FINE) * np.arange(-(-count // len(_FINE))) + 1j * phase)
    both = np.multiply.outer(coarse.astype(np.complex64), fine.astype(np.complex64))
    return both.reshape(-1)[:count]


def bend(count: int, drift: float) -> np.ndarray:
    """What a drift adds to the phase, in half turns, none in the frame's middle: float32 [count].

    Args:
        drift: cycles a sample and sample.
    """
    return np.square(np.arange(count, dtype=np.float32) - np.float32(count / 2)) * np.float32(drift)


def walk(rng: np.random.Generator, count: int, linewidth: float) -> np.ndarray:
    """A phase that walks at random, in half turns: float32 [count].

    Its step over n samples has a variance of 2 pi linewidth n square radians (of a Lorentzian line
    of that full width at half maximum). Drawn every 16 samples, with straight lines between.
    """
    knots = -(-count // _KNOT)
    steps = rng.standard_normal(knots, dtype=np.float32)
    steps *= np.float32(math.sqrt(2 * math.pi * linewidth * _KNOT) / math.pi)
    past = np.concatenate([np.zeros(1, np.float32), np.cumsum(steps[:-1], dtype=np.float32)])
    between = np.arange(_KNOT, dtype=np.float32) / _KNOT
    return (past[:, None] + steps[:, None] * between).reshape(-1)[:count]
