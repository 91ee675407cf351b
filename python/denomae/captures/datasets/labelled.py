# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that came with their class and their SNR, whatever file they lie in."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from denomae.errors import CaptureError

BLOCKS_PER_CELL = 20


@dataclass(frozen=True)
class Truth:
    """What is known of each frame.

    Attributes:
        class_index: int16 [F], into the set's `classes`.
        snr_db: float32 [F], as the set defines it; NaN where it does not say.
        capture_index: int32 [F], counts up from 0: which recording the frame was cut from. Frames
            of one recording share its channel, so that they are never on two sides of a split.
    """

    class_index: np.ndarray
    snr_db: np.ndarray
    capture_index: np.ndarray


class LabelledFrames(ABC):
    """A set of labelled frames of one length. Use it in a `with` statement, or call `close`.

    Attributes:
        path: what was opened.
        kind: such as `RadioML 2016`.
        classes: names as the set has them.
        our_classes: for each of them our name of the same waveform, or None.
        frame_length: samples in a frame.
        notes: what the reader saw and lived with, one sentence each.
        captures_are_guessed: the set does not say where a recording ends; its frames lie in order,
            and `capture_index` counts blocks of them.
    """

    captures_are_guessed = False

    def __init__(
        self,
        path: Path,
        kind: str,
        classes: Sequence[str],
        our_classes: Sequence[str | None],
        frame_length: int,
        notes: Sequence[str] = (),
    ) -> None:
        self.path = path
        self.kind = kind
        self.classes = tuple(classes)
        self.our_classes = tuple(our_classes)
        self.frame_length = frame_length
        self.notes = tuple(notes)

    @abstractmethod
    def __len__(self) -> int:
        """How many frames there are."""

    @abstractmethod
    def _read_truth(self) -> Truth: ...

    @abstractmethod
    def _read_frames(self, indices: np.ndarray) -> np.ndarray:
        """complex64 [B, N] of int64 [B], each within the set."""

    @abstractmethod
    def close(self) -> None:
        """Closes what is open; a second time does nothing."""

    def __enter__(self) -> LabelledFrames:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def truth(self) -> Truth:
        """Class, SNR and recording of every frame; read when it is first asked for.

        Raises:
            CaptureError: the file does not hold what its shape promises.
        """
        return self._read_truth()

    @property
    def class_index(self) -> np.ndarray:
        """int16 [F], into `classes`."""
        return self.truth.class_index

    @property
    def snr_db(self) -> np.ndarray:
        """float32 [F]; NaN where the set does not say it."""
        return self.truth.snr_db

    def batch(self, indices: Any) -> np.ndarray:
        """Frames by their numbers, in any order; a number may come twice.

        Args:
            indices: integers [B], 0 .. F - 1.

        Returns:
            complex64 [B, N], at the set's own power.

        Raises:
            CaptureError: a number outside the set, or a file that has changed.
        """
        numbers = np.asarray(indices)
        if numbers.size == 0:
            numbers = numbers.astype(np.int64)
        if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
            raise CaptureError(
                f"frame numbers are {numbers.dtype} of shape {list(numbers.shape)}, wanted integers"
                " [B]"
            )
        outside = (numbers < 0) | (numbers >= len(self))
        if outside.any():
            raise CaptureError(
                f"frame {int(numbers[outside][0])} was asked of {self.path.name}, which has"
                f" {len(self)}"
            )
        return self._read_frames(numbers.astype(np.int64))

    def __getitem__(self, index: int) -> tuple[np.ndarray, int, float]:
        """One frame complex64 [N], its class index and its SNR in dB."""
        index = operator.index(index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)}")  # ends a `for` loop
        index %= len(self)
        truth = self.truth
        return (
            self.batch([index])[0],
            int(truth.class_index[index]),
            float(truth.snr_db[index]),
        )

    def counts(self, indices: np.ndarray | None = None) -> dict[tuple[str, float | None], int]:
        """How many frames there are of each class at each SNR, of all or of those given.

        Returns:
            (class, SNR in dB or None) → frames.
        """
        chosen = slice(None) if indices is None else indices
        snr_db = self.snr_db[chosen]
        snr_db = np.where(np.isnan(snr_db), np.inf, snr_db)  # one NaN is never like another
        pairs = np.stack([self.class_index[chosen], snr_db], 1)
        cells, counts = np.unique(pairs, axis=0, return_counts=True)
        return {
            (self.classes[int(index)], float(snr) if np.isfinite(snr) else None): int(count)
            for (index, snr), count in zip(cells, counts, strict=True)
        }

    def split(self, shares: Mapping[str, float], seed: int = 0) -> dict[str, np.ndarray]:
        """Divides the set by recording, never by frame.

        Where the recordings are known, they are shuffled within each class. Where they are guessed,
        every class and SNR is cut in its own order, and between two sides a block is left out that
        belongs to neither: the frames beside a cut may come from one recording.

        Args:
            shares: side → its share, above 0; together 1 or less.
            seed: of the shuffling; without effect where recordings are guessed.

        Returns:
            side → the numbers of its frames, int64, ascending.

        Raises:
            CaptureError: shares that are none, or a side that would have no frame.
        """
        if not shares or min(shares.values()) <= 0 or sum(shares.values()) > 1 + 1e-9:
            raise CaptureError(f"the shares are {dict(shares)}, wanted each above 0, together 1")
        truth = self.truth
        side_of = np.full(int(truth.capture_index.max(initial=-1)) + 1, -1, np.int64)
        for number, captures in enumerate(_cells(truth, self.captures_are_guessed)):
            if not self.captures_are_guessed:
                captures = np.random.default_rng([seed, number]).permutation(captures)
            between = len(shares) - 1 if self.captures_are_guessed else 0
            usable = len(captures) - between
            edges = np.rint(np.cumsum(list(shares.values())) * usable).astype(int)
            start = 0
            for side, edge in enumerate(edges):
                gap = side if self.captures_are_guessed else 0
                side_of[captures[start + gap : max(edge, start) + gap]] = side
                start = max(edge, start)
        sides = side_of[truth.capture_index]
        parts = {name: np.flatnonzero(sides == side) for side, name in enumerate(shares)}
        for name, part in parts.items():
            if not len(part):
                raise CaptureError(
                    f"{self.path.name} has {len(side_of)} recordings, too few to divide by"
                    f" {dict(shares)}: the side {name!r} would have no frame"
                )
        return parts


