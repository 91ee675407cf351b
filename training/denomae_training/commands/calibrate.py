# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train calibrate`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from denomae.checkpoint import CONFIG_FILE, replace_file
from denomae.cli.text import print_table
from denomae.errors import DenomaeError
from denomae.typed import to_json
from denomae_training.commands.common import open_machine, recipe_of
from denomae_training.loop.schedule import Machine


@dataclass(frozen=True)
class Calibrate:
    """Fit a classifier's temperature and thresholds anew, as `finetune` does at its end; its
    weights stay as they are.

    The frames are its recipe's, over the whole range of SNR, and those of no other command.
    """

    checkpoint: Path
    """Its `config.json` is written anew."""
    frames: int = 6000
    seed: int = 1
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        from denomae_training.evaluation import Outcome, calibrate, expected_calibration_error
        from denomae_training.proof.frames import drawn
        from denomae_training.proof.said import Subject

        if self.frames < 100 or self.seed < 0:
            raise DenomaeError(
                f"frames is {self.frames} and seed {self.seed}; wanted 100 or more, and 0 or more"
            )
        device, precision = open_machine(self.machine)
        subject = Subject(self.checkpoint, device, precision)
        config = subject.config
        recipe = recipe_of(config.recipe)
        if config.classes != recipe.synthesizes.classes:
            raise DenomaeError(
                f"{self.checkpoint} is a classifier of {list(config.classes)}, and its recipe "
                f"{config.recipe} makes {list(recipe.synthesizes.classes)}; wanted the same: what "
                "was learnt from recordings is calibrated by finetune alone"
            )
        known = drawn(recipe, "calibrate", self.seed, self.frames, recipe.snr_db)
        said = subject.asked(known.frames)
        outcome = Outcome(
            said.logits,
            said.snr_db,
            torch.from_numpy(known.class_index),
            torch.from_numpy(known.snr_db).float(),
        )
        noise = config.classes.index("noise") if "noise" in config.classes else None
        before, after = config.calibration, calibrate(outcome, noise)
        text = json.dumps(to_json(replace(config, calibration=after)), indent=2) + "\n"
        replace_file(self.checkpoint / CONFIG_FILE, text.encode())
        rows = []
        for name, one in (("before", before), ("after", after)):
            error = expected_calibration_error(outcome, one.temperature)
            refusal = one.refusal
            score = f"{refusal.score} {refusal.threshold:.4g}" if refusal else "none"
            cells = [f"{one.temperature:.4g}", f"{one.threshold:.4g}", score, f"{error:.4f}"]
            rows.append([name, *cells])
        columns = ["", "temperature", "threshold", "strong frames", "calibration error"]
        print_table(columns, rows)
        if (
            self.checkpoint / "recorded.json"
        ).is_file() and before.temperature != after.temperature:
            print("Its recorded answers are those of the old temperature: denomae-train record.")
