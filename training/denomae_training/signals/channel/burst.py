# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmissions that begin or end inside the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import log_uniform


@dataclass(frozen=True)
class Burst:
    """From where a burst is drawn.

    Attributes:
        share: of the frames, of which only a part has the signal.
        least: of the frame, that the signal fills.
        ramp: samples that it takes to rise or fall, uniform in logarithm.
    """

    share: float = 0.15
    least: float = 0.4
    ramp: tuple[float, float] = (1.0, 64.0)

    def draw(
        self, rng: np.random.Generator, count: int, drawn: Drawn
    ) -> tuple[int, int, float] | None:
        """First sample, one behind the last, and the ramp; None: the whole frame.

        Equally often it begins inside, ends inside, or does both.
        """
        if rng.random() >= self.share:
            return None
        length = round(count * (self.least + (1 - self.least) * rng.random()))
        which = int(rng.random() * 3)
        begin = (0, count - length, int(rng.random() * (count - length + 1)))[which]
        ramp = log_uniform(rng, *self.ramp)
        drawn.update(burst_begin=begin, burst_end=begin + length, burst_ramp=ramp)
        return begin, begin + length, ramp


def cut(signal: np.ndarray, begin: int, end: int, ramp: float) -> np.ndarray:
    """The signal from `begin` to `end`, rising and falling along raised cosines: complex64 [N].

    An edge that lies at the frame's own edge is none.
    """
    result = np.zeros_like(signal)
    result[begin:end] = signal[begin:end]
    length = min(max(1, round(ramp)), (end - begin) // 2)
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
    if begin > 0:
        result[begin : begin + length] *= rise
    if end < len(signal):
        result[end - length : end] *= rise[::-1]
    return result
