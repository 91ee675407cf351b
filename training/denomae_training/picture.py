# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of an evaluation: every class at every SNR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def draw_accuracy(rows: list[dict[str, Any]], families: dict[str, str], path: Path) -> None:
    """Draw the rows that `denomae-train evaluate` prints.

    Args:
        rows: one an SNR, with `snr_db`, `accuracy` and `class_accuracy`.
        families: class to family; classes of one family stand together.
        path: the PNG to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    order = list(dict.fromkeys(families.values()))
    classes = sorted(rows[0]["class_accuracy"], key=lambda name: order.index(families[name]))
    snr = [row["snr_db"] for row in rows]
    table = np.array([[row["class_accuracy"][name] for row in rows] for name in classes])  # [C, S]
    figure = Figure(figsize=(8.4, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    top, below = figure.subplots(2, 1, height_ratios=[2, 3], sharex=True)
    place = np.arange(len(snr))
    top.plot(place, [100 * row["accuracy"] for row in rows], "o-", color="#20639b")
    for x, row in zip(place, rows, strict=True):
        text = f"{100 * row['accuracy']:.1f}"
        top.annotate(text, (x, 100 * row["accuracy"]), (0, -14), textcoords="offset points",
                     ha="center", fontsize=8)  # fmt: skip
    top.set(ylabel="accuracy, all classes (%)", ylim=(0, 104))
    top.grid(alpha=0.3)
    below.imshow(100 * table, aspect="auto", cmap="YlGnBu", vmin=0, vmax=100)
    for y, x in np.ndindex(table.shape):
        colour = "white" if table[y, x] > 0.6 else "black"
        below.text(
            x, y, f"{100 * table[y, x]:.0f}", ha="center", va="center", color=colour, fontsize=8
        )
    below.set_yticks(range(len(classes)), classes)
    below.set_xticks(place, [f"{value:g}" for value in snr])
    below.set_xlabel("SNR in the sampled bandwidth (dB)")
    figure.savefig(path, dpi=110)
