# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits that were computed once and are kept beside the code, to be shown beside every result.

`records/*.json` are what `denomae-train limit` wrote; `records/README.md` has the commands.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

RECORDS = Path(__file__).parent / "records"


@dataclass(frozen=True)
class MeasuredLimit:
    """The limit of a recipe at one SNR, 0..1.

    Attributes:
        accuracy, standard_error: over equally frequent classes.
        confusion: [true class, named class], rows of sum 1.
        unknown_phase: accuracy and standard error of a classifier that knows of the phase only that
            it is one of 16, a closer bound; None where it was not computed.
    """

    accuracy: float
    standard_error: float
    confusion: np.ndarray
    unknown_phase: tuple[float, float] | None = None


def limit_at(recipe: str, snr_db: float) -> tuple[float, float] | None:
    """The accuracy that no classifier passes on a recipe, and its standard error, 0..1.

    Between two SNRs that were computed it is interpolated linearly. None beyond them, and for a
    recipe that has no limit.
    """
    weighted = _neighbours(recipe, snr_db)
    if weighted is None:
        return None
    accuracy = sum(w * limit.accuracy for w, limit in weighted)
    error = math.hypot(*(w * limit.standard_error for w, limit in weighted))
    return accuracy, error


def unknown_phase_at(recipe: str, snr_db: float) -> tuple[float, float] | None:
    """The same for a classifier that does not know the phase, at SNRs that were computed."""
    limit = measured(recipe).get(snr_db)
    return limit.unknown_phase if limit else None


def merged_limit_at(
    recipe: str, snr_db: float, classes: tuple[str, ...], groups: tuple[tuple[str, ...], ...]
) -> float | None:
    """The limit where the classes of each group count as one, 0..1."""
    weighted = _neighbours(recipe, snr_db)
    if weighted is None:
        return None
    same = same_group(classes, groups)
    return float(sum(w * (limit.confusion * same).sum(1).mean() for w, limit in weighted))


def same_group(classes: tuple[str, ...], groups: tuple[tuple[str, ...], ...]) -> np.ndarray:
    """Which pairs of classes are one class or of one group: bool [C, C]."""
    of_group = {name: number for number, group in enumerate(groups) for name in group}
    number = np.array([of_group.get(name, -1 - k) for k, name in enumerate(classes)])
    return number[:, None] == number


@lru_cache(maxsize=1)
def _records() -> dict[str, dict[float, MeasuredLimit]]:
    found: dict[str, dict[float, MeasuredLimit]] = {}
    for path in sorted(RECORDS.glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        table = found.setdefault(record["recipe"], {})
        for row in record["rows"]:
            view = row["views"].get("phase one of 16")
            new = MeasuredLimit(
                row["accuracy"],
                row["standard_error"],
                np.array(row["confusion"]),
                (view["accuracy"], view["standard_error"]) if view else None,
            )
            table[row["snr_db"]] = _better(table.get(row["snr_db"]), new)
    return found


def _better(old: MeasuredLimit | None, new: MeasuredLimit) -> MeasuredLimit:
    """Of two records of one SNR the more exact one, with what either says of an unknown phase."""
    if old is None:
        return new
    exact = min(old, new, key=lambda limit: limit.standard_error)
    return replace(exact, unknown_phase=old.unknown_phase or new.unknown_phase)


def measured(recipe: str) -> dict[float, MeasuredLimit]:
    """SNR in dB to the limit there; empty where none was computed."""
    return _records().get(recipe, {})


def _neighbours(recipe: str, snr_db: float) -> list[tuple[float, MeasuredLimit]] | None:
    """The computed SNRs on either side with their weights, of sum 1."""
    table = measured(recipe)
    if snr_db in table:
        return [(1.0, table[snr_db])]
    below = max((known for known in table if known < snr_db), default=None)
    above = min((known for known in table if known > snr_db), default=None)
    if below is None or above is None:
        return None
    share = (snr_db - below) / (above - below)
    return [(1 - share, table[below]), (share, table[above])]
