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
from denomae_training.signals.recipe import Recipe, drawn_class, synthesize

_LOOKED_AT = 1000  # items at once, for a label budget


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
    """Frames: item i of a seed is the same whatever was made before it, and wherever.

    Attributes:
        recipe: whose classes, frame length and scaling the frames have.
        size: how many items there are; 0: without end.
    """

    size = 0

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    @property
    @abstractmethod
    def classes(self) -> frozenset[str]:
        """Those of the recipe's classes that its frames may be of."""

    @abstractmethod
    def items(self, seed: int, indices: Sequence[int]) -> list[Item | Recorded]:
        """The items of these numbers, in this order."""

    @abstractmethod
    def class_indices(self, seed: int, indices: Sequence[int]) -> np.ndarray:
        """int64: the classes of the items of these numbers; none of them is made for it."""

    def balanced(self, labels: int, seed: int) -> Source:
        """As many frames of each class, so many in all, and no others.

        Raises:
            DenomaeError: they do not divide evenly by the classes, or there are not so many.
        """
        return Balanced(self, labels, seed)

    def batch(self, seed: int, first: int, size: int) -> Batch:
        """Items first .. first + size - 1. It has "noisy" alone where one of them is recorded."""
        return collect(self.items(seed, range(first, first + size)), self.recipe)


class Synthesized(Source):
    """A recipe's own frames; item i is `synthesize(recipe, seed, i)`."""

    @property
    def classes(self) -> frozenset[str]:
        recipe = self.recipe.synthesizes
        weights = recipe.class_weights or [1.0] * len(recipe.classes)
        return frozenset(n for n, w in zip(recipe.classes, weights, strict=True) if w > 0)

    def items(self, seed: int, indices: Sequence[int]) -> list[Item | Recorded]:
        return [synthesize(self.recipe, seed, index) for index in indices]

    def class_indices(self, seed: int, indices: Sequence[int]) -> np.ndarray:
        return np.array([drawn_class(self.recipe, seed, i) for i in indices], np.int64)


class Mixed(Source):
    """Each item is drawn from one of several sources, by weight."""

    def __init__(
        self, sources: Sequence[Source], weights: Sequence[float], whole: bool = True
    ) -> None:
        """
        Args:
            sources: of one recipe.
            weights: how often an item is of each, above 0; their sum is free.
            whole: whether every class of the recipe must be among them.

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
        if missing and whole:
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

    def class_indices(self, seed: int, indices: Sequence[int]) -> np.ndarray:
        found = [self._sources[self._draw(seed, i)].class_indices(seed, [i])[0] for i in indices]
        return np.array(found, np.int64)

    def _draw(self, seed: int, index: int) -> int:
        drawn = generator(seed, "mixture", index).random()
        return min(int(np.searchsorted(self._edges, drawn, side="right")), len(self._sources) - 1)


class Balanced(Source):
    """A label budget: of each class the first items under one seed, the same number of each.

    Item k is the k-th of them in the order of their numbers. A smaller budget is a part of a larger
    one.
    """

    def __init__(self, source: Source, labels: int, seed: int) -> None:
        """
        Raises:
            DenomaeError: the labels do not divide evenly by the classes.
        """
        super().__init__(source.recipe)
        self.source, self.seed, self.size = source, seed, labels
        each = evenly(labels, source.classes, source.recipe)
        left = {source.recipe.classes.index(name): each for name in source.classes}
        self._chosen: list[int] = []
        first = 0
        while left:
            numbers = range(first, first + _LOOKED_AT)
            for index, number in zip(source.class_indices(seed, numbers), numbers, strict=True):
                if index in left:
                    self._chosen.append(number)
                    left[index] -= 1
                    if not left[index]:
                        del left[index]
            first += _LOOKED_AT

    @property
    def classes(self) -> frozenset[str]:
        return self.source.classes

    def items(self, seed: int, indices: Sequence[int]) -> list[Item | Recorded]:
        return self.source.items(*self._own(seed, indices))

    def class_indices(self, seed: int, indices: Sequence[int]) -> np.ndarray:
        return self.source.class_indices(*self._own(seed, indices))

    def _own(self, seed: int, indices: Sequence[int]) -> tuple[int, list[int]]:
        if seed != self.seed:
            raise ValueError(f"these items were chosen under the seed {self.seed}, not {seed}")
        return seed, [self._chosen[index] for index in indices]


def evenly(labels: int, classes: frozenset[str], recipe: Recipe) -> int:
    """How many labels each class gets.

    Raises:
        DenomaeError: they do not divide evenly.
    """
    count = len(classes)
    if labels < count or labels % count:
        near = max(1, round(labels / count)) * count
        raise DenomaeError(
            f"{labels} labels do not divide evenly by {count} classes of {recipe.name}; wanted a "
            f"multiple of {count}, such as {near}"
        )
    return labels // count


def generator(seed: int, purpose: str, index: int) -> np.random.Generator:
    """Random numbers of one item for one purpose; those of its synthesis are others."""
    digest = hashlib.blake2b(f"{purpose} {seed}".encode(), digest_size=8).digest()
    key = np.array([int.from_bytes(digest, "little"), index], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
