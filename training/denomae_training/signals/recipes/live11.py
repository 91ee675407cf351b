# SPDX-License-Identifier: GPL-3.0-or-later
"""Eleven classes with few impairments: what the first shipped model was trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from denomae_training.signals.constellations import psk, square_qam
from denomae_training.signals.front_end import TAPS, low_pass
from denomae_training.signals.item import Drawn, Item
from denomae_training.signals.modulator import Modulator
from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes.live11_modulators import (
    am_modulator,
    carrier_modulator,
    fm_modulator,
    gmsk_modulator,
    on_off_modulator,
    root_raised_cosine_modulator,
    two_fsk_modulator,
)

MODULATORS: dict[str, Modulator | None] = {
    "noise": None,
    "carrier": carrier_modulator(),
    "am": am_modulator(),
    "fm": fm_modulator(),
    "ook": on_off_modulator(),
    "bpsk": root_raised_cosine_modulator(psk(2)),
    "qpsk": root_raised_cosine_modulator(psk(4)),
    "8psk": root_raised_cosine_modulator(psk(8)),
    "16qam": root_raised_cosine_modulator(square_qam(16)),
    "2fsk": two_fsk_modulator(),
    "gmsk": gmsk_modulator(),
}
FRONT_END_CUTOFF = (0.36, 0.49)  # cycles a sample


@dataclass(frozen=True)
class Live11(Recipe):
    """Ranges are uniform unless their modulator says otherwise."""

    carrier_offset: float = 0.02  # largest, either way, in cycles a sample
    filtered_share: float = 0.5  # of the frames, that pass a receiver's low-pass filter

    def item(self, rng: np.random.Generator, class_index: int, snr_db: float) -> Item:
        offset = self.carrier_offset * (2 * rng.random() - 1)
        phase = 2 * math.pi * rng.random()
        count = self.frame_length
        noise = rng.standard_normal((count, 2), dtype=np.float32).view(np.complex64)[:, 0]
        noise = noise * np.float32(0.5**0.5)
        modulator = MODULATORS[self.classes[class_index]]
        if modulator is None:
            silence = np.zeros(count, dtype=np.complex64)
            return Item(noise, silence, noise, class_index, math.nan, Drawn())
        margin = TAPS - 1
        waveform, drawn = modulator(rng, count + margin, self.samples_per_symbol)
        turned = waveform * np.exp(1j * (2 * math.pi * offset * np.arange(count + margin) + phase))
        if rng.random() < self.filtered_share:
            low, high = FRONT_END_CUTOFF
            cutoff = low + (high - low) * rng.random()
            turned = np.convolve(turned, low_pass(round(cutoff, 3)), mode="valid")
            drawn["front_end_cutoff"] = cutoff
        else:
            turned = turned[:count]
        power = float(np.mean(np.abs(turned) ** 2)) or 1.0
        clean = (turned / math.sqrt(power)).astype(np.complex64)
        noise = (noise * 10 ** (-snr_db / 20)).astype(np.complex64)
        drawn.update(carrier_offset=offset, phase=phase)
        return Item(clean + noise, clean, noise, class_index, snr_db, drawn)


LIVE11 = Live11(
    name="live11",
    classes=tuple(MODULATORS),
    frame_length=1024,
    samples_per_symbol=(2.0, 16.0),
    snr_db=(-10.0, 30.0),
)
# What takes a network longest to tell apart, and only where the noise lets it: a middle stage of
# training. Everything else is drawn often enough not to be forgotten.
_OFTEN = {"qpsk": 4.0, "8psk": 4.0, "fm": 4.0, "gmsk": 3.0, "16qam": 2.0}
HARD = replace(
    LIVE11,
    name="live11_hard",
    snr_db=(5.0, 30.0),
    class_weights=tuple(_OFTEN.get(name, 1.0) for name in LIVE11.classes),
)