def _cells(truth: Truth, by_snr: bool) -> list[np.ndarray]:
    """The recordings of each class (and SNR), in order; all in one cell if one has two classes."""
    captures, first = np.unique(truth.capture_index, return_index=True)
    classes, snr_db = truth.class_index[first], truth.snr_db[first]
    place = np.searchsorted(captures, truth.capture_index)
    if (classes[place] != truth.class_index).any():
        return [captures]
    keys = np.stack([classes, snr_db], 1) if by_snr else classes[:, None]
    _, cell = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(cell.reshape(-1), kind="stable")
    return np.split(captures[order], np.flatnonzero(np.diff(cell.reshape(-1)[order])) + 1)


def blocks_in_order(class_index: np.ndarray, snr_db: np.ndarray) -> np.ndarray:
    """A `capture_index` for sets that have none: 20 runs of neighbours in each class and SNR.

    Returns:
        int32 [F].
    """
    order = np.lexsort((snr_db, class_index))  # stable: neighbours stay neighbours
    classes, snrs = class_index[order], snr_db[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (classes[1:] != classes[:-1]) | (snrs[1:] != snrs[:-1])
    starts = np.flatnonzero(begins)
    sizes = np.diff(np.append(starts, len(order)))
    cell = np.cumsum(begins) - 1
    rank = np.arange(len(order)) - starts[cell] if len(starts) else np.arange(0)
    block = rank * BLOCKS_PER_CELL // sizes[cell] + cell * BLOCKS_PER_CELL
    index = np.empty(len(order), np.int32)
    # Small cells have gaps in their numbers; closed, the numbers count up from 0.
    index[order] = np.unique(block, return_inverse=True)[1].reshape(-1)
    return index
