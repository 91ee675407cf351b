# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as pictures: accuracy beside the limit, confusion, reliability."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from denomae_training.checks.figure import new_figure, save
from denomae_training.evaluation.scores import Report

MODEL, LIMIT = "#20639b", "#d1495b"


def draw_report(report: Report, title: str, folder: Path) -> list[Path]:
    """Write `accuracy.png`, `confusion.png` and `reliability.png`; returns their paths.

    Raises:
        DenomaeError: there is no matplotlib.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for draw in (draw_curve, draw_confusion, draw_reliability):
        path = folder / f"{draw.__name__.removeprefix('draw_').replace('curve', 'accuracy')}.png"
        draw(report, title, path)
        drawn.append(path)
    return drawn


def draw_curve(report: Report, title: str, path: Path) -> None:
    """Accuracy by SNR with its interval as a band, beside the limit with three standard errors."""
    figure = new_figure((7.6, 4.4))
    axes = figure.subplots()
    rows = report["rows"]
    snr = [row["snr_db"] for row in rows]

    def percent(name: str, of: list[Report] = rows) -> list[float]:
        return [100 * row[name] for row in of]

    axes.fill_between(snr, percent("low"), percent("high"), color=MODEL, alpha=0.25, linewidth=0)
    axes.plot(snr, percent("accuracy"), "o-", color=MODEL, markersize=4,
              label="this model, with its interval of 95 %")  # fmt: skip
    if report["merged"] is not None:
        axes.plot(snr, percent("merged"), ":", color=MODEL, label="classes of one waveform as one")
    known = [row for row in rows if row["limit"] is not None]
    if known:
        error = [3 * e for e in percent("limit_error", known)]
        style = {"fmt": "s--", "color": LIMIT, "capsize": 3, "markersize": 3}
        where = [row["snr_db"] for row in known]
        label = "limit, ± 3 standard errors"
        axes.errorbar(where, percent("limit", known), error, label=label, **style)
    axes.set(xlabel="SNR in the sampled bandwidth (dB)", ylabel="accuracy (%)", ylim=(0, 104),
             title=title)  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
    save(figure, path, 110)


def draw_confusion(report: Report, title: str, path: Path) -> None:
    """What is taken for what, over all SNRs alike, in percent of the true class."""
    classes = report["classes"]
    counts = np.array(report["confusion"], float)
    shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = 2.2 + 0.42 * len(classes)
    figure = new_figure((side, side))
    axes = figure.subplots()
    axes.imshow(shares, cmap="YlGnBu", vmin=0, vmax=100)
    for y, x in np.ndindex(shares.shape):
        if shares[y, x] >= 0.5:
            axes.text(x, y, f"{shares[y, x]:.0f}", ha="center", va="center", fontsize=7,
                      color="white" if shares[y, x] > 60 else "black")  # fmt: skip
    axes.set_xticks(range(len(classes)), classes, rotation=60, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="named", ylabel="true", title=title)
    save(figure, path, 110)


def draw_reliability(report: Report, title: str, path: Path) -> None:
    """How often a model is right where it is so sure, with the number of frames below."""
    figure = new_figure((4.8, 5.2))
    top, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    bins = report["reliability"]
    confidence = [100 * part["confidence"] for part in bins]
    top.plot([0, 100], [0, 100], "--", color="grey", linewidth=1)
    top.plot(confidence, [100 * part["accuracy"] for part in bins], "o-", color=MODEL)
    error = report["calibration_error"]
    top.set(ylabel="right (%)", title=f"{title}\ncalibration error {error:.3f}", ylim=(0, 102))
    top.grid(alpha=0.3)
    middles = [50 * (part["low"] + part["high"]) for part in bins]
    below.bar(middles, [part["frames"] for part in bins], width=100 / 15, color=MODEL, alpha=0.6)
    below.set(xlabel="confidence (%)", ylabel="frames")
    save(figure, path, 110)
