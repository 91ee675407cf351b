# SPDX-License-Identifier: GPL-3.0-or-later
"""A small model that is trained to be compared with others like it, and what it is worth."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from denomae.checkpoint import Provenance, write_checkpoint
from denomae.model.classifier import Classifier
from denomae.model.presets import Architecture
from denomae_training.checks.gnu_radio import GnuRadio
from denomae_training.commands.common import checkpoint_config, commit
from denomae_training.data.source import Synthesized
from denomae_training.evaluation import Outcome, TestSet, calibrate
from denomae_training.finetuning.finetune import finetune
from denomae_training.finetuning.selection import Evaluated
from denomae_training.finetuning.tuning import Tuning
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run
from denomae_training.proof.grading import share
from denomae_training.proof.settings import Counts
from denomae_training.protocol.record import open_folder
from denomae_training.signals.recipe import Recipe


@dataclass(frozen=True)
class SmallRun:
    """What is trained, and where.

    Attributes:
        folder: of the run; a run that is there goes on, or is taken as it is.
        seed: of weights, frames and masks.
    """

    folder: Path
    recipe: Recipe
    architecture: Architecture
    tuning: Tuning
    schedule: Schedule
    seed: int
    machine: Machine

    def trained(
        self,
        device: torch.device,
        precision: torch.dtype,
        encoder: nn.Module | None = None,
        **what: Any,
    ) -> Path:
        """The checkpoint of the best model on the way.

        Args:
            encoder: to start from; None: from scratch.
            what: else decides the weights, for the folder's record.
        """
        open_folder(self.folder, recipe=self.recipe.name, tuning=self.tuning,
                    schedule=self.schedule, seed=self.seed, **what)  # fmt: skip

        def write(model: Classifier, row: Evaluated, outcome: Outcome) -> dict[str, float]:
            config = checkpoint_config(
                self.folder.name, "classifier", self.architecture, self.tuning.names, self.recipe,
                Provenance(self.seed, 0, row.frames, commit()),
                calibrate(outcome, self.recipe.classes.index("noise")),
            )  # fmt: skip
            write_checkpoint(self.folder / "checkpoint", config, model)
            return {}

        run = Run(self.folder.name, self.seed, self.folder, self.schedule, self.machine)
        finetune(
            encoder, self.architecture, Synthesized(self.recipe), self.tuning, run, device,
            precision, after=write,
        )  # fmt: skip
        return self.folder / "checkpoint"


def judged(
    checkpoint: Path,
    tests: TestSet,
    gnu_radio: GnuRadio,
    transmissions: int,
    device: torch.device,
    precision: torch.dtype,
    seed: int,
) -> dict[str, Any]:
    """Shares of right answers on test frames, and on GNU Radio's signals where it is there.

    Args:
        transmissions: of each class by GNU Radio; 0: none.
    """
    from denomae_training.proof.elsewhere import of_gnu_radio
    from denomae_training.proof.said import Subject

    subject = Subject(checkpoint, device, precision)
    items = tests.items(0, tests.frames)
    said = subject.asked(np.stack([item.noisy for item in items]))
    truth = np.array([item.class_index for item in items])
    right = subject.probabilities(said).argmax(1) == truth
    named = subject.family_probabilities(said).argmax(1)
    found = {
        "live": share(right),
        "live_family": share(named == subject.family_index(truth)),
        "live_by_snr": {
            f"{at:g}": share(right[place :: len(tests.snr_grid)])
            for place, at in enumerate(tests.snr_grid)
        },
    }
    if transmissions and not gnu_radio.missing:
        counts = dataclasses.replace(Counts(), gnu_radio=transmissions)
        made = of_gnu_radio(subject, gnu_radio, seed, counts, lambda _: None)
        for channel in ("plain", "faded"):
            found[channel] = {key: made[channel][key] for key in ("class_from", "family_from")}
    return found
