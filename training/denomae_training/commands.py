# SPDX-License-Identifier: GPL-3.0-or-later
"""`pretrain`, `finetune`, `evaluate`: a command is a frozen dataclass that is also its options."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from denomae.captures import open_capture
from denomae.checkpoint import (
    FORMAT,
    Calibration,
    CheckpointConfig,
    Provenance,
    load_model,
    read_config,
    write_checkpoint,
)
from denomae.device import choose_device, choose_precision
from denomae.engine import Engine, record_answers
from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES, MODALITIES
from denomae.model.classifier import Classifier
from denomae.model.denomae import DenoMAE
from denomae.model.presets import PRESETS, Architecture
from denomae.typed import to_json
from denomae_training.evaluation import answers, calibrate, expected_calibration_error, fixed_frames
from denomae_training.loop import Machine, Schedule, train
from denomae_training.objectives.classification import classification_loss
from denomae_training.objectives.denomae import denomae_loss
from denomae_training.signals.dataset import split_seed
from denomae_training.signals.recipe import FAMILIES, RECIPES, Recipe


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
        recipe, architecture = _recipe(self.recipe), _architecture(self.preset)
        device, precision = _prepare(self.machine, self.output, self)
        torch.manual_seed(self.seed)
        model = DenoMAE(architecture, tuple(MODALITIES))

        def loss_of(model, batch, generator, _share):
            return denomae_loss(model, batch, generator)

        train(
            model,
            loss_of,
            recipe,
            "pretrain",
            self.schedule,
            self.seed,
            self.output,
            device,
            precision,
            self.machine,
        )
        config = _config(
            self.preset,
            "pretrained",
            architecture,
            tuple(MODALITIES),
            recipe,
            Calibration(),
            {},
            Provenance(self.seed, self.schedule.frames, 0, _commit()),
        )
        write_checkpoint(self.output / "checkpoint", config, model)


@dataclass(frozen=True)
class Finetune:
    """Teach a pretrained encoder to classify; writes a checkpoint with its calibration."""

    output: Path
    """The run's folder: log, states (to resume) and `checkpoint/`."""
    start: Path | None = None
    """A pretrained checkpoint; without it the encoder starts from scratch."""
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
        recipe = _recipe(self.recipe)
        pretrained = read_config(self.start) if self.start else None
        architecture = pretrained.architecture if pretrained else _architecture(self.preset)
        device, precision = _prepare(self.machine, self.output, self)
        torch.manual_seed(self.seed)
        model = Classifier(architecture, LIVE_MODALITIES, len(recipe.classes))
        if pretrained:
            _take_encoder(model, load_model(self.start, pretrained))
        validation = fixed_frames(
            recipe, split_seed(self.seed, "validation"), self.validation_frames
        )

        def loss_of(model, batch, generator, share):
            return classification_loss(model, batch, generator, self._visible(share))

        def after(step: int) -> dict[str, float]:
            outcome = answers(model, validation, device)
            calibration = calibrate(outcome)
            metrics = {
                "validation_accuracy": outcome.accuracy,
                "validation_calibration_error": expected_calibration_error(
                    outcome, calibration.temperature
                ),
            }
            frames_before = pretrained.provenance.frames_pretrained if pretrained else 0
            provenance = Provenance(
                self.seed, frames_before, step * self.schedule.batch_size, _commit()
            )
            config = _config(
                self.name,
                "classifier",
                architecture,
                LIVE_MODALITIES,
                recipe,
                calibration,
                metrics,
                provenance,
            )
            write_checkpoint(self.output / "checkpoint", config, model)
            return metrics

        train(
            model,
            loss_of,
            recipe,
            "train",
            self.schedule,
            self.seed,
            self.output,
            device,
            precision,
            self.machine,
            after,
        )

    def _visible(self, share: float) -> float:
        return self.visible_share if share < self.whole_from else 1.0


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
        recipe = _recipe(self.recipe)
        config = read_config(self.checkpoint)
        if config.kind != "classifier" or config.classes != recipe.classes:
            raise DenomaeError(
                f"{self.checkpoint} is a {config.kind} checkpoint of {list(config.classes)}; "
                f"wanted a classifier of {list(recipe.classes)}"
            )
        device = choose_device(self.machine.device)
        _set_threads(self.machine)
        model = load_model(self.checkpoint, config).to(device)
        low, high = recipe.snr_db
        rows = []
        for number in range(math.floor((high - low) / self.snr_step_db) + 1):
            snr = low + number * self.snr_step_db
            at = dataclasses.replace(recipe, snr_db=(snr, snr))
            seed = split_seed(self.seed, f"test {number}")
            frames = fixed_frames(at, seed, self.frames_per_snr, workers=self.machine.workers)
            outcome = answers(model, frames, device)
            known = torch.isfinite(outcome.snr_db)
            error = (outcome.snr_estimate_db - outcome.snr_db)[known]
            row = {
                "snr_db": snr,
                "frames": len(outcome.class_index),
                "accuracy": round(outcome.accuracy, 4),
                "calibration_error": round(
                    expected_calibration_error(outcome, config.calibration.temperature), 4
                ),
                "snr_rms_error_db": round(error.square().mean().sqrt().item(), 2),
                "class_accuracy": {
                    name: round(
                        outcome.right[outcome.class_index == index].float().mean().item(), 4
                    )
                    for index, name in enumerate(recipe.classes)
                },
            }
            print(json.dumps(row), flush=True)
            rows.append(row)
        if self.picture:
            from denomae_training.picture import draw_accuracy

            draw_accuracy(rows, config.families, self.picture)


