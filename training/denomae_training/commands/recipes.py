# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train recipes`."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, dataclass
from typing import Any

from denomae_training.commands.common import recipe_of
from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes import RECIPES


@dataclass(frozen=True)
class Recipes:
    """List the recipes: classes, frame length, samples a symbol, range of SNR."""

    name: str | None = None
    """One recipe alone, with every parameter of it."""
    json: bool = False
    """One JSON object a line instead of text."""

    def run(self) -> None:
        recipes = [recipe_of(self.name)] if self.name else list(RECIPES.values())
        for recipe in recipes:
            if self.json:
                print(json.dumps(asdict(recipe)))
            else:
                print(_text(recipe, whole=self.name is not None))


def _text(recipe: Recipe, whole: bool) -> str:
    low, high = recipe.samples_per_symbol
    rate = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    lines = [
        recipe.name,
        f"  frame length  {recipe.frame_length} samples, {rate} a symbol",
        f"  SNR           {recipe.snr_db[0]:g} to {recipe.snr_db[1]:g} dB",
        f"  classes       {len(recipe.classes)}: {' '.join(recipe.classes)}",
    ]
    if whole:
        known = set(Recipe.__dataclass_fields__) - {"class_weights"}
        more: dict[str, Any] = {k: v for k, v in asdict(recipe).items() if k not in known}
        lines += [f"  {key:13s} {value}" for key, value in more.items()]
        lines += ["", inspect.getdoc(inspect.getmodule(type(recipe))) or ""]
    return "\n".join(lines)
