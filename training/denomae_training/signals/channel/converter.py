# SPDX-License-Identifier: GPL-3.0-or-later
"""The analog-to-digital converter: it clips, and it counts in steps.

8 bits in RTL-SDR and HackRF, 12 in PlutoSDR, Airspy and USRP B200, 14 to 16 in larger receivers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from denomae_training.signals.item import Drawn


@dataclass(frozen=True)
class Converter:
    """From where a frame's converter is drawn.

    Attributes:
        bits: of the converters, equally often.
        level_db: rms of what arrives, dB of full scale, where the gain is set by a careful hand.
        overload_share: of the frames, whose gain is too high.
        overload_db: their level.
    """

    bits: tuple[int, ...] = (8, 12, 16)
    level_db: tuple[float, float] = (-36.0, -9.0)
    overload_share: float = 0.06
    overload_db: tuple[float, float] = (-4.0, 6.0)

    def draw(self, rng: np.random.Generator, drawn: Drawn) -> tuple[int, float]:
        """Bits, and the level in dB of full scale."""
        bits = self.bits[int(rng.random() * len(self.bits))]
        overloaded = rng.random() < self.overload_share
        low, high = self.overload_db if overloaded else self.level_db
        level_db = low + (high - low) * rng.random()
        drawn.update(bits=bits, level_db=level_db)
        return bits, level_db


def converted(signal: np.ndarray, power: float, bits: int, level_db: float) -> np.ndarray:
    """A signal behind a converter, at the scale that it came with: complex64 [N].

    Args:
        signal: complex64 [N].
        power: its mean power.
        bits: steps of 2 / 2^bits over -1..1 in I and in Q each, rounded to the nearest.
        level_db: its rms in dB of full scale 1.
    """
    gain = 10 ** (level_db / 20) / power**0.5
    steps = 2 ** (bits - 1)
    parts = signal.view(np.float32) * np.float32(gain * steps)
    np.rint(parts, out=parts)
    np.maximum(parts, np.float32(-steps), out=parts)
    np.minimum(parts, np.float32(steps - 1), out=parts)
    parts *= np.float32(1 / (gain * steps))
    return parts.view(np.complex64)
