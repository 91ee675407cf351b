# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a classifier is right, at each SNR and in all, beside the limit, as JSON holds it."""

from __future__ import annotations

import math
from dataclasses import asdict
from statistics import fmean
from typing import Any

import numpy as np
import torch

from denomae_training.evaluation.calibration import expected_calibration_error, reliability
from denomae_training.evaluation.outcome import Outcome, confusion
from denomae_training.evaluation.same import same_waveforms
from denomae_training.evaluation.wilson import wilson
from denomae_training.limits.measured import (
    limit_at,
    merged_limit_at,
    same_group,
    unknown_phase_at,
)
from denomae_training.signals.recipe import Recipe

RANGES = {"-10..10": (-10.0, 10.0), "-6..10": (-6.0, 10.0), "-20..-12": (-20.0, -12.0)}
CELL_DEVIATIONS, POOLED_DEVIATIONS = 3.0, 2.0  # above the limit that chance alone may bring

Report = dict[str, Any]
Groups = tuple[tuple[str, ...], ...]


def report_of(
    outcome: Outcome, classes: tuple[str, ...], recipe: Recipe, temperature: float = 1.0
) -> Report:
    """All scores of answers to test frames; numbers, strings, lists and dictionaries alone.

    Args:
        outcome: of frames of all classes equally often, so that its rows compare with the limit.
        classes: in the order of the logits: the recipe's, and behind them those that the model
            knows besides and that no frame is of.
        temperature: by which logits are divided, where confidences are meant.

    Returns:
        Shares are 0..1; `low` and `high` are a Wilson interval of 95 %. `rows` has one object an
        SNR, ascending. `merged` counts classes of one waveform as one; `limit` is the best that any
        classifier could reach, `limit_error` its standard error, `distance` what is missing to
        it; each is None where there is none. `violations` says what lies above the limit by more
        than chance.
    """
    groups = same_waveforms(recipe)
    cells = outcome.cells
    grid = sorted(set(cells[torch.isfinite(cells)].tolist()))
    rows = [
        {"snr_db": snr_db} | _counts(outcome.part(cells == snr_db), classes, groups, temperature)
        for snr_db in grid
    ]
    report = {
        "recipe": recipe.name,
        "classes": list(classes),
        **_counts(outcome, classes, groups, temperature),
        "temperature": temperature,
        "reliability": [asdict(part) for part in reliability(outcome, temperature)],
        "rows": rows,
    }
    return with_limits(report, recipe)


def with_limits(report: Report, recipe: Recipe) -> Report:
    """The same report beside the limits that are known now, which may be more than were then."""
    groups, classes = same_waveforms(recipe), recipe.classes
    rows = [row | _limits(row, recipe.name, classes, groups) for row in report["rows"]]
    means = {name: _mean(rows, *ends) for name, ends in RANGES.items()}
    return report | {"rows": rows, "means": means, "violations": violations(rows)}


def violations(rows: list[Report]) -> list[str]:
    """What lies above its limit by more than chance, as sentences.

    That is more than three standard errors at one SNR, or two in the mean over all of them. The
    errors are those of the counting, if the limit were the truth, and of the limit together.
    """
    known = [row for row in rows if row["limit"] is not None]
    found = []
    for row in known:
        excess, error = _excess([row])
        if excess > CELL_DEVIATIONS * error:
            found.append(
                f"at {row['snr_db']:g} dB {100 * row['accuracy']:.1f} % are right, "
                f"{100 * excess:.1f} points above the limit of {100 * row['limit']:.1f} %, where "
                f"three standard errors are {300 * error:.1f}; look for test frames among the "
                "training frames, or for a wrong limit"
            )
    if known:
        excess, error = _excess(known)
        if excess > POOLED_DEVIATIONS * error:
            found.append(
                f"over {len(known)} SNRs together the accuracy is {100 * excess:.2f} points above "
                f"the limit, where two standard errors are {200 * error:.2f}; look for test frames "
                "among the training frames, or for a wrong limit"
            )
    return found


def _excess(rows: list[Report]) -> tuple[float, float]:
    """By how much the mean accuracy lies above the mean limit, and its standard error."""
    excess = fmean(row["accuracy"] - row["limit"] for row in rows)
    variances = [
        row["limit"] * (1 - row["limit"]) / row["frames"] + row["limit_error"] ** 2 for row in rows
    ]
    return excess, math.sqrt(sum(variances)) / len(rows)


def _limits(row: Report, recipe: str, classes: tuple[str, ...], groups: Groups) -> Report:
    limit, closer = limit_at(recipe, row["snr_db"]), unknown_phase_at(recipe, row["snr_db"])
    merged = merged_limit_at(recipe, row["snr_db"], classes, groups) if groups else None
    return {
        "limit": limit and round(limit[0], 5),
        "limit_error": limit and round(limit[1], 5),
        "distance": limit and round(limit[0] - row["accuracy"], 5),
        "limit_of_unknown_phase": closer and closer[0],
        "merged_limit": merged and round(merged, 5),
    }


def _counts(part: Outcome, classes: tuple[str, ...], groups: Groups, temperature: float) -> Report:
    """What can be said of any set of frames."""
    table = confusion(part, len(classes))
    right, frames = int(np.trace(table)), int(table.sum())
    low, high = wilson(right, frames)
    known = torch.isfinite(part.snr_db) & torch.isfinite(part.snr_estimate_db)
    error = (part.snr_estimate_db - part.snr_db)[known]
    return {
        "frames": frames,
        "right": right,
        "accuracy": round(right / frames, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "merged": round(_merged(table, classes, groups) / frames, 5) if groups else None,
        "class_accuracy": {
            name: round(float(table[k, k] / table[k].sum()), 5)
            for k, name in enumerate(classes)
            if table[k].any()
        },
        "calibration_error": round(expected_calibration_error(part, temperature), 5),
        "snr_rms_error_db": round(error.square().mean().sqrt().item(), 3) if len(error) else None,
        "confusion": table.tolist(),
    }


def _merged(table: np.ndarray, classes: tuple[str, ...], groups: Groups) -> int:
    """How many frames are right, if a class of a group may be called any other of that group."""
    return int(table[same_group(classes, groups)].sum())


def _mean(rows: list[Report], low_db: float, high_db: float) -> Report | None:
    """Over the SNRs of a range, ends included, each counting the same; None where there is none."""
    inside = [row for row in rows if low_db <= row["snr_db"] <= high_db]
    if not inside:
        return None
    accuracy = fmean(row["accuracy"] for row in inside)
    errors = [row["accuracy"] * (1 - row["accuracy"]) / row["frames"] for row in inside]
    known = all(row["limit"] is not None for row in inside)
    limit = fmean(row["limit"] for row in inside) if known else None
    return {
        "accuracy": round(accuracy, 5),
        "standard_error": round(math.sqrt(sum(errors)) / len(inside), 5),
        "limit": limit and round(limit, 5),
        "distance": limit and round(limit - accuracy, 5),
    }
