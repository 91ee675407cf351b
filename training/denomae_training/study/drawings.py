# SPDX-License-Identifier: GPL-3.0-or-later
"""The study's figures made again: reconstructions, t-SNE, maps, weights, PSNR and SSIM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from denomae_training.checks.figure import new_figure, save
from denomae_training.report.embedding import COLOURS, SHAPES
from denomae_training.study.results import Found

DPI = 110
BEFORE, AFTER = "#9a9a9a", "#0072B2"
LAYERS_SHOWN = 6
HEADS_SHOWN = 4


def draw_reconstructions(found: Sequence[Found], path: Path) -> bool:
    """A row a model and what it was shown; false where no model makes pictures."""
    found = [each for each in found if "example_made" in each.drawn()]
    if not found:
        return False
    count = len(found[0].drawn()["example_clean"])
    rows = 1 + 2 * len(found)
    figure = new_figure((1.05 * count + 1.9, 1.05 * rows + 0.3))
    grid = figure.subplots(rows, count, squeeze=False)
    _row(grid[0], found[0].drawn()["example_clean"], "clean")
    for number, each in enumerate(found):
        drawn = each.drawn()
        shown = drawn["example_shown"].clone()
        if each.figures[0]["fidelity"]["masks"]:
            hidden = drawn["example_hidden"][:, None].expand_as(shown) > 0.5
            shown[hidden] = 0.5
        _row(grid[1 + 2 * number], shown, f"{each.title}\nis shown")
        _row(grid[2 + 2 * number], drawn["example_made"], "makes")
    save(figure, path, DPI, 128)
    return True


def draw_planes(found: Sequence[Found], path: Path) -> None:
    """t-SNE of each model's features, before and after its classifier was trained."""
    figure = new_figure((2.55 * len(found) + 0.4, 5.6))
    grid = figure.subplots(2, len(found), squeeze=False)
    for column, each in zip(grid.T, found, strict=True):
        drawn = each.drawn()
        labels = drawn["plane_class"].numpy()
        for axes, plane, part in zip(
            column, ("plane", "tuned_plane"), ("clusters", "tuned_clusters"), strict=True
        ):
            place = drawn[plane].numpy()
            for index, label in enumerate(each.classes):
                points = place[labels == index]
                axes.scatter(points[:, 0], points[:, 1], s=7, lw=0, alpha=0.85, label=label,
                             color=COLOURS[index % len(COLOURS)],
                             marker=SHAPES[index // len(COLOURS) % len(SHAPES)])  # fmt: skip
            axes.set_xticks([])
            axes.set_yticks([])
            silhouette = each.figures[0][part]["silhouette"]
            axes.set_xlabel(f"silhouette {silhouette:.2f}".replace("-", "−"), fontsize=8)
        column[0].set_title(each.title, fontsize=9)
    grid[0][0].set_ylabel("pretrained", fontsize=9)
    grid[1][0].set_ylabel("after the classifier", fontsize=9)
    handles, names = grid[0][0].get_legend_handles_labels()
    columns = min(10, 3 * len(found))
    figure.legend(handles, names, loc="outside lower center", ncols=columns, fontsize=8,
                  frameon=False, markerscale=2)  # fmt: skip
    save(figure, path, DPI, 128)


def draw_maps(found: Sequence[Found], path: Path, pictures: int = 3) -> None:
    """Saliency, or attention a head, of some pictures: a block of columns a model."""
    counts = [min(HEADS_SHOWN, each.drawn()["maps"].shape[1]) for each in found]
    figure = new_figure((1.15 * (1 + sum(counts)) + 0.3, 1.15 * pictures + 0.75))
    grid = figure.subplots(pictures, 1 + sum(counts), squeeze=False)
    images = found[0].drawn()["map_images"]
    for row in range(pictures):
        _show(grid[row][0], images[row])
    grid[0][0].set_title("picture", fontsize=8)
    column = 1
    for each, count in zip(found, counts, strict=True):
        drawn = each.drawn()
        maps = drawn["maps"]
        attention = each.figures[0]["maps"]["kind"] == "attention"
        for head in range(count):
            for row in range(pictures):
                axes = grid[row][column]
                seen = F.interpolate(maps[row, head][None, None], images.shape[-2:])[0, 0]
                axes.imshow(seen, cmap="inferno", vmin=0, vmax=1, interpolation="nearest")
                axes.set_xticks([])
                axes.set_yticks([])
            kind = f"head {head + 1}" if attention else "saliency"
            title = each.title.replace(", ", ",\n") if head == 0 else ""
            grid[0][column].set_title(f"{title}\n{kind}" if title else kind, fontsize=7)
            column += 1
    save(figure, path, DPI, 192)


def draw_weights(found: Sequence[Found], path: Path) -> None:
    """Histograms of some layers of each model, over those of its first weights."""
    figure = new_figure((2.0 * LAYERS_SHOWN + 0.4, 1.5 * len(found) + 0.5))
    grid = figure.subplots(len(found), LAYERS_SHOWN, squeeze=False)
    for row, each in zip(grid, found, strict=True):
        drawn, layers = each.drawn(), each.figures[0]["weights"]["layers"]
        chosen = np.unique(np.linspace(0, len(layers) - 1, LAYERS_SHOWN).round().astype(int))
        for axes in row[len(chosen) :]:
            axes.set_visible(False)
        for axes, number in zip(row, chosen, strict=False):
            edges, after, before = drawn[f"weights_{number:02d}"].numpy()
            axes.step(edges, before, where="post", color=BEFORE, lw=0.9, label="at first")
            axes.step(edges, after, where="post", color=AFTER, lw=1.0, label="learnt")
            axes.set_title(layers[number]["name"], fontsize=6.5)
            axes.tick_params(labelsize=6, length=2)
            axes.set_yticks([])
        row[0].set_ylabel(each.title.replace(", ", ",\n"), fontsize=8)
    grid[0][0].legend(fontsize=6, frameon=False)
    save(figure, path, DPI, 64)


def draw_fidelity(found: Sequence[Found], path: Path) -> bool:
    """Histograms of PSNR and SSIM over the test pictures; false where no model makes pictures."""
    found = [each for each in found if "psnr_made" in each.drawn()]
    if not found:
        return False
    figure = new_figure((9.2, 4.8))
    parts = (("made", "whole, from the decoder"), ("masked", "hidden pixels alone"))
    rows = figure.subplots(2, 2)
    for row, (figure_name, label) in zip(rows, (("psnr", "PSNR (dB)"), ("ssim", "SSIM")),
                                         strict=True):  # fmt: skip
        for axes, (part, title) in zip(row, parts, strict=True):
            values = [each.drawn()[f"{figure_name}_{part}"].numpy() for each in found]
            low, high = min(v.min() for v in values), max(v.max() for v in values)
            for index, (each, some) in enumerate(zip(found, values, strict=True)):
                label_of = f"{each.title}: mean {some.mean():.2f}"
                axes.hist(some, 40, range=(low, high), histtype="step", lw=1.3, label=label_of,
                          color=COLOURS[index % len(COLOURS)])  # fmt: skip
            axes.set_xlabel(label, fontsize=8)
            axes.set_yticks([])
            axes.tick_params(labelsize=7)
            axes.legend(fontsize=6.5, frameon=False)
            if figure_name == "psnr":
                axes.set_title(title, fontsize=9)
    save(figure, path, DPI, 64)
    return True


def _row(row: Sequence[Any], images: Tensor, label: str) -> None:
    for axes, image in zip(row, images, strict=True):
        _show(axes, image)
    row[0].set_ylabel(label, fontsize=8, rotation=0, ha="right", va="center")


def _show(axes: Any, image: Tensor) -> None:
    """A picture [C, H, W] in 0..1."""
    values = image.clamp(0, 1).numpy()
    if len(values) == 3:
        axes.imshow(values.transpose(1, 2, 0), interpolation="nearest")
    else:
        axes.imshow(values.mean(0), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
