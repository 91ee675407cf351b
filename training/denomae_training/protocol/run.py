# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the points of a protocol, one after the other, each to a result that is written at once."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from denomae.checkpoint import Provenance, write_checkpoint
from denomae.model.denoiser import denoised, filtered
from denomae.model.encoder import Encoder
from denomae.model.presets import Architecture
from denomae_training.commands.common import checkpoint_config
from denomae_training.commands.configuration import to_plain
from denomae_training.data.source import Synthesized
from denomae_training.evaluation import BuiltTestSet, TestSet, report_of
from denomae_training.evaluation.denoising import denoising_report
from denomae_training.feeds.feed import feed_of
from denomae_training.feeds.order import Order
from denomae_training.finetuning.finetune import finetune
from denomae_training.finetuning.tuning import Tuning
from denomae_training.loop.files import write_weights
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run, train
from denomae_training.objectives.denoise import Denoise
from denomae_training.objectives.objective import Objective
from denomae_training.protocol.points import Point, Pretrained
from denomae_training.protocol.record import hardware, open_folder, time_of, versions
from denomae_training.protocol.settings import SEEN_SNR_DB, Settings
from denomae_training.report.result import Finetuning, Pretraining, Result, write_result
from denomae_training.rivals.encoders import make_encoder
from denomae_training.rivals.forest import train_forest
from denomae_training.signals.dataset import split_seed
from denomae_training.signals.recipe import Recipe


