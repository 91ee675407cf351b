# SPDX-License-Identifier: GPL-3.0-or-later
"""A limit as a table, as JSON and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from denomae_training.limits.score import Score

Row = dict[str, Any]


def row_of(snr_db: float, classes: Sequence[str], limit: Score, views: dict[str, Score]) -> Row:
    """One SNR, as the JSON holds it: accuracies and standard errors 0..1."""

    def by_class(values: np.ndarray) -> dict[str, float]:
        return {name: round(float(v), 5) for name, v in zip(classes, values, strict=True)}

    return {
        "snr_db": snr_db,
        "accuracy": round(limit.accuracy, 5),
        "standard_error": round(limit.standard_error, 5),
        "class_accuracy": by_class(limit.class_accuracy),
        "class_standard_error": by_class(limit.class_standard_error),
        "confusion": np.round(limit.confusion, 5).tolist(),
        "views": {
            name: {
                "accuracy": round(view.accuracy, 5),
                "standard_error": round(view.standard_error, 5),
                "class_accuracy": by_class(view.class_accuracy),
            }
            for name, view in views.items()
        },
    }


def header(classes: Sequence[str], views: Sequence[str]) -> str:
    """The line above the rows."""
    widths = [max(4, len(name)) for name in classes]
    names = " ".join(f"{name:>{width}}" for name, width in zip(classes, widths, strict=True))
    columns = "".join(f"{name:>{_width(name)}}" for name in ("limit %", *views))
    return f"SNR dB{columns}   by class: {names}"


def line(row: Row) -> str:
    """A row of the table, percentages."""
    shown = "".join(
        f"{_percent(each['accuracy'], each['standard_error']):>{_width(name)}}"
        for name, each in (("limit %", row), *row["views"].items())
    )
    classes = " ".join(
        f"{100 * value:{max(4, len(name))}.0f}" for name, value in row["class_accuracy"].items()
    )
    return f"{row['snr_db']:6g}{shown}             {classes}"


def confusion_lines(rows: Sequence[Row], classes: Sequence[str]) -> list[str]:
    """What is taken for what, over all SNRs alike: percentages, a row a true class."""
    mean = np.mean([row["confusion"] for row in rows], 0)
    width = max(map(len, classes)) + 1
    lines = ["true \\ named".ljust(width + 4) + "".join(f"{name:>{width}}" for name in classes)]
    for name, shares in zip(classes, mean, strict=True):
        lines.append(f"{name:{width + 4}}" + "".join(f"{100 * v:{width}.0f}" for v in shares))
    return lines


def _width(name: str) -> int:
    return max(13, len(name) + 2)


def _percent(accuracy: float, error: float) -> str:
    return f"{100 * accuracy:.1f} ± {100 * error:.1f}"


def draw_limit(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw the limit by SNR with three standard errors, its views, and every class.

    Args:
        rows: of one or more SNRs.
        path: the PNG to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = sorted(rows, key=lambda row: row["snr_db"])
    classes = list(rows[0]["class_accuracy"])
    snr = [row["snr_db"] for row in rows]
    place = np.arange(len(snr))
    figure = Figure(figsize=(8.4, 3.2 + 0.27 * len(classes)), layout="constrained")
    FigureCanvasAgg(figure)
    top, below = figure.subplots(2, 1, height_ratios=[3, max(3, 0.3 * len(classes))], sharex=True)
    _curve(top, place, rows, "limit", "o-", "#20639b")
    for name, colour in zip(rows[0]["views"], ("#d1495b", "#3caea3", "#f6a01a"), strict=False):
        views = [row["views"][name] for row in rows]
        _curve(top, place, views, name, "s--", colour)
    for x, row in zip(place, rows, strict=True):
        top.annotate(f"{100 * row['accuracy']:.1f}", (x, 100 * row["accuracy"]), (0, 6),
                     textcoords="offset points", ha="center", fontsize=8)  # fmt: skip
    top.set(ylabel="accuracy, all classes (%)", ylim=(0, 112), title=title)
    top.set_yticks(range(0, 101, 20))
    top.grid(alpha=0.3)
    top.legend(loc="lower right", fontsize=8, title="bars: ± 3 standard errors", title_fontsize=8)
    table = np.array([[row["class_accuracy"][name] for row in rows] for name in classes])
    below.imshow(100 * table, aspect="auto", cmap="YlGnBu", vmin=0, vmax=100)
    for y, x in np.ndindex(table.shape):
        colour = "white" if table[y, x] > 0.6 else "black"
        below.text(x, y, f"{100 * table[y, x]:.0f}", ha="center", va="center", color=colour,
                   fontsize=8)  # fmt: skip
    below.set_yticks(range(len(classes)), classes)
    below.set_xticks(place, [f"{value:g}" for value in snr])
    below.set_xlabel("SNR in the sampled bandwidth (dB)")
    figure.savefig(path, dpi=110)


def _curve(axes, place, rows, label: str, style: str, colour: str) -> None:
    accuracy = [100 * row["accuracy"] for row in rows]
    error = [300 * row["standard_error"] for row in rows]
    axes.errorbar(
        place, accuracy, error, fmt=style, color=colour, capsize=3, markersize=4, label=label
    )
