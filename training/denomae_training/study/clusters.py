# SPDX-License-Identifier: GPL-3.0-or-later
"""How close the pictures of a class lie: as published, and free of the features' scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from denomae.errors import DenomaeError


@dataclass(frozen=True)
class Clusters:
    """What is measured of features [N, width] and their classes.

    Attributes:
        radius: as published: the mean distance of a class's points from their centroid, for each
            class. Features that are all doubled double it.
        centroid_distance: the mean distance between the centroids of two classes.
        silhouette: -1..1, mean over pictures (Rousseeuw 1987).
    """

    radius: tuple[float, ...]
    centroid_distance: float
    silhouette: float

    @property
    def mean_radius(self) -> float:
        return float(np.mean(self.radius))

    @property
    def relative_radius(self) -> float:
        """Mean radius over the distance of centroids: below 1 where classes lie apart."""
        return self.mean_radius / max(self.centroid_distance, 1e-12)


def clusters(values: Tensor, class_index: Tensor, class_count: int) -> Clusters:
    """Measure features float [N, width] of classes int64 [N].

    Raises:
        DenomaeError: a class has fewer than two pictures, or there is no scikit-learn.
    """
    counts = torch.bincount(class_index, minlength=class_count)
    if int(counts.min()) < 2:
        raise DenomaeError(
            f"class {int(counts.argmin())} has {int(counts.min())} pictures, wanted at least two "
            "to measure a cluster"
        )
    try:
        from sklearn.metrics import silhouette_score
    except ImportError as error:
        raise DenomaeError(
            "no scikit-learn, wanted it for the silhouette: pip install scikit-learn"
        ) from error
    values = values.double()
    groups = [values[class_index == number] for number in range(class_count)]
    centroids = torch.stack([group.mean(0) for group in groups])  # [C, width]
    radius = tuple(
        float((group - centre).norm(dim=1).mean())
        for group, centre in zip(groups, centroids, strict=True)
    )
    apart = torch.pdist(centroids).mean()
    silhouette = silhouette_score(values.numpy(), class_index.numpy())
    return Clusters(radius, float(apart), float(silhouette))


def plane(values: Tensor, seed: int) -> Tensor:
    """t-SNE of features [N, width]: float32 [N, 2], the same for the same seed.

    Raises:
        DenomaeError: fewer than 20 pictures, or there is no scikit-learn.
    """
    if len(values) < 20:
        raise DenomaeError(f"t-SNE got {len(values)} pictures, wanted 20 or more")
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise DenomaeError(
            "no scikit-learn, wanted it for t-SNE: pip install scikit-learn"
        ) from error
    values = (values - values.mean(0)) / values.std().clamp_min(1e-12)  # one scale for all
    perplexity = min(30.0, (len(values) - 1) / 4)
    made = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(values.numpy())
    return torch.from_numpy(made).float()
