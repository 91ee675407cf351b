# SPDX-License-Identifier: GPL-3.0-or-later
"""A recipe with more classes than it can make: those that recordings bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from denomae.errors import DenomaeError
from denomae_training.signals.families import FAMILIES
from denomae_training.signals.item import Item
from denomae_training.signals.recipe import Recipe

OTHER = "other"  # the family of a class of which nobody said one


@dataclass(frozen=True)
class Extended(Recipe):
    """Another recipe's frames, bit by bit, under a longer list of classes.

    It goes by the other's name: its scaling, frame length and ranges are that recipe's.

    Attributes:
        base: whose frames these are; its classes come first.
        added: the other classes in their order, each with its family.
    """

    base: Recipe = field(kw_only=True)
    added: tuple[tuple[str, str], ...] = field(kw_only=True)

    @property
    def families(self) -> dict[str, str]:
        return self.base.families | dict(self.added)

    @property
    def power_normalisation(self) -> Literal["unit", "none"]:
        return self.base.power_normalisation

    @property
    def synthesizes(self) -> Recipe:
        return self.base

    def item(self, rng: np.random.Generator, class_index: int, snr_db: float) -> Item:
        if class_index >= len(self.base.classes):
            raise DenomaeError(
                f"{self.name} cannot make {self.classes[class_index]}, which only recordings have"
            )
        return self.base.item(rng, class_index, snr_db)

    def signal(self, waveform: np.ndarray) -> np.ndarray:
        return self.base.signal(waveform)


def with_classes(recipe: Recipe, families: Mapping[str, str | None]) -> Recipe:
    """A recipe that also has these classes, behind its own and in this order.

    Args:
        families: new class → its family; None: the one that is known of it, else "other".

    Raises:
        DenomaeError: a class that the recipe has already.
    """
    if not families:
        return recipe
    twice = [name for name in families if name in recipe.classes]
    if twice:
        raise DenomaeError(f"the recipe {recipe.name} has the class {twice[0]} already")
    base = recipe.synthesizes
    before = recipe.added if isinstance(recipe, Extended) else ()
    added = [(name, family or FAMILIES.get(name, OTHER)) for name, family in families.items()]
    return Extended(
        recipe.name,
        (*recipe.classes, *families),
        recipe.frame_length,
        recipe.samples_per_symbol,
        recipe.snr_db,
        base=base,
        added=(*before, *added),
    )
