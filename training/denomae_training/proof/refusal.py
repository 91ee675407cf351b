# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores by which a model may refuse a frame, and how well each tells known from unknown.

Every score is larger the more familiar a frame looks. Those of `FROM_LOGITS` need nothing of it
but its logits, so that a live model has them for free (`distance` was fitted on known frames
before); the others look into a bank of features of known frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from denomae.checkpoint import Refusal
from denomae.refusal import PLAIN, scorer
from denomae_training.evaluation.calibration import distance_of
from denomae_training.evaluation.outcome import Outcome
from denomae_training.proof.said import Said

FROM_LOGITS = (*PLAIN, "distance")
FROM_FEATURES = ("mahalanobis", "neighbour", "energy+mahalanobis")
NEIGHBOUR = 10  # of which neighbour the distance counts


class Bank:
    """Scores of frames; those of features are fitted on known frames.

    Args:
        said: of known frames, used for nothing else.
        class_index: their true classes, int [F].
        temperature: by which logits are divided.
    """

    def __init__(self, said: Said, class_index: np.ndarray, temperature: float) -> None:
        self._temperature = temperature
        nothing = torch.zeros(len(said))
        outcome = Outcome(said.logits, nothing, torch.from_numpy(class_index), nothing)
        self._distance = scorer(distance_of(outcome, temperature), temperature)
        features = said.features.numpy().astype(np.float64)
        self._mahalanobis = mahalanobis(features, class_index)
        self._neighbour = neighbour(features)
        self._deviations = {
            "energy": Deviations(from_logits(said.logits, temperature)["energy"]),
            "mahalanobis": Deviations(self._mahalanobis(features)),
        }

    def scores(self, said: Said) -> dict[str, np.ndarray]:
        """Each score by its name: float64 [F]."""
        features = said.features.numpy().astype(np.float64)
        found = from_logits(said.logits, self._temperature)
        found["distance"] = self._distance(said.logits).double().numpy()
        found["mahalanobis"] = self._mahalanobis(features)
        found["neighbour"] = self._neighbour(features)
        found["energy+mahalanobis"] = np.sum(
            [deviations(found[name]) for name, deviations in self._deviations.items()], axis=0
        )
        return found


class Deviations:
    """Scores in deviations from the median of known ones, so that two of them can be added; the
    deviation is that of a normal distribution with their quartiles."""

    def __init__(self, known: np.ndarray) -> None:
        low, self._middle, high = np.quantile(known, [0.25, 0.5, 0.75])
        self._scale = max((high - low) / 1.349, 1e-12)

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        return (scores - self._middle) / self._scale


def from_logits(logits: Tensor, temperature: float) -> dict[str, np.ndarray]:
    """The scores of logits [F, classes] that nothing is fitted for: float64 [F] each."""
    return {
        name: scorer(Refusal(name, 0.0, 0.0), temperature)(logits).double().numpy()
        for name in PLAIN
    }


def mahalanobis(
    features: np.ndarray, class_index: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """Minus the squared distance to the nearest class mean under one covariance for all classes.

    Source: Lee et al., arXiv 1807.03888; the covariance shrunk after Ledoit and Wolf, since a bank
    has few frames for its width.
    """
    numbers = np.unique(class_index)
    means = np.stack([features[class_index == number].mean(0) for number in numbers])
    place = np.searchsorted(numbers, class_index)
    spread = LedoitWolf(assume_centered=True).fit(features - means[place])
    root = np.linalg.cholesky(spread.precision_)  # distance = |(x - m) root|

    def score(wanted: np.ndarray) -> np.ndarray:
        turned = (wanted @ root)[:, None] - (means @ root)[None]
        return -np.square(turned).sum(2).min(1)

    return score


def neighbour(features: np.ndarray, number: int = NEIGHBOUR) -> Callable[[np.ndarray], np.ndarray]:
    """Minus the distance to the `number`th neighbour among features of unit length.

    Source: Sun et al., arXiv 2204.06507.
    """
    number = min(number, len(features))
    nearest = NearestNeighbors(n_neighbors=number).fit(_unit(features))

    def score(wanted: np.ndarray) -> np.ndarray:
        if not len(wanted):
            return np.empty(0)
        distance, _ = nearest.kneighbors(_unit(wanted))
        return -distance[:, -1]

    return score


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """The share of pairs in which the known one scores higher; ties count half."""
    truth = np.r_[np.ones(len(known)), np.zeros(len(unknown))]
    return float(roc_auc_score(truth, np.r_[known, unknown]))


def mean_auroc(known: np.ndarray, kinds: Mapping[str, np.ndarray]) -> float:
    """Over all kinds, each counting the same."""
    return float(np.mean([auroc(known, scores) for scores in kinds.values()]))


def refused(scores: np.ndarray, threshold: float) -> float:
    """The share below a threshold."""
    return float(np.mean(scores < threshold))
