# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train choices`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from denomae.errors import DenomaeError
from denomae.model.sizes import multiply_accumulates
from denomae_training.checks.gnu_radio import GnuRadio
from denomae_training.commands.common import architecture_of, open_machine
from denomae_training.commands.configuration import to_plain
from denomae_training.data.source import Synthesized
from denomae_training.evaluation import TestSet
from denomae_training.feeds.feed import feed_of
from denomae_training.feeds.order import Order
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run, train
from denomae_training.proof.choices import CHOICES, Choice, cost_of_frame
from denomae_training.proof.run import part
from denomae_training.proof.small_run import SmallRun, judged
from denomae_training.protocol.record import open_folder
from denomae_training.report.table import Table, to_markdown
from denomae_training.signals.dataset import split_seed
from denomae_training.signals.recipes.live import LIVE

PICTURE_DB = 20.0


@dataclass(frozen=True)
class Choices:
    """What a live model should look at: models that differ in one choice, each trained at the same
    cost in operations, on test frames of `live` and on GNU Radio's signals.

    A run that was stopped goes on; a row that is there stays.
    """

    output: Path
    """A folder for a JSON file of each row and `choices.md`."""
    work: Path
    """A folder for the runs and their checkpoints."""
    only: tuple[str, ...] = tuple(CHOICES)
    """Rows by their names."""
    preset: str = "nano"
    seed: int = 1
    schedule: Schedule = field(
        default_factory=lambda: Schedule(frames=60_000, learning_rate=3e-3, optimizer="muon")
    )
    """Of the first row; another sees as many frames as cost the same. The rows choose the
    optimizer; AdamW's rate is a third of this one."""
    validation_frames: int = 1000
    snr: tuple[float, ...] = (0.0, 5.0, 10.0, 15.0, 20.0)
    """Of the test frames, in dB."""
    frames_per_snr: int = 480
    gnu_radio: int = 20
    """Transmissions of each class by GNU Radio; 0: none."""
    page: Path | None = None
    """A Markdown page whose table of the set `choices` is written anew."""
    picture: Path | None = None
    """Where to draw, as PNG, what each kind of image shows; drawn before anything is trained."""
    machine: Machine = field(default_factory=Machine)

    def run(self) -> None:
        unknown = [name for name in self.only if name not in CHOICES]
        if unknown or not self.only or not self.snr or self.gnu_radio < 0:
            raise DenomaeError(
                f"only has {list(self.only)}, snr {list(self.snr)} and gnu_radio is "
                f"{self.gnu_radio}; wanted some of {list(CHOICES)}, one SNR or more, and 0 or more"
            )
        if self.picture is not None:
            from denomae_training.proof.images_shown import draw_images

            draw_images(PICTURE_DB, self.seed, self.picture)
        device, precision = open_machine(self.machine)
        base = architecture_of(self.preset)
        budget = self.schedule.frames * cost_of_frame(
            CHOICES[next(iter(CHOICES))].classification(len(LIVE.classes)), base, LIVE
        )
        settings = {
            "preset": self.preset,
            "seed": self.seed,
            "schedule": to_plain(self.schedule),
            "tests": [list(self.snr), self.frames_per_snr, self.gnu_radio],
        }
        rows = {}
        with GnuRadio() as gnu_radio:
            for number, name in enumerate(self.only, start=1):
                print(f"run {number} of {len(self.only)}: {name}", file=sys.stderr)

                def measure(name: str = name) -> dict[str, Any]:
                    return self._row(name, budget, gnu_radio, device, precision)

                rows[name] = part(self.output, _file(name), settings, measure)
        table = _table(rows)
        text = f"# {table.title}\n\n{to_markdown(table)}\n"
        (self.output / "choices.md").write_text(text, encoding="utf-8")
        if self.page is not None:
            from denomae_training.report.markdown import fill_file

            fill_file(self.page, {"choices": {table.name: table}})
        print(to_markdown(table))

    def _row(
        self,
        name: str,
        budget: float,
        gnu_radio: GnuRadio,
        device: torch.device,
        precision: torch.dtype,
    ) -> dict[str, Any]:
        choice = CHOICES[name]
        recipe, architecture = (
            choice.recipe(LIVE),
            choice.architecture(architecture_of(self.preset)),
        )
        each = cost_of_frame(choice.classification(len(recipe.classes)), architecture, recipe)
        frames = round(budget * (1 - choice.pretrained) / each)
        schedule = self._schedule(choice, frames)
        tuning = choice.tuning(self.validation_frames)
        folder = self.work / _file(name)
        run = SmallRun(folder, recipe, architecture, tuning, schedule, self.seed, self.machine)
        encoder, before = None, 0
        if choice.pretrained:
            each = cost_of_frame(choice.pretraining(), architecture, recipe)
            before = round(budget * choice.pretrained / each)
            encoder = self._pretrained(choice, before, device, precision)
        checkpoint = run.trained(
            device, precision, encoder, preset=self.preset, choice=choice, pretrained_frames=before
        )
        tests = TestSet(recipe, self.seed, self.frames_per_snr * len(self.snr), self.snr)
        found = judged(checkpoint, tests, gnu_radio, self.gnu_radio, device, precision, self.seed)
        shape = {
            "frames": frames,
            "pretraining_frames": before,
            "tokens": sum(architecture.token_count(n) for n in choice.names),
            "mmac": multiply_accumulates(architecture, choice.names) / 1e6,
        }
        return shape | found

    def _schedule(self, choice: Choice, frames: int) -> Schedule:
        rate = self.schedule.learning_rate / (3 if choice.optimizer == "adamw" else 1)
        return replace(self.schedule, frames=frames, optimizer=choice.optimizer, learning_rate=rate)

    def _pretrained(
        self, choice: Choice, frames: int, device: torch.device, precision: torch.dtype
    ) -> nn.Module:
        """An encoder that learnt to denoise; a run that is there goes on."""
        folder, schedule = self.work / "pretraining", self._schedule(choice, frames)
        open_folder(folder, choice=choice, preset=self.preset, schedule=schedule, seed=self.seed)
        architecture = choice.architecture(architecture_of(self.preset))
        objective = choice.pretraining()
        torch.manual_seed(self.seed)
        model = objective.model(architecture)
        feed = feed_of(
            Synthesized(choice.recipe(LIVE)), split_seed(self.seed, "pretrain"), objective.needs,
            architecture, Order(schedule.batch_size, 0, self.seed), device, self.machine.workers,
        )  # fmt: skip
        run = Run("pretraining", self.seed, folder, schedule, self.machine)
        train(model, objective, feed, run, device, precision)
        return model.encoder


def _file(name: str) -> str:
    """A row's name as that of a file."""
    return name.replace(",", "").replace(" ", "-")


def _table(rows: dict[str, dict[str, Any]]) -> Table:
    lines = []
    for name, row in rows.items():
        others = [
            100 * row[channel][key]["share"] if channel in row else None
            for channel in ("plain", "faded")
            for key in ("class_from", "family_from")
        ]
        seen = f"{row['frames']:,}"
        if row["pretraining_frames"]:
            seen = f"{row['pretraining_frames']:,} + {seen}"
        lines.append(
            (
                name, row["tokens"], row["mmac"], seen, 100 * row["live"]["share"],
                100 * row["live_family"]["share"], *others,
            )
        )  # fmt: skip
    columns = (
        "what", "tokens", "million products a frame", "frames seen", "live", "live, family",
        "GNU Radio, class", "family", "faded, class", "family",
    )  # fmt: skip
    return Table(
        "choices", "What a live model should look at", columns, tuple(lines),
        "Percent of test frames; GNU Radio's: class from 10 dB on with 64qam = 256qam and without "
        "32apsk, family from 5 dB on. All trainings cost the same in products of matrices.",
    )  # fmt: skip
