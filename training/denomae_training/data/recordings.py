# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of labelled recordings under a recipe's classes, divided by recording into sides."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from denomae.captures.datasets import LabelledFrames, open_dataset
from denomae.errors import DenomaeError
from denomae_training.data.source import Recorded, Source, evenly, generator
from denomae_training.signals.dataset import Batch, collect
from denomae_training.signals.item import Item
from denomae_training.signals.recipe import Recipe

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}


class Recordings:
    """A labelled set of recordings, its classes those of a recipe, in three sides.

    Attributes:
        path: what was opened.
        recipe: whose classes and frame length the frames have.
        class_index: int64 [F], in the recipe's order; -1 for frames that are left out.
        snr_db: float32 [F], NaN where the set does not say it.
        capture_index: int32 [F], which recording a frame was cut from.
        sides: side → the numbers of its frames, int64, ascending; none is on two sides, nor is a
            recording.
        notes: what was seen and lived with, one sentence each.
    """

    def __init__(
        self,
        path: Path,
        recipe: Recipe,
        shares: Mapping[str, float] = SHARES,
        split_seed: int = 0,
        leave_out_unknown: bool = False,
    ) -> None:
        """
        Args:
            path: anything that `open_dataset` opens.
            shares: side → its share of the recordings.
            split_seed: which recordings go to which side.
            leave_out_unknown: whether frames whose class the recipe does not know are left out;
                otherwise they are an error.

        Raises:
            DenomaeError: a set that cannot be read, of another frame length, with classes that the
                recipe does not know or that have no frames, or too few recordings for the sides.
        """
        if recipe.power_normalisation != "unit":
            raise DenomaeError(
                f"the recipe {recipe.name} leaves each class its own power, which recordings do not"
                " have; wanted a recipe that brings frames to unit power"
            )
        self.path, self.recipe = path, recipe
        with open_for(path, recipe.frame_length) as frames:
            if frames.frame_length != recipe.frame_length:
                raise DenomaeError(
                    f"{path.name} has frames of {frames.frame_length} samples, and the recipe"
                    f" {recipe.name} of {recipe.frame_length}; wanted the same"
                )
            self.notes = list(frames.notes)
            numbers = self._numbers(frames, leave_out_unknown)
            self.class_index = numbers[frames.class_index]
            self.snr_db = frames.snr_db
            self.capture_index = frames.truth.capture_index
            known = self.class_index >= 0
            if not known.any():
                raise DenomaeError(
                    f"{path} has no frame of a class of the recipe {recipe.name}, which knows"
                    f" {', '.join(recipe.classes)}"
                )
            parts = frames.split(shares, split_seed)
        self.sides = {name: part[known[part]] for name, part in parts.items()}
        for name, part in self.sides.items():
            if not len(part):
                raise DenomaeError(
                    f"{path}: the side {name!r} would have no frame of a class of {recipe.name};"
                    " wanted more recordings, or another split seed"
                )
        self._check_classes()

    def side(self, name: str) -> RecordedFrames:
        """The frames of one side as a source.

        Raises:
            DenomaeError: no such side.
        """
        if name not in self.sides:
            raise DenomaeError(f"there is no side {name!r}, wanted one of {list(self.sides)}")
        part = self.sides[name]
        return RecordedFrames(
            self.path, self.recipe, part, self.class_index[part], self.snr_db[part]
        )

    def _numbers(self, frames: LabelledFrames, leave_out_unknown: bool) -> np.ndarray:
        """int64: the set's class to the recipe's, -1 where it has none."""
        names = names_in(frames, self.recipe)
        unknown = [n for n, ours in zip(frames.classes, names, strict=True) if ours is None]
        if unknown and not leave_out_unknown:
            raise DenomaeError(
                f"{self.path} has the labels {', '.join(unknown[:20])}, which the recipe"
                f" {self.recipe.name} does not know; wanted {', '.join(self.recipe.classes)}, or"
                " unknown labels left out (--leave-out-unknown)"
            )
        if unknown:
            self.notes.append(f"{self.path}: frames of {', '.join(unknown[:20])} are left out")
        there = np.bincount(frames.class_index, minlength=len(names))
        empty = [
            name
            for name, ours, count in zip(frames.classes, names, there, strict=True)
            if ours is not None and not count
        ]
        if empty:
            raise DenomaeError(
                f"{self.path} names the classes {', '.join(empty)} and has no frame of"
                f" {frames.frame_length} samples of them; mark longer stretches, or take those"
                " labels out"
            )
        index = {name: number for number, name in enumerate(self.recipe.classes)}
        return np.array([-1 if ours is None else index[ours] for ours in names], np.int64)

    def _check_classes(self) -> None:
        """Every class must be learnt; where it is not tested, that is told."""
        there = set(np.unique(self.class_index[self.class_index >= 0]).tolist())
        for side, part in self.sides.items():
            lacking = there - set(np.unique(self.class_index[part]).tolist())
            names = ", ".join(self.recipe.classes[number] for number in sorted(lacking))
            if lacking and side == next(iter(self.sides)):
                raise DenomaeError(
                    f"{self.path} has frames of {names}, but none on the side {side!r}; wanted"
                    " recordings of each class there, by more of them or another split seed"
                )
            if lacking:
                self.notes.append(f"{self.path}: the side {side!r} has no frame of {names}")


