# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes by name: one file a kind."""

from __future__ import annotations

from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes import denomae10, live, live11, paper10, radioml24

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        live.LIVE,
        live.STRONG,
        live11.LIVE11,
        live11.HARD,
        denomae10.DENOMAE10,
        paper10.PAPER10,
        paper10.NO_POWER,
        radioml24.RADIOML24,
    )
}
