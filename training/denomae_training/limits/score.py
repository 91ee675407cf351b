# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the likelihood classifier is right, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Score:
    """Accuracy over equally frequent classes, with standard errors.

    Attributes:
        accuracy, standard_error: 0..1.
        confusion: [true class, named class], rows of sum 1.
        class_standard_error: of the diagonal, [C].
    """

    accuracy: float
    standard_error: float
    confusion: np.ndarray
    class_standard_error: np.ndarray

    @property
    def class_accuracy(self) -> np.ndarray:
        return np.diagonal(self.confusion)


def score(log_likelihood: np.ndarray, truth: np.ndarray, group: np.ndarray | None = None) -> Score:
    """Name the likeliest class of each trial; equal likelihoods share the answer evenly.

    Args:
        log_likelihood: [T, C]. Classes of one waveform must have equal numbers.
        truth: int [T].
        group: int [T]; trials of one group share what was drawn for all of them, so that their
            outcomes are not independent. None: all are.
    """
    named = log_likelihood == log_likelihood.max(1, keepdims=True)
    shares = named / named.sum(1, keepdims=True)  # [T, C]
    group = np.arange(len(truth)) if group is None else group
    classes = log_likelihood.shape[1]
    confusion = np.stack([shares[truth == c].mean(0) for c in range(classes)])
    right = shares[np.arange(len(truth)), truth] - np.diagonal(confusion)[truth]  # of mean 0
    weight = 1 / (np.bincount(truth, minlength=classes)[truth])
    class_error = np.array(
        [_error((right * weight)[truth == c], group[truth == c]) for c in range(classes)]
    )
    return Score(
        float(np.diagonal(confusion).mean()),
        _error(right * weight / classes, group),
        confusion,
        class_error,
    )


def _error(parts: np.ndarray, group: np.ndarray) -> float:
    """Standard error of the sum of `parts`, of mean 0, independent from group to group."""
    groups, place = np.unique(group, return_inverse=True)
    sums = np.bincount(place, weights=parts)
    return float(np.sqrt(np.sum(sums**2) * len(groups) / max(len(groups) - 1, 1)))
