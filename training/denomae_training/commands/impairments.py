# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train impairments`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from denomae.errors import DenomaeError
from denomae_training.checks.gnu_radio import GnuRadio
from denomae_training.commands.common import architecture_of, open_machine
from denomae_training.commands.configuration import to_plain
from denomae_training.evaluation import TestSet
from denomae_training.finetuning.tuning import Tuning
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.proof.run import part
from denomae_training.proof.small_run import SmallRun, judged
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
        tuning = Tuning(visible_share=0.5, whole_from=0.7, validation_frames=self.validation_frames)
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
                    run = SmallRun(
                        self.work / name, recipe, architecture, tuning, self.schedule, self.seed,
                        self.machine,
                    )  # fmt: skip
                    checkpoint = run.trained(device, precision, preset=self.preset)
                    return judged(
                        checkpoint, tests, gnu_radio, self.gnu_radio, device, precision, self.seed
                    )

                rows[name] = part(self.output, name, settings, measure)
        table = _table(rows)
        text = f"# {table.title}\n\n{to_markdown(table)}\n"
        (self.output / "impairments.md").write_text(text, encoding="utf-8")
        if self.page is not None:
            from denomae_training.report.markdown import fill_file

            fill_file(self.page, {"impairments": {table.name: table}})
        print(to_markdown(table))


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
