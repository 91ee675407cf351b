# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from denomae_training.checks.figure import new_figure, save
from denomae_training.evaluation.pictures import draw_confusion, draw_reliability
from denomae_training.picture import draw_accuracy

KNOWN, UNKNOWN, RIGHT, WRONG = "#20639b", "#d1495b", "#3a7d44", "#b0b0b0"


def draw(parts: dict[str, Any], families: dict[str, str], title: str, folder: Path) -> list[Path]:
    """Write a PNG for each thing that was measured; returns their paths.

    Args:
        families: class to family, of the checkpoint.

    Raises:
        DenomaeError: there is no matplotlib.
    """
    run = {name: part for name, part in parts.items() if "not_run" not in part}
    drawn = []

    def path(name: str) -> Path:
        drawn.append(folder / name)
        return drawn[-1]

    if "gnu-radio" in run:
        for channel in ("plain", "faded"):
            report = run["gnu-radio"][channel]
            draw_accuracy(report["rows"], families, path(f"gnu-radio-{channel}-accuracy.png"))
        report = run["gnu-radio"]["plain"]
        heading = f"{title} on GNU Radio's signals, 0 to 20 dB"
        draw_confusion(report, heading, path("gnu-radio-confusion.png"))
    if "recordings" in run:
        draw_recordings(run["recordings"], path("recordings.png"))
    if "unknowns" in run:
        draw_scores(run["unknowns"], path("unknowns.png"))
    if "calibration" in run:
        part = run["calibration"]
        report = {"reliability": part["reliability"]} | part["all"]
        draw_reliability(report, title, path("reliability.png"))
        draw_snr(part, path("snr.png"))
    return drawn


def draw_recordings(part: dict[str, Any], path: Path) -> None:
    """Of each recording, which families its frames were named, its own first."""
    rows = part["rows"][::-1]
    figure = new_figure((7.6, 0.8 + 0.5 * len(rows)))
    axes = figure.subplots()
    for place, row in enumerate(rows):
        left = 0.0
        own = {row["family"]: row["families"].get(row["family"], 0)}
        for name, count in (own | row["families"]).items():
            width = 100 * count / max(row["judged"], 1)
            own_bar, text = name == row["family"], f"{name} {count}"
            colour, ink = (RIGHT, "white") if own_bar else (WRONG, "black")
            axes.barh(place, width, left=left, color=colour, edgecolor="white")
            if width > 6:
                middle = left + width / 2
                axes.text(middle, place, text, ha="center", va="center", fontsize=8, color=ink)
            left += width
    axes.set_yticks(range(len(rows)), [f"{row['file']} ({row['family']})" for row in rows])
    axes.set(xlabel="frames (%), green: the right family", xlim=(0, 100))
    save(figure, path, 110)


def draw_scores(part: dict[str, Any], path: Path) -> None:
    """How each score is spread over known and over unknown frames, and its threshold."""
    scores = part["scores"]
    rows, across = -(-len(scores) // 4), min(len(scores), 4)
    figure = new_figure((2.6 * across, 2.5 * rows))
    places = figure.subplots(rows, across, squeeze=False).ravel()
    for axes in places[len(scores) :]:
        axes.set_visible(False)
    for axes, (name, row) in zip(places, scores.items(), strict=False):
        known, unknown = (np.array(row["values"][which]) for which in ("known", "unknown"))
        both = np.concatenate([known, unknown])
        edges = np.linspace(*np.quantile(both, [0.02, 1]), 31)
        for values, colour, label in ((known, KNOWN, "known"), (unknown, UNKNOWN, "unknown")):
            axes.hist(np.clip(values, edges[0], None), edges, color=colour, alpha=0.6, label=label)
        axes.axvline(row["threshold"], color="black", linewidth=1, linestyle="--")
        axes.set(title=f"{name}\nmean AUROC {row['mean_auroc']:.3f}", yticks=[])
        axes.title.set_size(9)
        axes.tick_params(labelsize=7)
    figure.axes[0].legend(fontsize=8)
    save(figure, path, 110)


def draw_snr(part: dict[str, Any], path: Path) -> None:
    """Bias and RMS error of the SNR estimate in each bin."""
    rows = part["rows"]
    middle = [(row["low_db"] + row["high_db"]) / 2 for row in rows]
    figure = new_figure((6.4, 3.4))
    axes = figure.subplots()
    axes.axhline(0, color="grey", linewidth=1)
    axes.plot(
        middle, [row["snr_rms_error_db"] for row in rows], "o-", color=KNOWN, label="RMS error"
    )
    axes.plot(middle, [row["snr_bias_db"] for row in rows], "s--", color=UNKNOWN, label="bias")
    axes.set(xlabel="SNR in the sampled bandwidth (dB)", ylabel="SNR estimate (dB)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    save(figure, path, 110)
