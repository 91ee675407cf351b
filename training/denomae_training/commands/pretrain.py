# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train pretrain`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from denomae.checkpoint import Provenance, write_checkpoint
from denomae.model.presets import Architecture
from denomae_training.commands.common import (
    Images,
    architecture_of,
    checkpoint_config,
    commit,
    open_machine,
    open_run,
    recipe_of,
)
from denomae_training.data.source import Synthesized
from denomae_training.feeds.feed import feed_of
from denomae_training.feeds.order import Order
from denomae_training.loop.distributed import here
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run, train
from denomae_training.objectives.dae import Dae
from denomae_training.objectives.denoise import Denoise
from denomae_training.objectives.denomae import Denomae
from denomae_training.objectives.mae import Mae
from denomae_training.objectives.wamim import Wamim
from denomae_training.rivals.stored import save_encoder
from denomae_training.signals.dataset import split_seed


@dataclass(frozen=True)
class Pretrain:
    """Pretrain an encoder by reconstruction; writes a checkpoint with its decoders.

    Of the convolutional denoiser, which is no ViT, the encoder alone is written, to `encoder/`.
    """

    output: Path
    """The run's folder: log, states (to resume) and `checkpoint/`."""
    preset: str = "nano"
    recipe: str = "live"
    images: Images = "raw"
    """Samples that images show: the frame's own; differential, x[n] conj(x[n - lag]); or corrected
    blindly for the carrier's offset and phase."""
    image_lag: int = 1
    """Of differential images, in samples."""
    objective: Denomae | Mae | Wamim | Dae | Denoise = field(default_factory=Denomae)
    """What is learnt, with its own choices: `objective:mae --objective.masked-share 0.5`."""
    set_size: int = 0
    """How many frames there are, seen again and again; 0: each frame is a new one."""
    seed: int = 1
    schedule: Schedule = field(default_factory=Schedule)
    machine: Machine = field(default_factory=Machine)

    def _architecture(self) -> Architecture:
        return architecture_of(self.preset, self.images, self.image_lag)

    def run(self) -> None:
        recipe, architecture = recipe_of(self.recipe), self._architecture()
        open_run(self)
        device, precision = open_machine(self.machine)
        torch.manual_seed(self.seed)
        model = self.objective.model(architecture)
        feed = feed_of(
            Synthesized(recipe),
            split_seed(self.seed, "pretrain"),
            self.objective.needs,
            architecture,
            Order(self.schedule.batch_size, self.set_size, self.seed),
            device,
            self.machine.workers,
            here(),
        )
        run = Run("pretrain", self.seed, self.output, self.schedule, self.machine)
        train(model, self.objective, feed, run, device, precision)
        if here().rank:
            return
        if isinstance(self.objective, Dae):
            save_encoder(self.output / "encoder", model.encoder)
            return
        provenance = Provenance(self.seed, self.schedule.frames_seen, 0, commit())
        kind, kept = self.objective.kept(model)
        config = checkpoint_config(
            self.preset, kind, kept.architecture, self.objective.modalities, recipe, provenance
        )
        write_checkpoint(self.output / "checkpoint", self.objective.record(config), kept)
