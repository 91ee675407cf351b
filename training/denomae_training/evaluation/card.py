# SPDX-License-Identifier: GPL-3.0-or-later
"""A model card's figures: its tables, and a sample of them that anybody can compute again soon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from denomae_training.evaluation.outcome import Outcome
from denomae_training.report.markdown import fill_file
from denomae_training.report.table import Table

SAMPLE_ROUNDS = 2
"""Frames of each class at each SNR in a sample: the first ones of the test set."""


def sample_of_answers(outcome: Outcome, snr_grid: Sequence[float], classes: int) -> dict[str, Any]:
    """Which class each of the first test frames was named, in their order."""
    count = SAMPLE_ROUNDS * classes * len(snr_grid)
    return {
        "frames": min(count, len(outcome)),
        "named": outcome.logits[:count].argmax(1).tolist(),
        "right": int(outcome.part(torch.arange(len(outcome)) < count).right.sum()),
    }


def fill_card(page: Path, report: Mapping[str, Any], families: Mapping[str, str]) -> None:
    """Write the tables `accuracy` and `classes` of the set `evaluation` of a page anew."""
    tables = {"accuracy": _by_snr(report), "classes": _by_class(report, families)}
    fill_file(page, {"evaluation": tables})


def _by_snr(report: Mapping[str, Any]) -> Table:
    rows = []
    for row in report["rows"]:
        error = row["snr_rms_error_db"]
        rows.append(
            (
                f"{row['snr_db']:g}", row["frames"],
                f"{100 * row['accuracy']:.1f} ({100 * row['low']:.1f} to {100 * row['high']:.1f})",
                f"{row['calibration_error']:.3f}", None if error is None else f"{error:.1f}",
            )
        )  # fmt: skip
    columns = (
        "SNR (dB)", "frames", "accuracy (%)", "calibration error", "SNR estimate, RMS error (dB)",
    )  # fmt: skip
    note = "Classes equally often; intervals of 95 % (Wilson)."
    return Table("accuracy", "Accuracy at each SNR", columns, tuple(rows), note)


def _by_class(report: Mapping[str, Any], families: Mapping[str, str]) -> Table:
    grid = [row["snr_db"] for row in report["rows"]]
    rows = [
        (
            name, families[name],
            *(f"{100 * row['class_accuracy'][name]:.0f}" for row in report["rows"]),
        )
        for name in report["classes"]
        if all(row["class_accuracy"].get(name) is not None for row in report["rows"])
    ]  # fmt: skip
    columns = ("class", "family", *(f"{snr:g}" for snr in grid))
    return Table("classes", "Accuracy of each class", columns, tuple(rows), "Percent, SNR in dB.")
