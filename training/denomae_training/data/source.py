# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the frames of a run come from: a recipe, labelled recordings, or a mixture of them."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from denomae.errors import DenomaeError
from denomae_training.signals.dataset import Batch, collect
from denomae_training.signals.item import Item
from denomae_training.signals.recipe import Recipe, synthesize


@dataclass(frozen=True)
class Recorded:
    """A frame cut from a recording: nobody knows its clean part.

    Attributes:
        noisy: complex64 [N], at the recording's own power.
        class_index: in the recipe's order of classes.
        snr_db: NaN where the recording does not say it.
    """

    noisy: np.ndarray
    class_index: int
    snr_db: float


class Source(ABC):
    """Frames without end: item i of a seed is the same whatever was made before it, and wherever.

    Attributes:
        recipe: whose classes, frame length and scaling the frames have.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    @property
    @abstractmethod
    def classes(self) -> frozenset[str]:
        """Those of the recipe's classes that its frames may be of."""

    @abstractmethod
    def items(self, seed: int, indices: Sequence[int]) -> list[Item | Recorded]:
        """The items of these numbers, in this order."""

    def batch(self, seed: int, first: int, size: int) -> Batch:
        """Items first .. first + size - 1. It has "noisy" alone where one of them is recorded."""
        return collect(self.items(seed, range(first, first + size)), self.recipe)


class Synthesized(Source):
    """A recipe's own frames; item i is `synthesize(recipe, seed, i)`."""

    @property
    def classes(self) -> frozenset[str]:
        weights = self.recipe.class_weights or [1.0] * len(self.recipe.classes)
        return frozenset(n for n, w in zip(self.recipe.classes, weights, strict=True) if w > 0)

    def items(self, seed: int, indices: Sequence[int]) -> list[Item | Recorded]:
        return [synthesize(self.recipe, seed, index) for index in indices]


class Mixed(Source):
    """Each item is drawn from one of several sources, by weight."""

    def __init__(self, sources: Sequence[Source], weights: Sequence[float]) -> None:
        """
        Args:
            sources: of one recipe.
            weights: how often an item is of each, above 0; their sum is free.

        Raises:
            DenomaeError: weights that are none, sources of several recipes, or a class of the
                recipe that none of them has.
        """
        if len(weights) != len(sources) or not sources or not all(0 < w < np.inf for w in weights):
            raise DenomaeError(
                f"{len(sources)} sources have the weights {list(weights)}, wanted a number above 0"
                " for each"
            )
        super().__init__(sources[0].recipe)
        if any(source.recipe != self.recipe for source in sources):
            names = [source.recipe.name for source in sources]
            raise DenomaeError(f"sources of the recipes {names} do not mix, wanted one recipe")
        self._sources = tuple(sources)
        self._edges = np.cumsum(weights) / np.sum(weights)
        missing = [name for name in self.recipe.classes if name not in self.classes]
        if missing:
            raise DenomaeError(
                f"no source has a frame of {', '.join(missing)}, which the recipe"
                f" {self.recipe.name} knows; add recordings of it, or synthesized frames"
            )

    @property
    def classes(self) -> frozenset[str]:
        return frozenset().union(*(source.classes for source in self._sources))

    def items(self, seed: int, indices: Sequence[int]) -> list[Item | Recorded]:
        which = [self._draw(seed, index) for index in indices]
        found: dict[int, Item | Recorded] = {}
        for number, source in enumerate(self._sources):
            places = [place for place, drawn in enumerate(which) if drawn == number]
            if places:  # at once: recordings are read in their order then
                made = source.items(seed, [indices[place] for place in places])
                found.update(zip(places, made, strict=True))
        return [found[place] for place in range(len(which))]

    def _draw(self, seed: int, index: int) -> int:
        drawn = generator(seed, "mixture", index).random()
        return min(int(np.searchsorted(self._edges, drawn, side="right")), len(self._sources) - 1)


def generator(seed: int, purpose: str, index: int) -> np.random.Generator:
    """Random numbers of one item for one purpose; those of its synthesis are others."""
    digest = hashlib.blake2b(f"{purpose} {seed}".encode(), digest_size=8).digest()
    key = np.array([int.from_bytes(digest, "little"), index], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
