# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames that a model is tested on: the same for every model, used by nothing else.

All SNRs of a grid and all classes have equally many frames, so that a row's accuracy is one over
equally frequent classes, as the limit's is. They are of the split "test", and drawn by other random
numbers than the items of any split.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae.modalities import in_table_order
from denomae.model.presets import Architecture
from denomae_training.data.source import Source, generator
from denomae_training.evaluation.answers import answers
from denomae_training.evaluation.outcome import Outcome
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.feeds.whole import keep_bytes, set_bytes, whole
from denomae_training.signals.dataset import collect, split_seed
from denomae_training.signals.item import Item
from denomae_training.signals.recipe import Recipe

SNR_GRID = tuple(float(snr_db) for snr_db in range(-20, 21, 2))
FRAMES = 10_080  # 48 of each of ten classes at each SNR of the grid
_AT_ONCE = 250


class Graded(Source):
    """Item i has SNR number i % S of a grid of S, and class (i / S) % C of C that can be made."""

    def __init__(self, recipe: Recipe, snr_grid: Sequence[float]) -> None:
        super().__init__(recipe)
        self.snr_grid = tuple(snr_grid)

    @property
    def classes(self) -> frozenset[str]:
        return frozenset(self.recipe.synthesizes.classes)

    def items(self, seed: int, indices: Sequence[int]) -> list[Item]:
        recipe, grid = self.recipe.synthesizes, self.snr_grid
        classes = self.class_indices(seed, indices)
        return [
            recipe.item(generator(seed, "graded", index), int(place), grid[index % len(grid)])
            for index, place in zip(indices, classes, strict=True)
        ]

    def class_indices(self, seed: int, indices: Sequence[int]) -> np.ndarray:
        rounds = np.asarray(indices, np.int64) // len(self.snr_grid)
        return rounds % len(self.recipe.synthesizes.classes)


@dataclass(frozen=True)
class TestSet:
    """Which frames a recipe's models are tested on.

    Attributes:
        seed: of the split "test" of this seed.
        frames: in all. Where they do not divide evenly, cells differ by one frame.
        snr_grid: in dB, also outside the range that the recipe trains on.
    """

    __test__ = False  # not a test, whatever its name begins with

    recipe: Recipe
    seed: int = 1
    frames: int = FRAMES
    snr_grid: tuple[float, ...] = SNR_GRID

    def __post_init__(self) -> None:
        cells = len(self.snr_grid) * len(self.recipe.classes)
        if not self.snr_grid or self.frames < cells:
            raise DenomaeError(
                f"{self.frames} test frames for {len(self.snr_grid)} SNRs and "
                f"{len(self.recipe.classes)} classes; wanted at least {max(cells, 1)}, one of each"
            )

    @cached_property
    def source(self) -> Graded:
        return Graded(self.recipe, self.snr_grid)

    @property
    def split(self) -> int:
        """The seed of its items."""
        return split_seed(self.seed, "test")

    @property
    def asked_snr_db(self) -> Tensor:
        """float32 [F], also of frames without a signal."""
        grid = torch.tensor(self.snr_grid, dtype=torch.float32)
        return grid[torch.arange(self.frames) % len(grid)]

    def items(self, first: int, end: int) -> list[Item]:
        return self.source.items(self.split, range(first, min(end, self.frames)))

    def build(
        self,
        names: Iterable[str],
        architecture: Architecture,
        device: torch.device | None = None,
    ) -> BuiltTestSet:
        """The frames as these modalities, on a device (None: the CPU), where they are kept if they
        fit into `keep_bytes`."""
        device = device or torch.device("cpu")
        return BuiltTestSet(self, in_table_order(names), architecture, device)


class BuiltTestSet:
    """A test set as modalities, for every model of one architecture that looks at some of them."""

    def __init__(
        self,
        test_set: TestSet,
        names: tuple[str, ...],
        architecture: Architecture,
        device: torch.device,
    ) -> None:
        if architecture.frame_length != test_set.recipe.frame_length:
            raise DenomaeError(
                f"the frames of {test_set.recipe.name} have {test_set.recipe.frame_length} samples,"
                f" the model wants {architecture.frame_length}; use a preset or a recipe that fits"
            )
        self.set, self.names = test_set, names
        self.architecture, self.device = architecture, device
        self._kept: Sample | None = None

    @property
    def recipe(self) -> Recipe:
        return self.set.recipe

    def __len__(self) -> int:
        return self.set.frames

    def each(self, size: int = _AT_ONCE) -> Iterator[Sample]:
        """Every frame once, in order; the last sample may be smaller."""
        if self._kept is None and not self._fits():
            yield from self._made(size)
            return
        kept = self._keep()
        for first in range(0, len(self), size):
            part = slice(first, first + size)
            views = {name: values[part] for name, values in kept.views.items()}
            classes = kept.class_index[part]
            yield Sample(views, classes, kept.snr_db[part], slice(0, len(classes)), len(classes))

    def answers(self, model: nn.Module, size: int = _AT_ONCE) -> Outcome:
        """What a classifier says of every frame.

        Raises:
            DenomaeError: it looks at a modality that was not built.
        """
        self.check(model.encoder.modalities)
        return self.outcome(answers(model, self.each(size)))

    def outcome(self, outcome: Outcome) -> Outcome:
        """The same answers to all frames in order, with the SNR that each was asked for at."""
        return replace(outcome, asked_snr_db=self.set.asked_snr_db)

    def check(self, wanted: Iterable[str]) -> None:
        """Raises a DenomaeError where a wanted modality was not built."""
        missing = [name for name in wanted if name not in self.names]
        if missing:
            raise DenomaeError(
                f"the test set was built with {list(self.names)}, without {missing[0]!r}; build it "
                f"with {list(wanted)}"
            )

    def _fits(self) -> bool:
        return self._bytes <= keep_bytes(self.device)

    @property
    def _bytes(self) -> int:
        return set_bytes(self.names, self.architecture, len(self))

    def _keep(self) -> Sample:
        if self._kept is None:
            made = self._made(_AT_ONCE)
            self._kept = whole(made, len(self), self._bytes, self.device)
        return self._kept

    def _made(self, size: int) -> Iterator[Sample]:
        for first in range(0, len(self), size):
            batch = collect(self.set.items(first, first + size), self.recipe)
            yield sample_of(batch.to(self.device), self.names, self.architecture)
