# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of a recipe for a proof: drawn by random numbers that nothing else draws by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from denomae_training.data.source import generator
from denomae_training.signals.recipe import Recipe


@dataclass(frozen=True)
class Drawn:
    """Frames complex64 [F, N], their class numbers int [F], and their SNR float [F], NaN where
    there is no signal."""

    frames: np.ndarray
    class_index: np.ndarray
    snr_db: np.ndarray


def drawn(
    recipe: Recipe,
    purpose: str,
    seed: int,
    count: int,
    snr_db: tuple[float, float],
    classes: Sequence[int] | None = None,
) -> Drawn:
    """Frames of a recipe, one class after another, at uniform SNR.

    Args:
        purpose: frames of one purpose are none of another's.
        snr_db: from, to.
        classes: their numbers; None: all.
    """
    recipe = recipe.synthesizes
    wanted = range(len(recipe.classes)) if classes is None else classes
    low, high = snr_db
    items = []
    for index in range(count):
        rng = generator(seed, f"proof {purpose}", index)
        level_db = low + (high - low) * rng.random()
        items.append(recipe.item(rng, wanted[index % len(wanted)], level_db))
    return Drawn(
        np.stack([recipe.signal(item.noisy) for item in items]),
        np.array([item.class_index for item in items]),
        np.array([item.snr_db for item in items]),
    )


def signals(recipe: Recipe) -> list[int]:
    """The numbers of the classes that have a signal."""
    return [n for n, name in enumerate(recipe.synthesizes.classes) if name != "noise"]
