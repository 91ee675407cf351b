# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train finetune`."""

from __future__ import annotations

import dataclasses
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import torch
import tyro
from torch import nn

from denomae.checkpoint import (
    SHIPPED,
    CheckpointConfig,
    Provenance,
    load_model,
    read_config,
    write_checkpoint,
)
from denomae.cli.text import print_table
from denomae.errors import DenomaeError
from denomae.modalities import NOISY_MODALITIES
from denomae.model.classifier import Classifier
from denomae.model.presets import Architecture
from denomae.model.sparse import ALL
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
from denomae_training.evaluation import Outcome, calibrate, expected_calibration_error, fixed_frames
from denomae_training.finetuning import comparison
from denomae_training.finetuning.captures import Captures, Given, families_of, given
from denomae_training.finetuning.finetune import Tuned, finetune, validation_frames
from denomae_training.finetuning.linear import linear
from denomae_training.finetuning.selection import Evaluated
from denomae_training.finetuning.starting import widened
from denomae_training.finetuning.tuning import Tuning
from denomae_training.loop.distributed import here
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run
from denomae_training.rivals.stored import RECORD_FILE, load_encoder
from denomae_training.signals.dataset import split_seed
from denomae_training.signals.extended import with_classes
from denomae_training.signals.recipe import Recipe