@dataclass(frozen=True)
class Record:
    """Store what a checkpoint says of annotated spans of a capture; `denomae doctor` checks it."""

    checkpoint: Path
    capture: Path
    frames_per_span: int = 1

    def run(self) -> None:
        engine = Engine.load(self.checkpoint, device="cpu", precision="fp32")
        length = engine.frame_length
        frames = []
        with open_capture(self.capture) as capture:
            for span in capture.annotations:
                middle = span.sample_count // length // 2
                first = span.sample_start + middle * length
                for number in range(self.frames_per_span):
                    frames.append(capture.read(first + number * length, length))
        record_answers(engine, np.stack(frames), self.checkpoint)
        print(f"{len(frames)} answers recorded in {self.checkpoint}")


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise DenomaeError(f"no recipe {name!r}; wanted one of {list(RECIPES)}")
    return RECIPES[name]


def _architecture(preset: str) -> Architecture:
    if preset not in PRESETS:
        raise DenomaeError(f"no preset {preset!r}; wanted one of {list(PRESETS)}")
    return PRESETS[preset]


def _prepare(
    machine: Machine, output: Path, command: Pretrain | Finetune
) -> tuple[torch.device, torch.dtype]:
    """Choose the device, and record the command in the run's folder."""
    device = choose_device(machine.device)
    _set_threads(machine)
    output.mkdir(parents=True, exist_ok=True)
    record = {
        key: str(value) if isinstance(value, Path) else value
        for key, value in to_json(command).items()
    }
    (output / "command.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return device, choose_precision(machine.precision, device)


def _set_threads(machine: Machine) -> None:
    if machine.threads:
        torch.set_num_threads(machine.threads)


def _take_encoder(model: Classifier, pretrained: DenoMAE) -> None:
    """Copy the pretrained encoder, without the embeddings of modalities that do not run live."""
    wanted = model.encoder.state_dict()
    model.encoder.load_state_dict(
        {k: v for k, v in pretrained.encoder.state_dict().items() if k in wanted}
    )


def _config(
    name, kind, architecture, modalities, recipe: Recipe, calibration, metrics, provenance
) -> CheckpointConfig:
    return CheckpointConfig(
        format=FORMAT,
        name=name,
        kind=kind,
        architecture=architecture,
        modalities=modalities,
        classes=recipe.classes if kind == "classifier" else (),
        families={c: FAMILIES[c] for c in recipe.classes} if kind == "classifier" else {},
        power_normalisation="unit",
        recipe=recipe.name,
        samples_per_symbol=recipe.samples_per_symbol,
        snr_db=recipe.snr_db,
        calibration=calibration,
        metrics={key: round(value, 5) for key, value in metrics.items()},
        provenance=provenance,
    )


def _commit() -> str:
    """The commit of the checkout this code runs from, or "unknown"."""
    place = Path(__file__).resolve().parent
    done = (
        subprocess.run(
            ["git", "-C", str(place), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
        if place.parent.name == "training"
        else None
    )
    return done.stdout.strip() if done and done.returncode == 0 else "unknown"
