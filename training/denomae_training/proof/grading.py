# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a classifier is right about frames of known class, by SNR: class, merged, family."""

from __future__ import annotations

from typing import Any

import numpy as np

from denomae_training.evaluation.wilson import wilson
from denomae_training.proof.said import Said, Subject
from denomae_training.proof.settings import APART, MERGED


def share(right: np.ndarray) -> dict[str, Any]:
    """A share with its Wilson interval of 95 %, of a mask; None of no frames."""
    if not len(right):
        return {"frames": 0, "right": 0, "share": None, "low": None, "high": None}
    low, high = wilson(int(right.sum()), len(right))
    return {
        "frames": len(right),
        "right": int(right.sum()),
        "share": round(float(right.mean()), 5),
        "low": round(low, 5),
        "high": round(high, 5),
    }


class Graded:
    """Answers beside the truth.

    Args:
        truth: class numbers of the checkpoint, int [F].
        snr_db: float [F].
    """

    def __init__(self, subject: Subject, said: Said, truth: np.ndarray, snr_db: np.ndarray) -> None:
        classes = subject.config.classes
        groups = np.array([classes.index(_merged(name, classes)) for name in classes])
        self.classes, self.truth, self.snr_db = classes, truth, snr_db
        self.named = subject.probabilities(said).argmax(1)
        self.right = self.named == truth
        self.merged = groups[self.named] == groups[truth]
        family = subject.family_probabilities(said).argmax(1)
        self.family = family == subject.family_index(truth)
        self.apart = np.isin(truth, [classes.index(name) for name in APART if name in classes])

    def row(self, which: np.ndarray) -> dict[str, Any]:
        """The three shares of the frames of a mask; class and merged ones without those apart.

        All classes have equally many frames, so that a share is a mean over classes.
        """
        ours = which & ~self.apart
        return {
            "class": share(self.right[ours]),
            "merged": share(self.merged[ours]),
            "apart": share(self.right[which & self.apart]),
            "family": share(self.family[which]),
        }

    def report(self) -> dict[str, Any]:
        """A row for each SNR, and what was taken for what over all of them."""
        grid = sorted(set(self.snr_db.tolist()))
        confusion = np.zeros((len(self.classes), len(self.classes)), int)
        np.add.at(confusion, (self.truth, self.named), 1)
        return {
            "classes": list(self.classes),
            "rows": [
                {"snr_db": at, "accuracy": round(float(self.right[self.snr_db == at].mean()), 5)}
                | self.row(self.snr_db == at)
                | {"class_accuracy": self._by_class(self.snr_db == at, self.right)}
                | {"family_accuracy": self._by_class(self.snr_db == at, self.family)}
                for at in grid
            ],
            "confusion": confusion.tolist(),
        }

    def _by_class(self, which: np.ndarray, right: np.ndarray) -> dict[str, float]:
        numbers = np.unique(self.truth)
        return {
            self.classes[number]: round(float(right[which & (self.truth == number)].mean()), 4)
            for number in numbers
        }


def _merged(name: str, classes: tuple[str, ...]) -> str:
    other = MERGED.get(name, name)
    return other if other in classes else name
