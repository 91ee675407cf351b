# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's picture: constellations as the model sees them, and truth and label over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import torch
from scoring import Score, Truth, accuracy, by_class

from denomae.checkpoint import SHIPPED, read_config
from denomae.labels import Label
from denomae.modalities import build, unit_power

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec, GridSpecFromSubplotSpec

INK, PAPER, FAINT = "#1d2530", "#fbfaf7", "#8a919c"
RIGHT, WRONG, SPAN, EDGE = "#1a7f5a", "#d1342f", "#cfe3da", "#b0b6bf"
COLUMNS = 6


def draw(
    path: Path,
    samples: np.ndarray,
    sample_rate_hz: float,
    score: Score,
    classes: Sequence[str],
    checkpoint: str = "",
) -> None:
    """Write the picture.

    Args:
        path: the PNG.
        samples: complex64, the whole capture.
        sample_rate_hz: of the capture.
        score: labels and their truth.
        classes: the model's, in order.
        checkpoint: whose image specification is used; "" for the shipped model's.
    """
    with plt.rc_context({"font.size": 10, "text.color": INK, "axes.edgecolor": EDGE}):
        figure = plt.figure(figsize=(15, 13), dpi=110, facecolor=PAPER)
        rows = GridSpec(
            2, 1, figure, height_ratios=(5.5, 5.6), hspace=0.12,
            left=0.065, right=0.985, top=0.9, bottom=0.05,
        )  # fmt: skip
        cells = rows[0].subgridspec(2, COLUMNS, hspace=0.16, wspace=0.1)
        _constellations(figure, cells, samples, score, classes, checkpoint)
        plots = rows[1].subgridspec(2, 1, height_ratios=(4.6, 1.0), hspace=0.06)
        timeline = figure.add_subplot(plots[0])
        strip = figure.add_subplot(plots[1], sharex=timeline)
        _title(figure, score)
        _timeline(timeline, sample_rate_hz, score, classes)
        _confidence(strip, sample_rate_hz, score)
        timeline.set_xlim(0, len(samples) / sample_rate_hz)
        figure.savefig(path, facecolor=PAPER)
        plt.close(figure)


def _title(figure: plt.Figure, score: Score) -> None:
    reached = accuracy(score.signals(10.0))
    figure.text(0.015, 0.962, "What the model heard", size=22, weight="bold")
    figure.text(
        0.015,
        0.938,
        f"{len(score.verdicts)} frames judged, "
        + (
            "none at 10 dB or above"
            if reached is None
            else f"{reached:.1%} right at 10 dB and above"
        )
        + f"; {len(score.boundary)} frames across an edge left out",
        size=12,
        color=FAINT,
    )


