# SPDX-License-Identifier: GPL-3.0-or-later
"""What a labelled set holds: frames by class, side and SNR, so that nobody trains on a surprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from denomae.captures.datasets import LabelledFrames
from denomae.errors import DenomaeError
from denomae_training.data.recordings import SHARES, Recordings, names_in, open_for
from denomae_training.signals.recipe import Recipe

UNKNOWN_SNR = "?"
_COLUMNS = 12  # of SNR; more values than that are gathered in steps of 5, 10, 20.. dB
_STEPS_DB = (5, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class ClassRow:
    """The frames of one class.

    Attributes:
        label: as the set has it.
        name: the recipe's name of it, or ours where there is no recipe; None: neither knows it.
        recordings: that hold a frame of it.
        frames: in all.
        sides: side → frames; empty where the set could not be divided.
        snr_db: SNR, or a range of it, or `?` → frames.
    """

    label: str
    name: str | None
    recordings: int
    frames: int
    sides: dict[str, int]
    snr_db: dict[str, int]


@dataclass(frozen=True)
class Report:
    """A labelled set in numbers.

    Attributes:
        kind: of the set.
        frame_length: samples in a frame.
        recordings: that hold a labelled frame; blocks of frames where the set does not say where a
            recording ends.
        recordings_are_guessed: whether they are such blocks.
        rows: one a class.
        notes: what was seen and lived with.
        problem: why it cannot be trained on as it is, or None.
    """

    kind: str
    frame_length: int
    recordings: int
    recordings_are_guessed: bool
    rows: tuple[ClassRow, ...]
    notes: tuple[str, ...]
    problem: str | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def report(
    path: Path,
    recipe: Recipe | None = None,
    frame_length: int = 1024,
    shares: Mapping[str, float] = SHARES,
    split_seed: int = 0,
    leave_out_unknown: bool = False,
) -> Report:
    """Counts a set's frames; reads none of them.

    Args:
        path: anything that `open_dataset` opens.
        recipe: whose classes and frame length are wanted, or None.
        frame_length: where there is no recipe.

    Raises:
        DenomaeError: the set cannot be read. That it cannot be trained on is told in the report.
    """
    problem: str | None = None
    sides: dict[str, np.ndarray] = {}
    with open_for(path, recipe.frame_length if recipe else frame_length) as frames:
        notes = list(frames.notes)
        try:
            if recipe:
                found = Recordings(path, recipe, shares, split_seed, leave_out_unknown)
                sides, notes = found.sides, found.notes
            else:
                sides = frames.split(shares, split_seed)
        except DenomaeError as error:
            problem = str(error)
        return Report(
            frames.kind,
            frames.frame_length,
            len(np.unique(frames.truth.capture_index)),
            frames.captures_are_guessed,
            _rows(frames, recipe, sides),
            tuple(notes),
            problem,
        )


def _rows(
    frames: LabelledFrames, recipe: Recipe | None, sides: Mapping[str, np.ndarray]
) -> tuple[ClassRow, ...]:
    names = names_in(frames, recipe) if recipe else list(frames.our_classes)
    truth = frames.truth
    columns, column_of = _snr_columns(truth.snr_db)
    side_counts = {
        side: np.bincount(truth.class_index[part], minlength=len(names))
        for side, part in sides.items()
    }
    rows = []
    for number, (label, name) in enumerate(zip(frames.classes, names, strict=True)):
        own = truth.class_index == number
        by_snr = np.bincount(column_of[own], minlength=len(columns))
        rows.append(
            ClassRow(
                label,
                name,
                len(np.unique(truth.capture_index[own])),
                int(own.sum()),
                {side: int(counts[number]) for side, counts in side_counts.items()},
                {column: int(n) for column, n in zip(columns, by_snr, strict=True)},
            )
        )
    return tuple(rows)


def _snr_columns(snr_db: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names of the columns, and for each frame which is its."""
    known = np.isfinite(snr_db)
    place = np.zeros(len(snr_db), np.int64)
    values = np.unique(snr_db[known])
    if len(values) <= _COLUMNS:
        columns = [f"{value:g} dB" for value in values]
        place[known] = np.searchsorted(values, snr_db[known])
    else:
        span = float(values[-1] - values[0])
        step = next((s for s in _STEPS_DB if span / s < _COLUMNS - 1), _STEPS_DB[-1])
        low = np.floor(values[0] / step) * step
        place[known] = ((snr_db[known] - low) // step).astype(np.int64)
        edges = low + step * np.arange(place.max() + 2)
        columns = [f"{a:g}..{b:g} dB" for a, b in zip(edges, edges[1:], strict=False)]
    if not known.all():
        place[~known] = len(columns)
        columns.append(UNKNOWN_SNR)
    return columns, place