@dataclass(frozen=True)
class Finetune:
    """Teach an encoder to classify, or a classifier to know more; writes a checkpoint with its
    calibration. What there was before is compared with what there is now."""

    output: Path
    """The run's folder: log, states (to resume), `checkpoint/` and `report.json`."""
    start: Path | None = None
    """A pretrained checkpoint, or a classifier to go on from; `shipped`: the one that came with
    the program. With --mode linear also the `encoder/` of `pretrain objective:dae`. Without it the
    model starts from scratch."""
    preset: str = "nano"
    """The size, where there is nothing to start from."""
    images: Images = "raw"
    """Samples that images show, where there is nothing to start from; as of `pretrain`."""
    image_lag: int = 1
    """Of differential images, in samples."""
    recipe: str | None = None
    """Frames to learn from; of a classifier its own classes, in their order. Without it, what
    --start was trained on, else `live`."""
    captures: Path | None = None
    """Labelled recordings to learn from, beside the recipe: a folder of SigMF recordings, a
    collection, or a public set. Labels that the model does not know become new classes."""
    mix: float | None = None
    """Share of the frames that are recorded, to 1; without it, each class of the captures is seen
    as often as each synthesized one."""
    family: tuple[str, ...] = ()
    """Families of new classes: NAME=FAMILY. One of our names has its own, another is `other`."""
    split_seed: int = 0
    """Which recordings are for learning, for validation and for the report."""
    leave_out_unknown: bool = False
    """Leave out recorded frames of classes that the model does not know."""
    name: str | None = None
    """What the checkpoint is called in labels; without it as the classifier to start from, or
    `live`."""
    seed: int = 1
    tuning: Annotated[Tuning, tyro.conf.arg(name="")] = field(
        default_factory=lambda: Tuning(visible_share=0.5, whole_from=0.7, validation_frames=4400)
    )
    report_frames: int = 2000
    """Of each set of test frames in the report; 0: no report."""
    schedule: Schedule = field(default_factory=Schedule)
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        folder = SHIPPED if self.start == Path("shipped") else self.start
        rival = self._rival(folder) if folder and (folder / RECORD_FILE).is_file() else None
        start = read_config(folder) if folder and not rival else None
        if start and self.images not in ("raw", start.architecture.image.samples):
            raise DenomaeError(
                f"{folder} was trained on images of {start.architecture.image.samples} samples, "
                f"found --images {self.images}; leave it out, or start from a checkpoint of such"
            )
        recipe = self._recipe(start)
        captured = self._captures(recipe)
        if captured:
            recipe = captured.recipe
        model = load_model(folder, start) if start else rival
        encoder = getattr(model, "encoder", model)  # of some checkpoints it is all that there is
        head = None
        if start and isinstance(model, Classifier):
            head = widened(model.head, start.classes, recipe.classes)
        architecture = (start or rival).architecture if folder else self._fresh()
        open_run(self)
        device, precision = open_machine(self.machine)
        if self.tuning.mode == "linear":
            self._probe(encoder, architecture, recipe, device)
            return
        if captured:
            _tell(captured, recipe)
        tuned = finetune(
            encoder,
            architecture,
            captured.learnt if captured else Synthesized(recipe),
            # of recorded frames the captures have chosen their labels already
            dataclasses.replace(self.tuning, labels=0) if captured else self.tuning,
            Run("finetune", self.seed, self.output, self.schedule, self.machine),
            device,
            precision,
            validation=captured and self._validation(captured),
            head=head,
            kept=start.kept if start else ALL,
            after=self._writer(start, recipe),
        )
        if self.report_frames and not here().rank and (captured or head):
            self._report(tuned, model if head else None, recipe, captured, device)

    def _fresh(self) -> Architecture:
        return architecture_of(self.preset, self.images, self.image_lag)

    def _rival(self, folder: Path) -> nn.Module:
        """An encoder that is no ViT."""
        if self.tuning.mode != "linear":
            raise DenomaeError(
                f"{folder} holds an encoder that is no ViT, and no checkpoint runs such a one "
                "live; wanted --mode linear, or `denomae-train protocol`, which fine-tunes such "
                "encoders to compare them"
            )
        return load_encoder(folder)

    def _recipe(self, start: CheckpointConfig | None) -> Recipe:
        """The recipe, with what the classifier to start from has learnt from recordings before."""
        recipe = recipe_of(self.recipe or (start.recipe if start else "live"))
        if start is None or start.kind != "classifier":
            return recipe
        own = len(recipe.classes)
        if start.classes[:own] != recipe.classes or (start.classes[own:] and not self.captures):
            raise DenomaeError(
                f"{self.start} is a classifier of {list(start.classes)}, and the recipe "
                f"{recipe.name} has {list(recipe.classes)}; wanted a pretrained checkpoint, a "
                "recipe of the same classes, or --captures with recordings of those that it lacks"
            )
        return with_classes(recipe, {name: start.families[name] for name in start.classes[own:]})

    def _probe(
        self,
        encoder: nn.Module | None,
        architecture: Architecture,
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        seed = split_seed(self.seed, "report")
        frames = fixed_frames(
            recipe, seed, self.report_frames or 2000, workers=self.machine.workers
        )
        outcome, penalty = linear(
            encoder, architecture, Synthesized(recipe), self.tuning, self.seed, device, frames
        )
        found = {"accuracy": round(outcome.accuracy, 4), "frames": len(outcome.class_index)}
        found |= {"labels": self.tuning.labels, "inverse_penalty": penalty}
        (self.output / "report.json").write_text(json.dumps(found, indent=2) + "\n")
        print(
            f"A linear probe of {self.tuning.labels} labels names {100 * outcome.accuracy:.1f} % "
            f"of {found['frames']} synthesized frames of {recipe.name} right."
        )

    def _captures(self, recipe: Recipe) -> Given | None:
        if self.captures is None:
            if self.family:
                families_of(self.family, ())
            if self.mix is not None:
                raise DenomaeError("a mix is wanted, but no --captures to mix in")
            return None
        if self.tuning.mode == "linear":
            raise DenomaeError("a linear probe takes synthesized frames; leave --captures out")
        if not set(self.tuning.names) <= set(NOISY_MODALITIES):
            raise DenomaeError(
                f"the modalities are {list(self.tuning.names)}, and recordings have "
                f"{list(NOISY_MODALITIES)} alone; wanted --modalities image, signal, spectra, both "
                "or all"
            )
        captures = Captures(
            self.captures, self.mix, self.family, self.split_seed, self.leave_out_unknown
        )
        return given(captures, recipe, self.tuning.labels, self.seed)

    def _validation(self, captured: Given) -> list:
        return validation_frames(captured.validation, self.seed, self.tuning.validation_frames)

    def _writer(self, start: CheckpointConfig | None, recipe: Recipe):
        """What writes the checkpoint of a model that is the best so far."""
        architecture = start.architecture if start else self._fresh()
        before = start.provenance if start else Provenance(self.seed, 0, 0, "unknown")
        own = start.name if start and start.kind == "classifier" else "live"

        def write(model: Classifier, row: Evaluated, outcome: Outcome) -> dict[str, float]:
            noise = recipe.classes.index("noise") if "noise" in recipe.classes else None
            calibration = calibrate(outcome, noise)
            error = expected_calibration_error(outcome, calibration.temperature)
            metrics = {
                "validation_accuracy": row.accuracy,
                "validation_calibration_error": error,
            }
            seen = before.frames_finetuned + row.frames
            config = checkpoint_config(
                self.name or own,
                "classifier",
                architecture,
                self.tuning.names,
                recipe,
                Provenance(self.seed, before.frames_pretrained, seen, commit()),
                calibration,
                metrics,
            )
            config = dataclasses.replace(config, kept=model.kept)
            write_checkpoint(self.output / "checkpoint", config, model)
            return {"validation_calibration_error": error}

        return write

    def _report(
        self,
        tuned: Tuned,
        before: Classifier | None,
        recipe: Recipe,
        captured: Given | None,
        device: torch.device,
    ) -> None:
        seed = split_seed(self.seed, "report")  # these frames are in no other split
        old = fixed_frames(recipe, seed, self.report_frames, workers=self.machine.workers)
        sets = {f"synthesized frames of {recipe.name}": old}
        if captured:
            side = captured.recordings.side("test").spread(self.report_frames)
            sets[f"the test side of {self.captures}"] = list(side.each(100))
        found = [
            comparison.compare(name, frames, recipe.classes, before, tuned.model, device)
            for name, frames in sets.items()
        ]
        for one in found:
            print(f"On {one.name}:")
            print_table(comparison.COLUMNS, comparison.rows(one))
        new = captured.new if captured else ()
        what = {"checkpoint": str(self.output / "checkpoint"), "new_classes": new}
        path = self.output / "report.json"
        path.write_text(json.dumps(comparison.record(found, what), indent=2) + "\n")
        print(f"{path} holds the same numbers; {self.output / 'checkpoint'} is the model.")


def _tell(captured: Given, recipe: Recipe) -> None:
    sides = {name: len(part) for name, part in captured.recordings.sides.items()}
    told = [f"recorded frames: {', '.join(f'{count} {name}' for name, count in sides.items())}"]
    for name in captured.new:
        told.append(f"new class: {name}, of the family {recipe.families[name]}")
    for sentence in [*told, *captured.recordings.notes]:
        print(f"denomae-train: {sentence}", file=sys.stderr)
