# SPDX-License-Identifier: GPL-3.0-or-later
"""A recipe says how a dataset is made; its item i is a function of (seed, i) alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from denomae_training.signals.analog import am_modulator, carrier_modulator, fm_modulator
from denomae_training.signals.frequency import gmsk_modulator, two_fsk_modulator
from denomae_training.signals.front_end import TAPS, low_pass
from denomae_training.signals.linear import (
    on_off_modulator,
    psk,
    root_raised_cosine_modulator,
    square_qam,
)
from denomae_training.signals.modulator import Drawn, Modulator

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
FAMILIES: dict[str, str] = {
    "noise": "noise",
    "carrier": "carrier",
    "am": "analog",
    "fm": "analog",
    "ook": "ask",
    "bpsk": "psk",
    "qpsk": "psk",
    "8psk": "psk",
    "16qam": "qam",
    "2fsk": "fsk",
    "gmsk": "fsk",
}
FRONT_END_CUTOFF = (0.36, 0.49)  # cycles a sample


@dataclass(frozen=True)
class Recipe:
    """How a dataset is made; ranges are uniform unless their modulator says otherwise."""

    name: str
    classes: tuple[str, ...]
    frame_length: int
    samples_per_symbol: tuple[float, float]
    snr_db: tuple[float, float]
    carrier_offset: float  # largest, either way, in cycles a sample
    filtered_share: float  # of the frames, that pass a receiver's low-pass filter
    class_weights: tuple[float, ...] = ()  # how often each class is drawn; empty: equally often


_LIVE = Recipe(
    name="live",
    classes=tuple(MODULATORS),
    frame_length=1024,
    samples_per_symbol=(2.0, 16.0),
    snr_db=(-10.0, 30.0),
    carrier_offset=0.02,
    filtered_share=0.5,
)
# What takes a network longest to tell apart, and only where the noise lets it: a middle stage of
# training. Everything else is drawn often enough not to be forgotten.
_HARD = {"qpsk": 4.0, "8psk": 4.0, "fm": 4.0, "gmsk": 3.0, "16qam": 2.0}
RECIPES: dict[str, Recipe] = {
    "live": _LIVE,
    "live_hard": replace(
        _LIVE,
        name="live_hard",
        snr_db=(5.0, 30.0),
        class_weights=tuple(_HARD.get(name, 1.0) for name in _LIVE.classes),
    ),
}


@dataclass(frozen=True)
class Item:
    """One frame and its truth: complex64 [N] at one scale; clean is 0 for the class `noise`."""

    noisy: np.ndarray
    clean: np.ndarray
    noise: np.ndarray
    class_index: int
    snr_db: float  # NaN for the class `noise`
    drawn: Drawn


def synthesize(recipe: Recipe, seed: int, index: int) -> Item:
    """Item `index` of a recipe: the same whatever was made before it, in whatever process."""
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, index], dtype=np.uint64)))
    class_index = _draw_class(rng, recipe)
    snr_db = recipe.snr_db[0] + (recipe.snr_db[1] - recipe.snr_db[0]) * rng.random()
    offset = recipe.carrier_offset * (2 * rng.random() - 1)
    phase = 2 * math.pi * rng.random()
    count = recipe.frame_length
    noise = rng.standard_normal((count, 2), dtype=np.float32).view(np.complex64)[:, 0] * np.float32(
        0.5**0.5
    )
    modulator = MODULATORS[recipe.classes[class_index]]
    if modulator is None:
        silence = np.zeros(count, dtype=np.complex64)
        return Item(noise, silence, noise, class_index, math.nan, Drawn())
    margin = TAPS - 1
    waveform, drawn = modulator(rng, count + margin, recipe.samples_per_symbol)
    turned = waveform * np.exp(1j * (2 * math.pi * offset * np.arange(count + margin) + phase))
    if rng.random() < recipe.filtered_share:
        cutoff = FRONT_END_CUTOFF[0] + (FRONT_END_CUTOFF[1] - FRONT_END_CUTOFF[0]) * rng.random()
        turned = np.convolve(turned, low_pass(round(cutoff, 3)), mode="valid")
        drawn["front_end_cutoff"] = cutoff
    else:
        turned = turned[:count]
    power = float(np.mean(np.abs(turned) ** 2)) or 1.0
    clean = (turned / math.sqrt(power)).astype(np.complex64)
    noise = (noise * 10 ** (-snr_db / 20)).astype(np.complex64)
    drawn.update(carrier_offset=offset, phase=phase)
    return Item(clean + noise, clean, noise, class_index, snr_db, drawn)


def _draw_class(rng: np.random.Generator, recipe: Recipe) -> int:
    if not recipe.class_weights:
        return int(rng.integers(len(recipe.classes)))
    edges = np.cumsum(recipe.class_weights)
    return int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
