# SPDX-License-Identifier: GPL-3.0-or-later
"""The rival that learns no features: a random forest on moments and cumulants.

It sees a frame as the networks do: at unit power or, where the recipe keeps it, at its own. There,
as in `paper10`, the power alone tells most classes apart. It sees all samples of a frame that is
longer than others, as an image does.

A thousand labels are few, and features that say nothing of a recipe cost accuracy: of white symbols
the products with the past say nothing, of shaped ones they say most. So three forests grow, and
each is asked for its own frames by the trees that did not learn from them ("out of bag"; no other
frame takes part). The one with the fewest features is kept that lies within a standard error of the
best.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from denomae.errors import DenomaeError
from denomae_training.data.source import Recorded
from denomae_training.evaluation import Outcome
from denomae_training.rivals.features import frame_features
from denomae_training.signals.item import Item
from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes.paper10 import Paper10

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier

TREES = 300
GROUPS = (("low",), ("low", "products"), ("low", "products", "high"))  # to choose from
_AT_ONCE = 500


@dataclass(frozen=True)
class Forest:
    """A trained forest, the recipe whose frames it names, and the features that it looks at."""

    recipe: Recipe
    trees: RandomForestClassifier
    groups: tuple[str, ...]

    def log_probabilities(self, items: Sequence[Item | Recorded]) -> np.ndarray:
        """float64 [F, classes]; one more tree that knows nothing keeps them from minus infinity."""
        count, classes = len(items), len(self.recipe.classes)
        shares = np.zeros((count, classes))
        if count:
            features = _chosen(item_features(items, self.recipe), self.groups)
            shares[:, self.trees.classes_] = self.trees.predict_proba(features)
        trees = self.trees.n_estimators
        return np.log((trees * shares + 1 / classes) / (trees + 1))

    def outcome(self, items: Sequence[Item | Recorded]) -> Outcome:
        """Its answers beside the truth; it estimates no SNR."""
        return Outcome(
            torch.from_numpy(self.log_probabilities(items)).float(),
            torch.full((len(items),), float("nan")),
            torch.tensor([item.class_index for item in items], dtype=torch.int64),
            torch.tensor([item.snr_db for item in items], dtype=torch.float32),
        )


def train_forest(
    items: Sequence[Item | Recorded], recipe: Recipe, seed: int, trees: int = TREES
) -> Forest:
    """Grow a forest on labelled frames.

    Args:
        items: the same that the networks learn from.
        seed: of the trees.

    Raises:
        DenomaeError: there are no frames, or scikit-learn is not installed.
    """
    if not items:
        raise DenomaeError("a forest of no labelled frames cannot grow; wanted one or more")
    features = item_features(items, recipe)
    truth = np.array([item.class_index for item in items])
    grown = []
    for groups in GROUPS:
        forest = random_forest(trees, seed, max_features=1 / 3, oob_score=True)
        with warnings.catch_warnings():  # of few frames some are in every tree's bag
            warnings.simplefilter("ignore", UserWarning)
            grown.append(Forest(recipe, forest.fit(_chosen(features, groups), truth), groups))
    scores = [forest.trees.oob_score_ for forest in grown]
    enough = max(scores) - (max(scores) * (1 - max(scores)) / len(items)) ** 0.5
    return next(f for f, score in zip(grown, scores, strict=True) if score >= enough)


def random_forest(trees: int, seed: int, **options: object) -> RandomForestClassifier:
    """An untrained forest on one core.

    Raises:
        DenomaeError: scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError as error:
        raise DenomaeError(
            f"the forest needs scikit-learn, and importing it says: {error}; install it, or "
            "leave the forest out"
        ) from error
    return RandomForestClassifier(trees, random_state=seed, n_jobs=1, **options)


def item_features(items: Sequence[Item | Recorded], recipe: Recipe) -> dict[str, np.ndarray]:
    """The groups of `frame_features` for frames of any lengths: float64 [F, D] each."""
    phased, powered = isinstance(recipe, Paper10), recipe.power_normalisation == "none"
    lengths = np.array([len(item.noisy) for item in items])
    parts, places = [], []
    for length in np.unique(lengths):
        alike = np.flatnonzero(lengths == length)
        for start in range(0, len(alike), _AT_ONCE):
            place = alike[start : start + _AT_ONCE]
            frames = np.stack([items[k].noisy for k in place])
            frames = frames if powered else _unit_power(frames)
            parts.append(frame_features(frames, phased, powered))
            places.append(place)
    order = np.argsort(np.concatenate(places))
    return {name: np.concatenate([part[name] for part in parts])[order] for name in parts[0]}


def _chosen(features: dict[str, np.ndarray], groups: tuple[str, ...]) -> np.ndarray:
    return np.concatenate([features[name] for name in groups], axis=1)


def _unit_power(frames: np.ndarray) -> np.ndarray:
    power = np.mean(np.abs(frames.astype(np.complex128)) ** 2, axis=1, keepdims=True)
    return (frames / np.sqrt(np.where(power > 0, power, 1.0))).astype(np.complex64)
