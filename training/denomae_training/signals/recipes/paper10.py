# SPDX-License-Identifier: GPL-3.0-or-later
"""The published generator of DenoMAE (arXiv 2501.11538), faults included.

Ten classes of 1,024 independent symbols at one sample a symbol, without a pulse; only GMSK is
shaped, at 8 samples a symbol, so that its frames have 8,192 samples. As published, 4ask and 4pam
are one waveform, cpfsk and gfsk are another, nothing is brought to one power, and oqpsk is dqpsk
2.193 times as strong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from denomae_training.signals.item import Drawn, Item
from denomae_training.signals.recipe import Recipe

SYMBOLS = 1024
GMSK_SAMPLES_PER_SYMBOL = 8
GMSK_SPAN = 4  # symbols on either side of the middle of its filter
PHASE_NOISE = 1e-4  # radians: of each sample, and of the slope of a drift, a sample
LOW_SNR_DB = (-20.0, -11.0)  # the range that the paper extrapolates to

_QUARTERS = np.array([1, 1j, -1, -1j])
# The published points of OQPSK leave out the j before pi / 4, which makes a strength of a turn.
_OQPSK = {
    "published": _QUARTERS * math.exp(math.pi / 4),
    "rotated": _QUARTERS * np.exp(0.25j * np.pi),
}


def _levels(count: int) -> np.ndarray:
    return np.arange(1 - count, count, 2).astype(complex)


_POINTS: dict[str, np.ndarray] = {
    "ook": np.array([0, 1], dtype=complex),
    "4ask": _levels(4),
    "8ask": _levels(8),
    "cpfsk": np.array([1j, -1j]),
    "gfsk": np.array([1j, -1j]),
    "4pam": _levels(4),
    "dqpsk": _QUARTERS,
    "16pam": _levels(16),
}
CLASSES = ("ook", "4ask", "8ask", "oqpsk", "cpfsk", "gfsk", "4pam", "dqpsk", "16pam", "gmsk")


@dataclass(frozen=True)
class Paper10(Recipe):
    """The published generator, and a switch for each of its faults.

    Attributes:
        power: `published` leaves every class at its own power, which gives it away; `unit` scales
            each frame to unit mean power.
        oqpsk: `published`, or `rotated` by 45 degrees as its authors meant it, of amplitude 1.
        signals: the signal modalities show the `real` part alone, as published, or `both`.
    """

    power: Literal["published", "unit"] = "published"
    oqpsk: Literal["published", "rotated"] = "published"
    signals: Literal["real", "both"] = "real"

    @property
    def power_normalisation(self) -> Literal["unit", "none"]:
        return "unit" if self.power == "unit" else "none"

    def points(self, name: str) -> np.ndarray:
        """The points of a class without a pulse, before any scaling: complex128 [M]."""
        return _OQPSK[self.oqpsk] if name == "oqpsk" else _POINTS[name]

    def item(self, rng: np.random.Generator, class_index: int, snr_db: float) -> Item:
        name = self.classes[class_index]
        if name == "gmsk":
            clean = np.exp(1j * gmsk_phase(rng.integers(2, size=SYMBOLS)))
        else:
            points = self.points(name)
            clean = points[rng.integers(len(points), size=SYMBOLS)]
        slope = PHASE_NOISE * rng.standard_normal()
        jitter = PHASE_NOISE * rng.standard_normal(len(clean))
        clean = clean * np.exp(1j * (jitter + slope * np.arange(len(clean))))
        power = float(np.mean(np.abs(clean) ** 2)) or 1.0
        scale = power**-0.5 if self.power == "unit" else 1.0
        deviation = scale * math.sqrt(power / 2) * 10 ** (-snr_db / 20)
        noise = rng.standard_normal((len(clean), 2), dtype=np.float32).view(np.complex64)[:, 0]
        noise = (deviation * noise).astype(np.complex64)
        clean = (scale * clean).astype(np.complex64)
        drawn = Drawn(phase_slope=slope, power=power)
        return Item(clean + noise, clean, noise, class_index, snr_db, drawn)

    def signal(self, waveform: np.ndarray) -> np.ndarray:
        """Longer frames are interpolated linearly to the frame length, end to end."""
        if len(waveform) != self.frame_length:
            place = np.linspace(0, len(waveform) - 1, self.frame_length)
            waveform = np.interp(place, np.arange(len(waveform)), waveform).astype(np.complex64)
        return waveform.real.astype(np.complex64) if self.signals == "real" else waveform


def gmsk_filter() -> np.ndarray:
    """The published "Gaussian" filter, in truth a windowed sinc: float64 [65], of sum 1."""
    span, rate = GMSK_SPAN, GMSK_SAMPLES_PER_SYMBOL
    time = np.arange(-span * rate, span * rate + 1) / rate
    taps = np.sinc(time) * np.hamming(len(time))
    return taps / taps.sum()


def gmsk_phase(bits: np.ndarray) -> np.ndarray:
    """Phase of the published GMSK: radians, float64 [8 B] for bits 0 or 1, int [B].

    The step of pi / 2 is one of each *sample*, so a bit of 1 turns the phase by two whole turns.
    """
    frequency = np.convolve(np.repeat(bits, GMSK_SAMPLES_PER_SYMBOL), gmsk_filter(), mode="same")
    return 0.5 * np.pi * np.cumsum(frequency)


PAPER10 = Paper10(
    name="paper10",
    classes=CLASSES,
    frame_length=SYMBOLS,
    samples_per_symbol=(1.0, 8.0),
    snr_db=(-10.0, 10.0),
)
NO_POWER = replace(PAPER10, name="paper10_no_power", power="unit", oqpsk="rotated")
