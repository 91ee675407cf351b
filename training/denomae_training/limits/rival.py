# SPDX-License-Identifier: GPL-3.0-or-later
"""A small classifier to hold against a limit: a random forest on ten power and moment features.

It sees frames at the recipe's own scale, where the clean signal's power is known and the noise thus
tells the SNR. `denomae_training.rivals.forest` sees them as networks do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from denomae_training.rivals.forest import random_forest
from denomae_training.signals.dataset import split_seed
from denomae_training.signals.item import Item
from denomae_training.signals.recipe import Recipe, synthesize


def moment_features(samples: np.ndarray) -> np.ndarray:
    """Ten features of a frame complex [N]: float64 [10].

    Noise adds nothing to the mean, to the second moment without conjugate, or to cumulants of
    order 4, so that these tell the signal's power; the total power tells the rest.
    """
    x = samples.astype(np.complex128)
    power = np.mean(np.abs(x) ** 2)
    second = np.mean(x**2)
    c40 = np.mean(x**4) - 3 * second**2
    c42 = np.mean(np.abs(x) ** 4) - np.abs(second) ** 2 - 2 * power**2
    neighbours = np.abs(np.mean(x[1:] * x[:-1].conj()))
    return np.array(
        [
            np.log(power),
            np.abs(np.mean(x)),
            _root(second.real, 2),
            _root(second.imag, 2),
            _root(c40.real, 4),
            _root(c42, 4),
            np.sqrt(np.abs(c40)) / power,
            c42 / power**2,
            second.real / power,
            neighbours / power,
        ]
    )


def _root(value: float, degree: int) -> float:
    """A root that keeps the sign: moments in units of an amplitude."""
    return float(np.sign(value) * np.abs(value) ** (1 / degree))


class MomentForest:
    """The forest, trained on the first items of a recipe's split `train`."""

    def __init__(self, recipe: Recipe, seed: int, labels: int) -> None:
        self.recipe, self.seed = recipe, seed
        self.forest = random_forest(300, seed)
        items = _items(recipe, split_seed(seed, "train"), labels)
        self.forest.fit(*_features(items))

    def accuracy(self, snr_db: float, frames: int) -> tuple[float, float]:
        """Share of right answers on test frames at an SNR, and its standard error."""
        at = replace(self.recipe, snr_db=(snr_db, snr_db))
        seed = split_seed(self.seed, f"test {snr_db:g} dB")
        features, truth = _features(_items(at, seed, frames))
        right = self.forest.predict(features) == truth
        return float(right.mean()), float(right.std() / np.sqrt(len(right)))


def _items(recipe: Recipe, seed: int, count: int) -> list[Item]:
    return [synthesize(recipe, seed, index) for index in range(count)]


def _features(items: list[Item]) -> tuple[np.ndarray, np.ndarray]:
    features = np.stack([moment_features(item.noisy) for item in items])
    return features, np.array([item.class_index for item in items])
