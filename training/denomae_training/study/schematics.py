# SPDX-License-Identifier: GPL-3.0-or-later
"""The two models drawn as boxes: what goes in, what becomes of it, what is compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from denomae_training.checks.figure import new_figure, save

BLUE, ORANGE, GREEN, GREY = "#cfe2f3", "#fce5cd", "#d9ead3", "#eeeeee"
DAE = (
    ("clean picture\nC × H × W", GREY),
    ("+ Gaussian noise,\ncut to 0..1", ORANGE),
    ("three convolutions\ndown", BLUE),
    ("latent\nMNIST 8×3×3\nCIFAR-10 48×4×4", GREEN),
    ("three convolutions\nup", BLUE),
    ("picture\nC × H × W", GREY),
)
MAE = (
    ("clean picture in\npatches of 2 × 2", GREY),
    ("three quarters\nhidden", ORANGE),
    ("ViT encoder,\nvisible patches\nand class token", BLUE),
    ("tokens\nMNIST 50×64\nCIFAR-10 65×192", GREEN),
    ("+ mask tokens,\nViT decoder", BLUE),
    ("patches\nof the picture", GREY),
)


def draw_schematic(masked: bool, path: Path) -> None:
    """Draw the masked or the denoising autoencoder."""
    boxes = MAE if masked else DAE
    loss = (
        "mean squared error, hidden patches alone" if masked else "mean squared error, all pixels"
    )
    figure = new_figure((9.6, 2.5))
    axes = figure.subplots()
    axes.set(xlim=(0, len(boxes) * 1.6), ylim=(0, 2.15))
    axes.axis("off")
    centres = [0.8 + 1.6 * number for number in range(len(boxes))]
    for centre, (text, colour) in zip(centres, boxes, strict=True):
        axes.text(centre, 1.45, text, ha="center", va="center", fontsize=8.5,
                  bbox={"boxstyle": "round,pad=0.45", "fc": colour, "ec": "#555555"})  # fmt: skip
    _arrows(axes, centres)
    _bracket(axes, centres[0], centres[-1], loss)
    _head(axes, centres[3], "class token → classifier" if masked else "latent → classifier")
    save(figure, path, 110, 64)


def _arrows(axes: Any, centres: Sequence[float]) -> None:
    for before, after in zip(centres, centres[1:], strict=False):
        axes.annotate("", (after - 0.62, 1.45), (before + 0.62, 1.45),
                      arrowprops={"arrowstyle": "->", "color": "#555555"})  # fmt: skip


def _bracket(axes: Any, left: float, right: float, text: str) -> None:
    axes.plot([left, left, right, right], [0.95, 0.25, 0.25, 0.95], color="#777777", lw=0.9)
    axes.text((left + right) / 2 - 1.6, 0.32, text, ha="center", va="bottom", fontsize=8.5)


def _head(axes: Any, centre: float, text: str) -> None:
    axes.annotate(text, (centre, 1.05), (centre + 0.15, 0.62), fontsize=8, ha="center",
                  arrowprops={"arrowstyle": "<-", "color": "#555555"})  # fmt: skip
