# SPDX-License-Identifier: GPL-3.0-or-later
"""Another transmission beside the signal, inside the sampled band."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from denomae_training.signals.channel.oscillator import carrier
from denomae_training.signals.definitions import Linear
from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import log_uniform
from denomae_training.signals.modulators import MODULATORS, definition

NEIGHBOURS = ("carrier", "qpsk", "2fsk", "gmsk", "ook", "16qam")
_GUARD = 0.02  # cycles a sample between the two
_EDGE = 0.49  # the sampled band's, less the receiver's filter


@dataclass(frozen=True)
class Adjacent:
    """From where a neighbour is drawn.

    Attributes:
        share: of the frames whose signal leaves room, that have one.
        width: of its band, cycles a sample; uniform in logarithm.
        level_db: its power relative to the signal's.
    """

    share: float = 0.2
    width: tuple[float, float] = (0.02, 0.15)
    level_db: tuple[float, float] = (-20.0, 6.0)

    def draw(
        self, rng: np.random.Generator, count: int, half_band: float | None, drawn: Drawn
    ) -> np.ndarray | None:
        """The neighbour of a signal of unit power, complex64 [count]; None: there is none.

        Args:
            half_band: from the band's middle to the edge of the signal, its offset included,
                cycles a sample; None: the signal may be anywhere.
        """
        if half_band is None or rng.random() >= self.share:
            return None
        width = log_uniform(rng, *self.width)
        nearest, farthest = half_band + _GUARD + width / 2, _EDGE - width / 2
        if nearest > farthest:
            return None
        name = NEIGHBOURS[int(rng.random() * len(NEIGHBOURS))]
        modulator = MODULATORS[name]
        assert modulator is not None
        wave, own = modulator(rng, count, (1.5 / width, 1.5 / width))
        # what the modulator made may be wider than what was asked for: keep to the band's edge
        reach = half_band_of(name, own) or 0.0
        nearest, farthest = half_band + _GUARD + reach, _EDGE - reach
        if nearest > farthest:
            return None
        place = nearest + (farthest - nearest) * rng.random()
        frequency = place if rng.random() < 0.5 else -place
        level_db = self.level_db[0] + (self.level_db[1] - self.level_db[0]) * rng.random()
        drawn.update(
            adjacent_class=NEIGHBOURS.index(name), adjacent_offset=frequency, adjacent_db=level_db
        )
        power = np.vdot(wave, wave).real / count or 1.0
        gain = 10 ** (level_db / 20) / math.sqrt(power)
        phase = 2 * math.pi * rng.random()
        neighbour = wave * carrier(count, phase, frequency)
        neighbour.view(np.float32)[...] *= np.float32(gain)
        return neighbour


def half_band_of(name: str, drawn: Drawn) -> float | None:
    """Half of the band that most of a waveform's power lies in, cycles a sample; None: unknown.

    Linear: half of (1 + rolloff) symbol rates, a rectangle's to its second zero. Keyed
    frequency: Carson's rule.
    """
    if name in ("noise", "carrier"):
        return 0.0
    found = definition(name, drawn)
    if found is None:
        return drawn["message_bandwidth"] if name == "am" else None
    rate = 1 / drawn["samples_per_symbol"]
    if isinstance(found, Linear):
        return 2 * rate if found.pulse == "rectangle" else 0.5 * rate * (1 + (found.rolloff or 0))
    return 0.5 * rate * (1 + (found.index or 0) * max(found.levels))
