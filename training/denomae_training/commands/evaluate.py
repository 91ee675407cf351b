# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train evaluate`."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from denomae.checkpoint import CheckpointConfig, load_model, read_config
from denomae.errors import DenomaeError
from denomae_training.commands.common import open_machine, recipe_of
from denomae_training.evaluation import Outcome, answers, expected_calibration_error, fixed_frames
from denomae_training.loop.schedule import Machine
from denomae_training.signals.dataset import split_seed


@dataclass(frozen=True)
class Evaluate:
    """Measure a classifier on the test frames: accuracy at each SNR, as JSON lines."""

    checkpoint: Path
    recipe: str = "live"
    seed: int = 1
    frames_per_snr: int = 2000
    snr_step_db: float = 4.0
    picture: Path | None = None
    """Where to draw the accuracy of every class at every SNR, as PNG."""
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        recipe = recipe_of(self.recipe)
        config = read_config(self.checkpoint)
        if config.kind != "classifier" or config.classes != recipe.classes:
            raise DenomaeError(
                f"{self.checkpoint} is a {config.kind} checkpoint of {list(config.classes)}; "
                f"wanted a classifier of {list(recipe.classes)}"
            )
        device, _ = open_machine(self.machine)
        model = load_model(self.checkpoint, config).to(device)
        low, high = recipe.snr_db
        rows = []
        for number in range(math.floor((high - low) / self.snr_step_db) + 1):
            snr_db = low + number * self.snr_step_db
            at = dataclasses.replace(recipe, snr_db=(snr_db, snr_db))
            seed = split_seed(self.seed, f"test {number}")
            frames = fixed_frames(at, seed, self.frames_per_snr, workers=self.machine.workers)
            rows.append(_row(snr_db, answers(model, frames, device), config))
            print(json.dumps(rows[-1]), flush=True)
        if self.picture:
            from denomae_training.picture import draw_accuracy

            draw_accuracy(rows, config.families, self.picture)


def _row(snr_db: float, outcome: Outcome, config: CheckpointConfig) -> dict[str, Any]:
    known = torch.isfinite(outcome.snr_db)
    error = (outcome.snr_estimate_db - outcome.snr_db)[known]
    gap = expected_calibration_error(outcome, config.calibration.temperature)
    return {
        "snr_db": snr_db,
        "frames": len(outcome.class_index),
        "accuracy": round(outcome.accuracy, 4),
        "calibration_error": round(gap, 4),
        "snr_rms_error_db": round(error.square().mean().sqrt().item(), 2),
        "class_accuracy": {
            name: round(outcome.right[outcome.class_index == index].float().mean().item(), 4)
            for index, name in enumerate(config.classes)
        },
    }
