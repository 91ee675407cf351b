# SPDX-License-Identifier: GPL-3.0-or-later
"""How an encoder arranges frames: t-SNE of its pooled features, and figures free of scale.

The encoder has no class token: a frame's feature is the mean of its tokens, what the head gets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae_training.checks.figure import new_figure, save
from denomae_training.evaluation.probe import mean_token

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7f7f7f", "#8b5a2b")
SHAPES = ("o", "^", "s")
NEIGHBOURS = 5
DPI = 130


@dataclass(frozen=True)
class Embedding:
    """Frames on a plane, float [F, 2], and how well their classes lie apart in full width.

    Attributes:
        silhouette: -1..1, mean over frames (Rousseeuw 1987).
        neighbours: share of frames whose class most of their nearest five others have.
    """

    place: np.ndarray
    class_index: np.ndarray
    silhouette: float
    neighbours: float


@torch.inference_mode()
def features(
    encoder: nn.Module, views: Mapping[str, Tensor], inputs: Sequence[str], batch: int = 64
) -> np.ndarray:
    """The mean of each frame's tokens: float32 [F, width]."""
    parts = []
    for first in range(0, len(views[inputs[0]]), batch):
        some = {name: views[name][first : first + batch] for name in inputs}
        parts.append(mean_token(encoder, some))
    return torch.cat(parts).numpy()


def embed(values: np.ndarray, class_index: np.ndarray, seed: int) -> Embedding:
    """t-SNE of features [F, width]; the same for the same seed.

    Raises:
        DenomaeError: there is no scikit-learn, or there are too few frames.
    """
    try:
        from sklearn.manifold import TSNE
        from sklearn.metrics import silhouette_score
        from sklearn.neighbors import NearestNeighbors
    except ImportError as error:
        raise DenomaeError(
            "no scikit-learn, wanted it for t-SNE: pip install scikit-learn"
        ) from error
    if len(values) < 20 or len(set(class_index.tolist())) < 2:
        raise DenomaeError(
            f"t-SNE got {len(values)} frames of {len(set(class_index.tolist()))} classes; "
            "wanted 20 or more, of two or more"
        )
    values = (values - values.mean(0)) / max(float(values.std()), 1e-12)  # one scale for all
    perplexity = min(30.0, (len(values) - 1) / 4)
    place = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(values)
    near = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(values).kneighbors(values)[1]
    votes = class_index[[[n for n in row if n != i][:NEIGHBOURS] for i, row in enumerate(near)]]
    named = np.array([np.bincount(row).argmax() for row in votes])
    return Embedding(
        place,
        class_index,
        float(silhouette_score(values, class_index)),
        float((named == class_index).mean()),
    )


def draw_embeddings(
    found: Mapping[str, Mapping[float, Embedding]], classes: Sequence[str], path: Path
) -> None:
    """Draw them, a row a model, a column an SNR, coloured by class.

    Args:
        found: model's name to SNR in dB to its embedding.
        classes: names of the class indices.
        path: the PNG to write.
    """
    columns = max(len(by_snr) for by_snr in found.values())
    figure = new_figure((3.1 * columns + 0.3, 2.95 * len(found) + 0.7))
    grid = figure.subplots(len(found), columns, squeeze=False)
    for (name, by_snr), row in zip(found.items(), grid, strict=True):
        for (snr_db, embedding), axes in zip(by_snr.items(), row, strict=True):
            for index, label in enumerate(classes):
                points = embedding.place[embedding.class_index == index]
                axes.scatter(points[:, 0], points[:, 1], s=9, lw=0, alpha=0.85, label=label,
                             color=COLOURS[index % len(COLOURS)],
                             marker=SHAPES[index // len(COLOURS) % len(SHAPES)])  # fmt: skip
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_title(f"{snr_db:g} dB".replace("-", "−"), fontsize=9)
            text = f"silhouette {embedding.silhouette:.2f}, {NEIGHBOURS}-NN"
            axes.set_xlabel(f"{text} {100 * embedding.neighbours:.0f} %".replace("-0", "−0"),
                            fontsize=8)  # fmt: skip
        row[0].set_ylabel(name, fontsize=10)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(8, len(labels)),
                  fontsize=8, frameon=False, markerscale=2)  # fmt: skip
    save(figure, path, DPI, 192)
