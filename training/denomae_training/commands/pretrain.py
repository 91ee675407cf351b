# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train pretrain`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from denomae.checkpoint import Provenance, write_checkpoint
from denomae.modalities import MODALITIES
from denomae.model.denomae import DenoMAE
from denomae_training.commands.common import (
    architecture_of,
    checkpoint_config,
    commit,
    open_machine,
    open_run,
    recipe_of,
)
from denomae_training.loop import Machine, Run, Schedule, train
from denomae_training.objectives.denomae import denomae_loss


@dataclass(frozen=True)
class Pretrain:
    """Pretrain an encoder by masked reconstruction; writes a checkpoint with its decoders."""

    output: Path
    """The run's folder: log, states (to resume) and `checkpoint/`."""
    preset: str = "nano"
    recipe: str = "live"
    seed: int = 1
    schedule: Schedule = field(default_factory=Schedule)
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        recipe, architecture = recipe_of(self.recipe), architecture_of(self.preset)
        open_run(self)
        device, precision = open_machine(self.machine)
        torch.manual_seed(self.seed)
        model = DenoMAE(architecture, tuple(MODALITIES))

        def loss_of(model, batch, generator, _share):
            return denomae_loss(model, batch, generator)

        run = Run(recipe, "pretrain", self.seed, self.output, self.schedule, self.machine)
        train(model, loss_of, run, device, precision)
        provenance = Provenance(self.seed, self.schedule.frames_seen, 0, commit())
        config = checkpoint_config(
            self.preset, "pretrained", architecture, tuple(MODALITIES), recipe, provenance
        )
        write_checkpoint(self.output / "checkpoint", config, model)
