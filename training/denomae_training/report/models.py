# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints that a report looks into, and the frames that it shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from denomae.checkpoint import CheckpointConfig, load_model, read_config
from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES
from denomae_training.commands.configuration import read_configuration
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.signals.dataset import make_batch, split_seed
from denomae_training.signals.recipe import Recipe, drawn_class


@dataclass(frozen=True)
class Loaded:
    """A checkpoint with what its run's `run.yaml` says, {} where there is none."""

    name: str
    config: CheckpointConfig
    model: nn.Module
    command: dict[str, Any]

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the model can be shown in the field: the noisy modalities that it knows."""
        return tuple(name for name in LIVE_MODALITIES if name in self.config.modalities)

    @property
    def encoder(self) -> nn.Module:
        return getattr(self.model, "encoder", self.model)

    def choice(self, name: str, default: Any) -> Any:
        """A field of the run's objective."""
        objective = self.command.get("objective")
        return objective.get(name, default) if isinstance(objective, dict) else default


def load(given: str) -> Loaded:
    """A checkpoint, from `NAME=FOLDER` or `FOLDER`: of a checkpoint, or of the run that left it.

    Raises:
        DenomaeError: it is none, or it knows no noisy modality.
    """
    name, sign, path = given.partition("=")
    folder = Path(path if sign else given)
    inside = folder / "checkpoint"
    if inside.is_dir():
        folder = inside
    run = folder.parent if folder.name == "checkpoint" else folder
    if not sign:
        name = run.name
    config = read_config(folder)
    loaded = Loaded(name, config, load_model(folder, config), _command(run / "run.yaml"))
    if not loaded.inputs:
        raise DenomaeError(
            f"{folder} knows {list(config.modalities)}, wanted one of {list(LIVE_MODALITIES)}"
        )
    return loaded


def frames_at(
    recipe: Recipe, seed: int, snr_db: float, count: int, loaded: Loaded, names: tuple[str, ...]
) -> Sample:
    """Frames that no run was trained on, at one SNR; at every SNR the same but for the noise."""
    at = replace(recipe, snr_db=(snr_db, snr_db))
    batch = make_batch(at, split_seed(seed, "report"), 0, count)
    return sample_of(batch, names, loaded.config.architecture)


def first_of(recipe: Recipe, seed: int, name: str, count: int) -> int:
    """Where the first frame of a class stands among those of `frames_at`.

    Raises:
        DenomaeError: there is no such class, or none of it among so many frames.
    """
    if name not in recipe.classes:
        raise DenomaeError(f"{recipe.name} has no class {name!r}; wanted one of {recipe.classes}")
    wanted = recipe.classes.index(name)
    for place in range(count):
        if drawn_class(recipe, split_seed(seed, "report"), place) == wanted:
            return place
    raise DenomaeError(f"no {name} among the first {count} frames; ask for more frames")


def _command(path: Path) -> dict[str, Any]:
    try:
        return read_configuration(path)
    except DenomaeError:
        return {}