def _constellations(
    figure: plt.Figure,
    grid: GridSpecFromSubplotSpec,
    samples: np.ndarray,
    score: Score,
    classes: Sequence[str],
    checkpoint: str,
) -> None:
    config = read_config(checkpoint or SHIPPED)
    length, image = config.architecture.frame_length, config.architecture.image
    shown = [(name, _clearest(score.truths, name)) for name in classes]
    shown = [(name, truth) for name, truth in shown if truth is not None]
    rows = by_class(score.verdicts)
    for number, (name, truth) in enumerate(shown[: 2 * COLUMNS]):
        begin = (truth.begin + truth.end - length) // 2
        frame = torch.from_numpy(samples[begin : begin + length].copy())[None]
        picture = build({"noisy": unit_power(frame)}, ["noisy_image"], image)["noisy_image"][0]
        axes = figure.add_subplot(grid[divmod(number, COLUMNS)])
        axes.imshow(picture.permute(1, 2, 0).numpy() ** 0.7, interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        reached = accuracy([v for row in rows.get(name, {}).values() for v in row])
        ratio = "" if truth.snr_db is None else f"{truth.snr_db:g} dB"
        axes.set_title(name, loc="left", size=12, weight="bold", pad=5)
        axes.set_title(ratio, loc="center", size=9, color=FAINT, pad=5)
        if reached is not None:
            colour = RIGHT if reached >= 0.9 else WRONG
            axes.set_title(f"{reached:.0%}", loc="right", size=12, color=colour, pad=5)
    if len(shown) < 2 * COLUMNS:
        _legend(figure.add_subplot(grid[divmod(2 * COLUMNS - 1, COLUMNS)]))


def _legend(axes: Axes) -> None:
    axes.axis("off")
    axes.scatter([], [], marker="s", s=130, color=SPAN, label="truth")
    axes.scatter([], [], s=26, color=RIGHT, label="label, right")
    axes.scatter([], [], s=34, color=WRONG, label="label, wrong")
    axes.scatter([], [], s=34, facecolor="none", edgecolor=INK, label="called unknown")
    axes.scatter([], [], marker="|", s=70, color=FAINT, label="across an edge")
    axes.legend(
        loc="center left",
        frameon=False,
        fontsize=11,
        labelspacing=0.75,
        borderaxespad=0.0,
        alignment="left",
        title="One frame of each class as the\nmodel sees it, and the share of\n"
        "right labels. Over time, below:",
    )


def _clearest(truths: Sequence[Truth], name: str) -> Truth | None:
    spans = [truth for truth in truths if truth.label == name]
    return max(spans, key=lambda truth: truth.snr_db or 0.0, default=None)


def _seconds(labels: Sequence[Label], sample_rate_hz: float) -> list[float]:
    return [(label.sample_offset + label.sample_count / 2) / sample_rate_hz for label in labels]


def _timeline(axes: Axes, sample_rate_hz: float, score: Score, classes: Sequence[str]) -> None:
    row = {name: number for number, name in enumerate(classes)}
    for truth in score.truths:
        begin, width = truth.begin / sample_rate_hz, (truth.end - truth.begin) / sample_rate_hz
        axes.broken_barh([(begin, width)], (row[truth.label] - 0.42, 0.84), color=SPAN, zorder=1)
        if truth.snr_db is not None:
            where = (begin + width / 2, -0.75)
            axes.annotate(f"{truth.snr_db:g}", where, ha="center", size=9, color=FAINT)
    edge = [label for label in score.boundary if label.label in row]
    rows = [row[label.label] for label in edge]
    axes.scatter(_seconds(edge, sample_rate_hz), rows, marker="|", s=60, color=FAINT, zorder=2)
    for right, colour, size in ((True, RIGHT, 14), (False, WRONG, 24)):
        chosen = [v.label for v in score.verdicts if v.right is right and v.label.label in row]
        for hollow in (False, True):
            part = [label for label in chosen if (label.verdict == "unknown") is hollow]
            axes.scatter(
                _seconds(part, sample_rate_hz),
                [row[label.label] for label in part],
                s=size,
                facecolor="none" if hollow else colour,
                edgecolor=colour,
                linewidth=1.1,
                zorder=3 + (not right),
            )
    axes.set_yticks([-0.85, *range(len(classes))], ["SNR (dB)", *classes], size=11)
    axes.get_yticklabels()[0].set(color=FAINT, size=9)
    axes.set_ylim(len(classes) - 0.4, -1.2)
    axes.tick_params(labelbottom=False)
    _plain(axes)


def _confidence(axes: Axes, sample_rate_hz: float, score: Score) -> None:
    for right, colour in ((True, RIGHT), (False, WRONG)):
        chosen = [v.label for v in score.verdicts if v.right is right]
        values = [label.confidence for label in chosen]
        axes.scatter(_seconds(chosen, sample_rate_hz), values, s=6, color=colour)
    axes.set_ylim(-0.04, 1.06)
    axes.set_yticks((0, 0.5, 1), ("0", "50 %", "100 %"))
    axes.set_ylabel("confidence", color=INK)
    axes.set_xlabel("seconds", color=INK)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.set_facecolor(PAPER)
    axes.grid(color="#e6e4de", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
