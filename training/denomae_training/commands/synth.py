# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train synth`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from denomae.errors import DenomaeError
from denomae_training.commands.common import recipe_of
from denomae_training.data.plan import Plan
from denomae_training.data.written import write_set
from denomae_training.signals.recipe import Recipe


@dataclass(frozen=True)
class Synth:
    """Write a recipe's frames to disk, as a labelled set for any program."""

    write: Path
    """Folder that gets the set. The same command goes on with a set that was stopped."""
    frames: int
    """How many frames."""
    recipe: str = "live"
    classes: tuple[str, ...] = ()
    """Frames of these classes alone."""
    snr_db: tuple[float, float] | None = None
    """From, to; without it the recipe's own range."""
    seed: int = 1
    format: Literal["sigmf", "hdf5"] = "sigmf"
    """SigMF recordings with an annotation a frame, or one HDF5 file in the form of RadioML 2018."""
    workers: int = 1
    """Processes that synthesize."""

    def run(self) -> None:
        recipe = only(recipe_of(self.recipe), self.classes)
        if self.snr_db is not None:
            recipe = replace(recipe, snr_db=self.snr_db)
        plan = Plan(recipe, self.seed, self.frames, self.format)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(self.recipe, total=self.frames)
            added = write_set(plan, self.write, self.workers, lambda n: bar.advance(task, n))
        size = sum(path.stat().st_size for path in self.write.iterdir())
        print(
            f"{self.write} holds {self.frames} frames of {self.recipe}, seed {self.seed},"
            f" {size / 1e6:.1f} MB" + ("" if added else "; it was whole already")
        )


def only(recipe: Recipe, classes: tuple[str, ...]) -> Recipe:
    """A recipe that draws some of its classes alone, equally often; none named: as it is.

    Raises:
        DenomaeError: a class that it does not have.
    """
    unknown = [name for name in classes if name not in recipe.classes]
    if unknown:
        raise DenomaeError(
            f"the recipe {recipe.name} has no class {unknown[0]!r}; wanted some of "
            f"{', '.join(recipe.classes)}"
        )
    if not classes:
        return recipe
    weights = tuple(float(name in classes) for name in recipe.classes)
    return replace(recipe, class_weights=weights)
