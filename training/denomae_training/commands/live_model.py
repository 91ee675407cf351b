# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train live-model`: the whole way to the shipped model, as one command that goes on."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch

from denomae.errors import DenomaeError
from denomae_training.commands.common import Images
from denomae_training.commands.configuration import to_plain, write_configuration
from denomae_training.commands.evaluate import Evaluate
from denomae_training.commands.finetune import Finetune
from denomae_training.commands.pretrain import Pretrain
from denomae_training.commands.record import Record
from denomae_training.commands.stages import Stage, run_stage
from denomae_training.finetuning.tuning import Tuning, modality_names
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.objectives.denoise import Denoise
from denomae_training.objectives.denomae import Denomae


@dataclass(frozen=True)
class LiveModel:
    """Make the live model: pretrain, fine-tune, calibrate, train the denoiser's decoder, evaluate.

    Each stage is one of the other commands, recorded under `plan/`. The same command goes on where
    it was stopped, on another machine too if the folder moves there under the same name.
    """

    output: Path = Path("runs/live-model")
    """`model/` is what came of it, `denoiser/checkpoint` the denoiser, the rest is on the way."""
    preset: str = "nano"
    recipe: str = "live"
    images: Images = "raw"
    """Samples that images show; as of `pretrain`."""
    modalities: tuple[str, ...] = ("all",)
    """What the model looks at; as of `finetune`."""
    seed: int = 1
    pretrain_frames: int = 400_000
    """0: from scratch."""
    strong_frames: int = 1_200_000
    """Of `strong_recipe`, at full rate, before `recipe` itself; 0: none."""
    strong_recipe: str = "live_strong"
    finetune_frames: int = 800_000
    denoiser_frames: int = 400_000
    """0: no denoiser."""
    batch_size: int = 64
    learning_rate: float = 1e-3
    optimizer: Literal["adamw", "muon"] = "muon"
    """As of a schedule."""
    warmup_frames: int = 10_000
    """Of each training."""
    visible_share: float = 0.5
    """Of each modality's tokens that fine-tuning shows, but in its last 30 %."""
    validation_frames: int = 4400
    """For choosing the best model and calibrating it."""
    frames_per_snr: int = 480
    """Of the evaluation."""
    snr: tuple[float, ...] = ()
    """Of the evaluation, in dB; empty: as `evaluate` has it."""
    capture: Path | None = None
    """An annotated capture whose answers are recorded, for `denomae doctor`."""
    gpus: int = -1
    """How many this machine trains on; -1: all that there are; 0 or 1: one process."""
    measure_frames: int = 1280
    """How many frames tell the speed, by which the time is foretold; 0: it is not."""
    plan: bool = False
    """Say what would be done and how long it takes, and no more."""
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        self._check()
        stages = list(self._stages())
        count = torch.cuda.device_count() if self.gpus < 0 else self.gpus
        self._tell(stages, count)
        if self.plan:
            return
        for stage in stages:
            run_stage(stage, self.output / "plan", count)
        self._gather()

    def _check(self) -> None:
        for name, least in (
            ("pretrain_frames", 0),
            ("strong_frames", 0),
            ("finetune_frames", 1),
            ("denoiser_frames", 0),
            ("measure_frames", 0),
            ("gpus", -1),
        ):
            if getattr(self, name) < least:
                raise DenomaeError(f"{name} is {getattr(self, name)}; wanted {least} or more")

    def _stages(self) -> Iterator[Stage]:
        """What is done one after the other; each a command of its own."""
        tuned = self.output / "finetune" / "checkpoint"
        if self.pretrain_frames:
            yield Stage("pretrain", self._pretraining(), self.pretrain_frames)
        if self.strong_frames:
            yield Stage("strong", self._beginning(), self.strong_frames)
        yield Stage("finetune", self._tuning(), self.finetune_frames)
        if self.denoiser_frames:
            objective = Denoise(
                start=tuned,
                frozen=True,
                modalities=modality_names(self.modalities),
                reconstructed=("noisy_signal",),
            )
            denoiser = replace(
                self._pretraining(),
                output=self.output / "denoiser",
                objective=objective,
                schedule=self._schedule(self.denoiser_frames),
            )
            yield Stage("denoiser", denoiser, self.denoiser_frames)
        if self.capture:
            yield Stage("record", Record(tuned, self.capture), 0)
        evaluation = Evaluate(
            tuned,
            self.recipe,
            self.seed,
            snr=self.snr,
            frames_per_snr=self.frames_per_snr,
            output=self.output / "evaluation",
            machine=self.machine,
        )
        picture = self.output / "evaluation" / "classes.png"
        yield Stage("evaluate", replace(evaluation, picture=picture), 0)
        if self.denoiser_frames:
            denoised = replace(evaluation, checkpoint=self.output / "denoiser" / "checkpoint")
            yield Stage("denoising", denoised, 0)

    def _pretraining(self) -> Pretrain:
        """Nothing masked: what is noisy, whole, to what is clean; it did best of all pretrainings
        of `denomae10` (docs/results.md)."""
        return Pretrain(
            output=self.output / "pretrain",
            preset=self.preset,
            recipe=self.recipe,
            images=self.images,
            objective=Denomae(modality_names(self.modalities), masked_share=0.0),
            seed=self.seed,
            schedule=self._schedule(self.pretrain_frames),
            machine=self.machine,
        )

    def _beginning(self) -> Finetune:
        """Frames with something to learn from, and a rate that does not fall."""
        return replace(
            self._tuning(),
            output=self.output / "strong",
            start=self.output / "pretrain" / "checkpoint" if self.pretrain_frames else None,
            recipe=self.strong_recipe,
            tuning=replace(self._tuning().tuning, whole_from=1.0),
            seed=self.seed + 1,  # other frames than those that follow
            schedule=replace(self._schedule(self.strong_frames), decay_share=0.0),
        )

    def _tuning(self) -> Finetune:
        before = "strong" if self.strong_frames else "pretrain" if self.pretrain_frames else None
        return Finetune(
            output=self.output / "finetune",
            start=self.output / before / "checkpoint" if before else None,
            preset=self.preset,
            images=self.images,
            recipe=self.recipe,
            name="live",
            seed=self.seed,
            tuning=Tuning(
                modalities=self.modalities,
                visible_share=self.visible_share,
                whole_from=0.7,
                validation_frames=self.validation_frames,
            ),
            report_frames=0,
            schedule=self._schedule(self.finetune_frames),
            machine=self.machine,
        )

    def _schedule(self, frames: int) -> Schedule:
        return Schedule(
            frames=frames,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            optimizer=self.optimizer,
            warmup_frames=self.warmup_frames,
        )

    def _tell(self, stages: list[Stage], gpus: int) -> None:
        """The plan, and how long it takes, before anything long is begun."""
        where = f"{gpus} GPUs" if gpus > 1 else "one process"
        print(f"{self.output}: recipe {self.recipe}, preset {self.preset}, on {where}", flush=True)
        total_s = 0.0
        rates = self._rates(gpus) if self.measure_frames else {}
        for stage in stages:
            text = f"  {stage.name:<10}"
            if stage.frames:
                kind = "finetune" if stage.name in ("strong", "finetune") else "pretrain"
                rate = rates.get(kind)
                text += f"{stage.frames:>12,} frames"
                if rate:
                    total_s += stage.frames / rate
                    text += f" at {rate:.0f} frames/s: {_duration(stage.frames / rate)}"
            print(text, flush=True)
        if total_s:
            print(f"  together about {_duration(total_s)}, and the evaluation", flush=True)

    def _rates(self, gpus: int) -> dict[str, float]:
        """Frames a second of pretraining and of fine-tuning here and now; measured once a folder
        and kind of machine."""
        name = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"
        place, path = f"{gpus} x {name}" if gpus else name, self.output / "plan" / "rates.json"
        known = json.loads(path.read_text()) if path.is_file() else {}
        if place in known:
            return known[place]
        rates = {}
        frames = max(self.measure_frames, 2 * self.batch_size)
        for kind, command in (("pretrain", self._pretraining()), ("finetune", self._tuning())):
            folder = self.output / "plan" / f"measure-{kind}"
            shutil.rmtree(folder, ignore_errors=True)
            changed = {
                "output": folder,
                "schedule": self._schedule(frames),
                "machine": replace(self.machine, log_every=1, tensorboard=False),
            }
            if kind == "finetune":
                tuning = replace(command.tuning, validation_frames=100, evaluations=1)
                changed |= {"start": None, "tuning": tuning}
            stage = Stage(f"measure-{kind}", replace(command, **changed), frames)
            run_stage(stage, self.output / "plan", gpus, quiet=True)
            rates[kind] = _rate_of(folder / "log.jsonl")
            shutil.rmtree(folder)
            (self.output / "plan" / f"measure-{kind}.done").unlink()
        path.write_text(json.dumps(known | {place: rates}, indent=1) + "\n")
        return rates

    def _gather(self) -> None:
        """The checkpoint's folder, and what is known of it."""
        model = self.output / "model"
        shutil.copytree(self.output / "finetune" / "checkpoint", model, dirs_exist_ok=True)
        plain = to_plain(replace(self, plan=False))
        (model / "made-by.json").write_text(json.dumps(plain, indent=1, default=str) + "\n")
        print(f"{model} is the model; {self.output / 'evaluation'} says how good it is", flush=True)
        if self.denoiser_frames:
            print(f"{self.output / 'denoiser' / 'checkpoint'} is its denoiser", flush=True)
        write_configuration(self.output / "live-model.yaml", self)
        sys.stdout.flush()


def _rate_of(log: Path) -> float:
    """Frames a second in the second half of a run, after what is done once only."""
    rows = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    rates = [row["frames_per_s"] for row in rows if row.get("frames_per_s")]
    later = sorted(rates[len(rates) // 2 :])
    if not later:
        raise DenomaeError(f"{log} tells no speed; leave the measurement out: --measure-frames 0")
    return later[len(later) // 2]


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"
