# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train finetune`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from denomae.checkpoint import Provenance, load_model, read_config, write_checkpoint
from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES
from denomae.model.classifier import Classifier
from denomae.model.denomae import DenoMAE
from denomae_training.commands.common import (
    architecture_of,
    checkpoint_config,
    commit,
    open_machine,
    open_run,
    recipe_of,
)
from denomae_training.data.source import Synthesized
from denomae_training.evaluation import answers, calibrate, expected_calibration_error, fixed_frames
from denomae_training.feeds.feed import feed_of
from denomae_training.feeds.order import Order
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run, train
from denomae_training.objectives.classification import Classification
from denomae_training.signals.dataset import split_seed


@dataclass(frozen=True)
class Finetune:
    """Teach a pretrained encoder to classify; writes a checkpoint with its calibration."""

    output: Path
    """The run's folder: log, states (to resume) and `checkpoint/`."""
    start: Path | None = None
    """A pretrained checkpoint, or a classifier of the same classes to go on from; without it the
    model starts from scratch."""
    preset: str = "nano"
    """The size, where there is no pretrained checkpoint."""
    recipe: str = "live"
    name: str = "live"
    """What the checkpoint is called in labels."""
    seed: int = 1
    visible_share: float = 0.5
    """Share of each modality's tokens that training shows at first."""
    whole_from: float = 0.7
    """From this share of the schedule on, all tokens are shown."""
    validation_frames: int = 4400
    schedule: Schedule = field(default_factory=Schedule)
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        recipe = recipe_of(self.recipe)
        pretrained = read_config(self.start) if self.start else None
        architecture = pretrained.architecture if pretrained else architecture_of(self.preset)
        if pretrained and pretrained.kind == "classifier" and pretrained.classes != recipe.classes:
            raise DenomaeError(
                f"{self.start} is a classifier of {list(pretrained.classes)}; wanted a pretrained "
                f"checkpoint, or a classifier of {list(recipe.classes)}"
            )
        open_run(self)
        device, precision = open_machine(self.machine)
        torch.manual_seed(self.seed)
        objective = Classification(
            len(recipe.classes), LIVE_MODALITIES, self.visible_share, self.whole_from
        )
        model = objective.model(architecture)
        if pretrained:
            _take_weights(model, load_model(self.start, pretrained), self.start)
        seed = split_seed(self.seed, "validation")
        validation = fixed_frames(recipe, seed, self.validation_frames)
        before = pretrained.provenance if pretrained else Provenance(self.seed, 0, 0, "unknown")

        def after(step: int) -> dict[str, float]:
            outcome = answers(model, validation, device)
            calibration = calibrate(outcome)
            error = expected_calibration_error(outcome, calibration.temperature)
            metrics = {
                "validation_accuracy": outcome.accuracy,
                "validation_calibration_error": error,
            }
            seen = before.frames_finetuned + step * self.schedule.batch_size
            provenance = Provenance(self.seed, before.frames_pretrained, seen, commit())
            config = checkpoint_config(
                self.name,
                "classifier",
                architecture,
                LIVE_MODALITIES,
                recipe,
                provenance,
                calibration,
                metrics,
            )
            write_checkpoint(self.output / "checkpoint", config, model)
            return metrics

        feed = feed_of(
            Synthesized(recipe),
            split_seed(self.seed, "train"),
            objective.needs,
            architecture,
            Order(self.schedule.batch_size),
            device,
            self.machine.workers,
        )
        run = Run("finetune", self.seed, self.output, self.schedule, self.machine)
        train(model, objective, feed, run, device, precision, after)


def _take_weights(model: Classifier, start: DenoMAE | Classifier, folder: Path) -> None:
    """Copy the encoder, without the embeddings of modalities that do not run live, and the head
    where there is one for as many classes."""
    wanted = model.encoder.state_dict()
    given = start.encoder.state_dict()
    missing = sorted(wanted.keys() - given.keys())
    if missing:
        raise DenomaeError(
            f"{folder} was pretrained without {missing[0]!r}; wanted the modalities "
            f"{list(LIVE_MODALITIES)} among its own"
        )
    model.encoder.load_state_dict({name: given[name] for name in wanted})
    if isinstance(start, Classifier):
        model.head.load_state_dict(start.head.state_dict())
