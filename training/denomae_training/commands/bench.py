# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train bench`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import tyro

from denomae.bench.machine import machine
from denomae.bench.row import table
from denomae.errors import DenomaeError
from denomae_training.commands.common import recipe_of


@dataclass(frozen=True)
class Bench:
    """Measure how fast training's parts are on this machine."""

    what: Annotated[Literal["signals"], tyro.conf.Positional]
    """signals: synthesis, by class, on one core and with two workers."""
    recipe: str = "live"
    frame_length: int | None = None
    """Samples a frame; by default 4,096 for `live`, else the recipe's own."""
    seconds: float = 60.0
    """For about how long."""
    json: bool = False
    """Print one JSON object a row instead of a table."""

    def run(self) -> None:
        from denomae_training.bench.signals import rows

        if not self.seconds > 0:
            raise DenomaeError(f"--seconds is {self.seconds:g}, wanted seconds above 0")
        recipe = recipe_of(self.recipe)
        length = self.frame_length or (4096 if recipe.name == "live" else recipe.frame_length)
        recipe = replace(recipe, frame_length=length)
        for line in machine():
            print(f"denomae-train: {line}", file=sys.stderr)
        measured = []
        for row in rows(recipe, self.seconds):
            measured.append(row)
            if self.json:
                print(row.to_json(), flush=True)
        if not self.json:
            print("\n".join(table(measured)))
