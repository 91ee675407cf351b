# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train impairments`."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from denomae.checkpoint import Provenance, write_checkpoint
from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier
from denomae_training.checks.gnu_radio import GnuRadio
from denomae_training.commands.common import (
    architecture_of,
    checkpoint_config,
    commit,
    open_machine,
)
from denomae_training.commands.configuration import to_plain
from denomae_training.data.source import Synthesized
from denomae_training.evaluation import Outcome, TestSet, calibrate
from denomae_training.finetuning.finetune import finetune
from denomae_training.finetuning.selection import Evaluated
from denomae_training.finetuning.tuning import Tuning
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run
from denomae_training.proof.grading import share
from denomae_training.proof.run import part
from denomae_training.proof.settings import Counts
from denomae_training.protocol.record import open_folder
from denomae_training.report.table import Table, to_markdown
from denomae_training.signals.recipes.live import LIVE
from denomae_training.signals.recipes.live_without import LEFT_OUT, NOTHING, live_without


@dataclass(frozen=True)
class Impairments:
    """What each impairment in training is worth: models that never met one of them, from scratch
    and all alike otherwise, on frames that have them all and on GNU Radio's signals.

    A run that was stopped goes on; a row that is there stays.
    """

    output: Path
    """A folder for a JSON file of each row and `impairments.md`."""
    work: Path
    """A folder for the runs and their checkpoints."""
    only: tuple[str, ...] = LEFT_OUT
    """What is left out, one run each."""
    preset: str = "nano"
    seed: int = 1
    schedule: Schedule = field(default_factory=lambda: Schedule(frames=60_000))
    validation_frames: int = 1000
    snr: tuple[float, ...] = (0.0, 5.0, 10.0, 15.0, 20.0)
    """Of the test frames, in dB."""
    frames_per_snr: int = 480
    gnu_radio: int = 20
    """Transmissions of each class by GNU Radio; 0: none."""
    page: Path | None = None
    """A Markdown page whose table of the set `impairments` is written anew."""
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        if not self.only or not self.snr or self.gnu_radio < 0:
            raise DenomaeError(
                f"only has {list(self.only)}, snr {list(self.snr)} and gnu_radio is "
                f"{self.gnu_radio}; wanted one or more of each, and 0 or more"
            )
        recipes = {name: live_without(name) for name in self.only}
        tests = TestSet(LIVE, self.seed, self.frames_per_snr * len(self.snr), self.snr)
        architecture = architecture_of(self.preset)
        device, precision = open_machine(self.machine)
        settings = {
            "preset": self.preset,
            "seed": self.seed,
            "schedule": to_plain(self.schedule),
            "tests": [list(self.snr), self.frames_per_snr, self.gnu_radio],
        }
        rows = {}
        with GnuRadio() as gnu_radio:
            for number, (name, recipe) in enumerate(recipes.items(), start=1):
                print(f"run {number} of {len(recipes)}: {name} left out", file=sys.stderr)

                def measure(name: str = name, recipe: Any = recipe) -> dict[str, Any]:
                    checkpoint = self._trained(name, recipe, architecture, device, precision)
                    return self._judged(checkpoint, tests, gnu_radio, device, precision)

                rows[name] = part(self.output, name, settings, measure)
        table = _table(rows)
        text = f"# {table.title}\n\n{to_markdown(table)}\n"
        (self.output / "impairments.md").write_text(text, encoding="utf-8")
        if self.page is not None:
            from denomae_training.report.markdown import fill_file

            fill_file(self.page, {"impairments": {table.name: table}})
        print(to_markdown(table))

    def _trained(
        self, name: str, recipe: Any, architecture: Any, device: torch.device, precision: Any
    ) -> Path:
        """The checkpoint of a model that learnt without one impairment; trained once."""
        folder = self.work / name
        tuning = Tuning(visible_share=0.5, whole_from=0.7, validation_frames=self.validation_frames)
        open_folder(folder, recipe=recipe.name, preset=self.preset, tuning=tuning,
                    schedule=self.schedule, seed=self.seed)  # fmt: skip

        def write(model: Classifier, row: Evaluated, outcome: Outcome) -> dict[str, float]:
            provenance = Provenance(self.seed, 0, row.frames, commit())
            config = checkpoint_config(
                name, "classifier", architecture, tuning.names, recipe, provenance,
                calibrate(outcome, recipe.classes.index("noise")),
            )  # fmt: skip
            write_checkpoint(folder / "checkpoint", config, model)
            return {}

        run = Run(name, self.seed, folder, self.schedule, self.machine)
        source = Synthesized(recipe)
        finetune(None, architecture, source, tuning, run, device, precision, after=write)
        return folder / "checkpoint"

    def _judged(
        self,
        checkpoint: Path,
        tests: TestSet,
        gnu_radio: GnuRadio,
        device: torch.device,
        precision: torch.dtype,
    ) -> dict[str, Any]:
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
        if self.gnu_radio and not gnu_radio.missing:
            counts = dataclasses.replace(Counts(), gnu_radio=self.gnu_radio)
            made = of_gnu_radio(subject, gnu_radio, self.seed, counts, lambda _: None)
            for channel in ("plain", "faded"):
                kept = ("class_from", "family_from")
                found[channel] = {key: made[channel][key] for key in kept}
        return found


def _table(rows: dict[str, dict[str, Any]]) -> Table:
    whole = rows.get(NOTHING)
    lines = []
    for name, row in rows.items():
        lost = None if whole is None else 100 * (row["live"]["share"] - whole["live"]["share"])
        others = [
            100 * row[channel][key]["share"] if channel in row else None
            for channel in ("plain", "faded")
            for key in ("class_from", "family_from")
        ]
        lines.append(
            (
                name, 100 * row["live"]["share"], lost, 100 * row["live_family"]["share"], *others
            )
        )  # fmt: skip
    columns = (
        "left out", "live", "difference", "live, family", "GNU Radio, class", "family",
        "faded, class", "family",
    )  # fmt: skip
    return Table(
        "impairments", "What each impairment in training is worth", columns, tuple(lines),
        "Percent of the test frames, which have every impairment of `live`; GNU Radio's frames: "
        "class from 10 dB on with 64qam = 256qam and without 32apsk, family from 5 dB on.",
    )  # fmt: skip
