# SPDX-License-Identifier: GPL-3.0-or-later
"""A recipe says how a dataset is made; its item i is a function of (seed, i) alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from denomae_training.signals.families import FAMILIES
from denomae_training.signals.item import Item


@dataclass(frozen=True)
class Recipe(ABC):
    """How a dataset is made. Each kind of recipe is a subclass with its own ranges.

    Attributes:
        name: by which commands find it.
        classes: in their order.
        frame_length: samples in a frame; a recipe may make longer items, see `signal`.
        samples_per_symbol: from, to.
        snr_db: from, to; drawn uniformly.
        class_weights: how often each class is drawn; empty: equally often.
    """

    name: str
    classes: tuple[str, ...]
    frame_length: int
    samples_per_symbol: tuple[float, float]
    snr_db: tuple[float, float]
    class_weights: tuple[float, ...] = ()

    @property
    def families(self) -> dict[str, str]:
        """Class to family."""
        return {name: FAMILIES[name] for name in self.classes}

    @property
    def power_normalisation(self) -> Literal["unit", "none"]:
        """How a model's inputs are scaled: each frame to unit mean power, or not at all."""
        return "unit"

    @property
    def synthesizes(self) -> Recipe:
        """The recipe that makes the frames: this one, unless it only adds classes to another."""
        return self

    @abstractmethod
    def item(self, rng: np.random.Generator, class_index: int, snr_db: float) -> Item:
        """A frame of a class at an SNR, all else drawn from `rng`."""

    def signal(self, waveform: np.ndarray) -> np.ndarray:
        """What the signal modalities show of a waveform of an item: complex64 [frame_length].

        Images show all of its samples.
        """
        return waveform


def synthesize(recipe: Recipe, seed: int, index: int) -> Item:
    """Item `index` of a recipe: the same whatever was made before it, in whatever process."""
    recipe = recipe.synthesizes
    rng = np.random.Generator(np.random.Philox(_Key(seed, index)))
    class_index = _draw_class(rng, recipe)
    snr_db = recipe.snr_db[0] + (recipe.snr_db[1] - recipe.snr_db[0]) * rng.random()
    return recipe.item(rng, class_index, snr_db)


def drawn_class(recipe: Recipe, seed: int, index: int) -> int:
    """The class index of item `index`, without making it."""
    rng = np.random.Generator(np.random.Philox(_Key(seed, index)))
    return _draw_class(rng, recipe.synthesizes)


class _Key(ISeedSequence):
    """The key of a Philox generator. Given as `key=`, numpy would also ask the system for entropy
    that it then does not use, which takes longer than a short frame's symbols."""

    def __init__(self, seed: int, index: int) -> None:
        self.words = np.array([seed, index], dtype=np.uint64)

    def generate_state(self, n_words: int, dtype: type = np.uint64) -> np.ndarray:
        return self.words


def _draw_class(rng: np.random.Generator, recipe: Recipe) -> int:
    if not recipe.class_weights:
        return int(rng.integers(len(recipe.classes)))
    edges = np.cumsum(recipe.class_weights)
    return int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