@dataclass
class Runner:
    """A recipe, a size, and where things are kept.

    Attributes:
        results: gets a JSON file a finished point.
        work: gets the runs themselves, to go on from and to draw.
    """

    recipe: Recipe
    preset: str
    architecture: Architecture
    settings: Settings
    results: Path
    work: Path
    machine: Machine
    device: torch.device
    precision: torch.dtype
    commit: str

    def __post_init__(self) -> None:
        self.seen = dataclasses.replace(self.recipe, snr_db=SEEN_SNR_DB)
        self.tests = TestSet(self.recipe, frames=self.settings.test_frames)
        self._built: BuiltTestSet | None = None

    def run(self, point: Point) -> Result:
        """Train what the point needs and is not there yet, measure it, and write its result."""
        kinds = {
            "classify": self._classify,
            "forest": self._forest,
            "noise": self._noise,
            "denoise": self._denoise,
            "denoise-whole": self._denoise,
        }
        parts = kinds[point.kind](point)
        result = Result(
            id=point.id,
            method=point.method,
            title=point.title,
            parts=point.parts,
            recipe=self.recipe.name,
            preset=self.preset,
            seed=point.seed,
            commit=self.commit,
            hardware=hardware(self.device),
            threads=torch.get_num_threads(),
            versions=versions(),
            **({"pretraining": None, "finetuning": None, "scores": {}} | parts),
        )
        write_result(self.results, result)
        return result

    def test_set(self, names: tuple[str, ...]) -> BuiltTestSet:
        """The same frames for every model, as the modalities that this one looks at."""
        if self._built is None or not set(names) <= set(self._built.names):
            self._built = None  # one at a time: images of 10,000 frames are large
            self._built = self.tests.build(names, self.architecture, self.device)
        return self._built

    def _classify(self, point: Point) -> dict[str, Any]:
        encoder, pretraining = self._encoder(point)
        model, finetuning = self._tuned(point, encoder)
        outcome = self.test_set(model.encoder.modalities).answers(model)
        scores = report_of(outcome, self.recipe.classes, self.recipe)
        return {"pretraining": pretraining, "finetuning": finetuning, "scores": scores}

    def _noise(self, point: Point) -> dict[str, Any]:
        from denomae_training.evaluation.noise_modality import noise_conditions

        encoder, pretraining = self._encoder(point)
        model, finetuning = self._tuned(point, encoder)
        reports = noise_conditions(model, self.test_set(model.encoder.modalities))
        scores = reports["true"] | {"conditions": reports}
        return {"pretraining": pretraining, "finetuning": finetuning, "scores": scores}

    def _forest(self, point: Point) -> dict[str, Any]:
        began = time.monotonic()
        seed = split_seed(point.seed, "train")
        labelled = Synthesized(self.seen).balanced(point.labels, seed)
        forest = train_forest(labelled.items(seed, range(point.labels)), self.seen, point.seed)
        seconds = round(time.monotonic() - began, 1)
        outcome = forest.outcome(self.tests.items(0, self.tests.frames))
        outcome = dataclasses.replace(outcome, asked_snr_db=self.tests.asked_snr_db)
        scores = report_of(outcome, self.recipe.classes, self.recipe)
        tuning = Finetuning(("noisy_signal",), point.labels, 1, "whole", seconds)
        return {"finetuning": tuning, "scores": scores}

    def _denoise(self, point: Point) -> dict[str, Any]:
        """The denoising stage from a pretrained encoder, beside a Wiener filter."""
        _, pretraining = self.pretrained(point.pretrained, point.seed)
        start = self._folder(point.pretrained, point.seed) / "checkpoint"
        objective = Denoise(point.inputs, start=start, frozen=point.kind == "denoise")
        frames = self.settings.pretraining_frames
        schedule = self.settings.denoising_of(frames)
        model = self.train(self.work / point.id, objective, schedule, frames, point.seed)
        report = denoising_report(
            lambda views: denoised(model, {name: views[name] for name in point.inputs}),
            self.recipe,
            self.architecture,
            self.settings.denoising_snr_db,
            self.settings.denoising_frames,
            device=self.device,
            filtered=lambda views: filtered(model, {name: views[name] for name in point.inputs}),
        )
        return {"pretraining": pretraining, "denoising": tuple(report["rows"])}

    def _encoder(self, point: Point) -> tuple[nn.Module | None, Pretraining | None]:
        """What fine-tuning starts from, and how it came to be."""
        if point.pretrained:
            model, record = self.pretrained(point.pretrained, point.seed)
            return model.encoder, record
        if point.encoder == "vit":
            return None, None
        torch.manual_seed(point.seed)
        return make_encoder(point.encoder, self.architecture, point.inputs), None

    def pretrained(self, chosen: Pretrained, seed: int) -> tuple[nn.Module, Pretraining]:
        """The model that was pretrained so, now or before."""
        folder = self._folder(chosen, seed)
        schedule = self.settings.pretraining_of(chosen.frames)
        model = self.train(folder, chosen.objective, schedule, chosen.frames, seed)
        objective = chosen.objective
        record = Pretraining(
            objective=type(objective).__name__.lower(),
            modalities=tuple(model.encoder.modalities),
            masked_share=getattr(objective, "masked_share", None),
            frames=chosen.frames,
            epochs=self.settings.pretraining_epochs,
            **time_of(folder),
        )
        return model, record

    def _folder(self, chosen: Pretrained, seed: int) -> Path:
        return self.work / f"pretrain-{chosen.name}-s{seed}"

    def train(
        self,
        folder: Path,
        objective: Objective,
        schedule: Schedule,
        frames: int,
        seed: int,
    ) -> nn.Module:
        """A model that learnt from a set of frames without labels; trained once."""
        torch.manual_seed(seed)
        model = objective.model(self.architecture)
        done = folder / "model.safetensors"
        open_folder(
            folder, recipe=self.seen.name, preset=self.preset, seed=seed, set_size=frames,
            objective={"kind": type(objective).__name__.lower()} | to_plain(objective),
            schedule=schedule,
        )  # fmt: skip
        if not done.is_file():
            feed = feed_of(
                Synthesized(self.seen),
                split_seed(seed, "pretrain"),
                objective.needs,
                self.architecture,
                Order(schedule.batch_size, frames, seed),
                self.device,
                self.machine.workers,
            )
            run = Run(folder.name, seed, folder, schedule, self.machine)
            train(model, objective, feed, run, self.device, self.precision)
            # first, so that what is done is whole
            self._write_checkpoint(folder / "checkpoint", objective, model, schedule, seed)
            write_weights(done, model.state_dict())
        model.load_state_dict(load_file(done))
        return model.to(self.device).eval()

    def _write_checkpoint(
        self, folder: Path, objective: Objective, model: nn.Module, schedule: Schedule, seed: int
    ) -> None:
        """For reports to look into, and for the denoising stage to start from."""
        kind, kept = objective.kept(model)
        if not isinstance(kept.encoder if kind != "encoder" else kept, Encoder):
            return  # the format knows the ViT alone
        provenance = Provenance(seed, schedule.frames_seen, 0, self.commit)
        config = checkpoint_config(
            self.preset, kind, kept.architecture, objective.modalities, self.seen, provenance
        )
        write_checkpoint(folder, config, kept)

    def _tuned(self, point: Point, encoder: nn.Module | None) -> tuple[nn.Module, Finetuning]:
        folder = self.work / f"finetune-{point.id}"
        schedule = self.settings.finetuning_of(point.labels)
        tuning = Tuning(
            labels=point.labels,
            modalities=point.inputs,
            validation_frames=self.settings.validation_frames,
        )
        open_folder(folder, recipe=self.seen.name, preset=self.preset, tuning=tuning,
                    schedule=schedule)  # fmt: skip
        run = Run(point.id, point.seed, folder, schedule, self.machine)
        source = Synthesized(self.seen)
        tuned = finetune(
            encoder, self.architecture, source, tuning, run, self.device, self.precision
        )
        epochs = self.settings.finetuning_epochs
        seconds = time_of(folder)["seconds"]
        return tuned.model, Finetuning(point.inputs, point.labels, epochs, "whole", seconds)
