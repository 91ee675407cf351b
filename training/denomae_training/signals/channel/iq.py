# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver's two arms do: unequal gain and phase, and the mixer's DC.

An arm of gain g and phase error p leaves an image of the signal, mirrored in frequency. Image
rejection of direct-conversion receivers is 25 to 40 dB as built and 50 dB and more once corrected
(AD9361 in PlutoSDR and USRP B200: quadrature calibration in the chip). DC stands some 10 to 50 dB
below a well-set signal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from denomae_training.signals.item import Drawn


@dataclass(frozen=True)
class Arms:
    """From where imbalance and DC are drawn.

    Attributes:
        imbalance_share: of the frames, that are unbalanced.
        gain_db, phase_deg: largest difference, either way.
        dc_share: of the frames, with DC.
        dc_db: its power relative to all that the receiver hears.
    """

    imbalance_share: float = 0.4
    gain_db: float = 0.8
    phase_deg: float = 5.0
    dc_share: float = 0.3
    dc_db: tuple[float, float] = (-50.0, -10.0)

    def draw_imbalance(self, rng: np.random.Generator, drawn: Drawn) -> tuple[complex, complex]:
        """Factors of the signal and of its conjugate."""
        if rng.random() >= self.imbalance_share:
            return 1.0, 0.0
        gain_db = self.gain_db * (2 * rng.random() - 1)
        phase_deg = self.phase_deg * (2 * rng.random() - 1)
        drawn.update(imbalance_db=gain_db, imbalance_deg=phase_deg)
        return imbalance(gain_db, phase_deg)

    def draw_dc(self, rng: np.random.Generator, drawn: Drawn) -> complex:
        """The DC of a receiver that hears a power of 1; 0: none."""
        if rng.random() >= self.dc_share:
            return 0.0
        level_db = self.dc_db[0] + (self.dc_db[1] - self.dc_db[0]) * rng.random()
        angle = 2 * math.pi * rng.random()
        drawn.update(dc_db=level_db, dc_phase=angle)
        return 10 ** (level_db / 20) * complex(math.cos(angle), math.sin(angle))


def imbalance(gain_db: float, phase_deg: float) -> tuple[complex, complex]:
    """Factors a, b of y = a x + b conj(x), where Q has that gain and phase error against I.

    y = Re x + j g (Im x cos p - Re x sin p).
    """
    turned = 10 ** (gain_db / 20) * complex(
        math.cos(math.radians(phase_deg)), -math.sin(math.radians(phase_deg))
    )
    return (1 + turned) / 2, (1 - turned.conjugate()) / 2


def unbalanced(signal: np.ndarray, direct: complex, image: complex) -> np.ndarray:
    """direct * x + image * conj(x): complex64 [N]."""
    if not image:
        return signal
    result = np.conj(signal)
    result *= np.complex64(image)
    result += signal * np.complex64(direct)
    return result
