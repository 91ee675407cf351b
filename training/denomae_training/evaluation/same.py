# SPDX-License-Identifier: GPL-3.0-or-later
"""Which classes of a recipe are one and the same waveform, so that nobody can tell them apart."""

from __future__ import annotations

from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes.paper10 import Paper10


def same_waveforms(recipe: Recipe) -> tuple[tuple[str, ...], ...]:
    """Groups of two or more classes, such as 4ask and 4pam of the published generator."""
    if not isinstance(recipe, Paper10):
        return ()  # no waveform of ours belongs to two classes
    groups: dict[bytes, list[str]] = {}
    for name in recipe.classes:
        key = b"gmsk" if name == "gmsk" else recipe.points(name).tobytes()
        groups.setdefault(key, []).append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
