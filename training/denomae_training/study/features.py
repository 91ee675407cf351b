# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the classes features show as they are: a linear probe, and the nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from denomae.errors import DenomaeError
from denomae_training.evaluation.probe import Features
from denomae_training.evaluation.probe import linear_probe as probe_of

NEIGHBOURS = 5


@dataclass(frozen=True)
class Seen:
    """Pictures as a frozen encoder sees them: float32 [N, width] and int64 [N]."""

    values: Tensor
    class_index: Tensor

    def as_features(self) -> Features:
        return Features(self.values, self.class_index, torch.full((len(self.values),), torch.nan))


def linear_probe(train: Seen, validation: Seen, test: Seen, class_count: int) -> float:
    """Accuracy on `test`, 0..1, of a logistic regression whose penalty `validation` chose."""
    parts = (each.as_features() for each in (train, validation, test))
    outcome, _ = probe_of(*parts, class_count=class_count)
    return outcome.accuracy


def nearest(train: Seen, test: Seen, neighbours: int = NEIGHBOURS) -> float:
    """The share of `test` whose class most of their nearest neighbours in `train` have, 0..1.

    Features are standardized by the mean and deviation of `train`; of two classes with as many
    votes the lower number counts.

    Raises:
        DenomaeError: there are fewer pictures than neighbours, or no scikit-learn.
    """
    if len(train.values) < neighbours:
        raise DenomaeError(
            f"{len(train.values)} pictures have no {neighbours} neighbours; give more pictures"
        )
    try:
        from sklearn.neighbors import KNeighborsClassifier
    except ImportError as error:
        raise DenomaeError(
            "no scikit-learn, wanted it for nearest neighbours: pip install scikit-learn"
        ) from error
    mean, deviation = train.values.mean(0), train.values.std(0).clamp_min(1e-6)
    fitted = KNeighborsClassifier(neighbours).fit(
        ((train.values - mean) / deviation).numpy(), train.class_index.numpy()
    )
    named = fitted.predict(((test.values - mean) / deviation).numpy())
    return float(np.mean(named == test.class_index.numpy()))