class RecordedFrames(Source):
    """One side of `Recordings`. An item is a frame drawn by chance, each class equally often (or by
    the recipe's weights), and within a class each frame equally often."""

    def __init__(
        self,
        path: Path,
        recipe: Recipe,
        numbers: np.ndarray,
        class_index: np.ndarray,
        snr_db: np.ndarray,
    ) -> None:
        super().__init__(recipe)
        self._path = path
        self._numbers, self._class_index, self._snr_db = numbers, class_index, snr_db
        present = np.unique(class_index)
        weights = np.asarray(recipe.class_weights or np.ones(len(recipe.classes)))[present]
        if not weights.sum() > 0:
            raise DenomaeError(f"{path}: the recipe {recipe.name} gives its classes no weight")
        self._places = [np.flatnonzero(class_index == number) for number in present]
        self._edges = np.cumsum(weights) / weights.sum()
        self._present = present
        self._opened: tuple[int, LabelledFrames] | None = None

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def classes(self) -> frozenset[str]:
        return frozenset(self.recipe.classes[number] for number in self._present)

    def items(self, seed: int, indices: Sequence[int]) -> list[Item | Recorded]:
        return self._read([self._draw(seed, index) for index in indices])

    def class_indices(self, seed: int, indices: Sequence[int]) -> np.ndarray:
        return self._class_index[[self._draw(seed, index) for index in indices]]

    def balanced(self, labels: int, seed: int) -> RecordedFrames:
        """A part of these frames, chosen by chance; items are drawn from it without end."""
        each = evenly(labels, self.classes, self.recipe)
        fewest = int(np.argmin([len(places) for places in self._places]))
        there = len(self._places[fewest])
        if there < each:
            raise DenomaeError(
                f"{labels} labels are {each} of each class, and {self._path} has {there} frames of "
                f"{self.recipe.classes[self._present[fewest]]} to learn from; wanted "
                f"{there * len(self._places)} labels at most, or more recordings"
            )
        chosen = [
            generator(seed, "labels", int(index)).permutation(places)[:each]
            for index, places in zip(self._present, self._places, strict=True)
        ]
        return self._part(np.sort(np.concatenate(chosen)))

    def spread(self, most: int) -> RecordedFrames:
        """So many of these frames at most, evenly spread over all of them."""
        count = min(most, len(self))
        return self._part(np.arange(count) * len(self) // max(count, 1))

    def _part(self, part: np.ndarray) -> RecordedFrames:
        return RecordedFrames(
            self._path,
            self.recipe,
            self._numbers[part],
            self._class_index[part],
            self._snr_db[part],
        )

    def each(self, size: int) -> Iterator[Batch]:
        """Every frame once, in order, in batches of `size`; the last may have fewer."""
        for start in range(0, len(self), size):
            yield collect(self._read(range(start, min(start + size, len(self)))), self.recipe)

    def _draw(self, seed: int, index: int) -> int:
        rng = generator(seed, "recordings", index)
        which = int(np.searchsorted(self._edges, rng.random(), side="right"))
        places = self._places[min(which, len(self._places) - 1)]
        return int(places[rng.integers(len(places))])

    def _read(self, places: Sequence[int]) -> list[Item | Recorded]:
        numbers = self._numbers[np.asarray(places, np.int64)]
        frames = self._frames().batch(numbers)
        finite = np.isfinite(frames.view(np.float32)).all(axis=1)
        if not finite.all():
            raise DenomaeError(
                f"{self._path}: frame {int(numbers[~finite][0])} holds NaN or infinite samples;"
                " take that stretch out of its annotation"
            )
        return [
            Recorded(frame, int(self._class_index[place]), float(self._snr_db[place]))
            for frame, place in zip(frames, places, strict=True)
        ]

    def _frames(self) -> LabelledFrames:
        """The set, opened once in each process that reads it."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), open_for(self._path, self.recipe.frame_length)
        return self._opened[1]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_opened": None}  # open files do not travel between processes


def open_for(path: Path, frame_length: int) -> LabelledFrames:
    """A labelled set, its recordings cut into frames of that length if it has no own."""
    try:
        has_own = not path.is_dir() and path.suffix.lower() not in (".txt", ".sigmf-collection")
    except OSError:
        has_own = True
    return open_dataset(path, frame_length=None if has_own else frame_length)


def unknown_labels(path: Path, recipe: Recipe) -> list[str]:
    """Our names, or else the set's own, of what a set has labels of and the recipe does not know.

    Raises:
        DenomaeError: the set cannot be read.
    """
    with open_for(path, recipe.frame_length) as frames:
        pairs = zip(frames.classes, frames.our_classes, names_in(frames, recipe), strict=True)
        names = [ours or name for name, ours, known in pairs if known is None]
    return list(dict.fromkeys(names))


def names_in(frames: LabelledFrames, recipe: Recipe) -> list[str | None]:
    """For each class of a set the recipe's name of the same waveform, or None."""
    same = recipe.name == "radioml24" and frames.kind == "RadioML 2018"  # but for its capitals
    found: list[str | None] = []
    for name, ours in zip(frames.classes, frames.our_classes, strict=True):
        candidates = (name.lower() if same else name, ours)
        found.append(next((n for n in candidates if n in recipe.classes), None))
    return found
