# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train study`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from denomae.errors import DenomaeError
from denomae_training.commands.common import open_machine
from denomae_training.loop.distributed import here
from denomae_training.loop.schedule import Machine

if TYPE_CHECKING:
    from denomae_training.study.forecast import Stage


@dataclass(frozen=True)
class Study:
    """Compare what masking teaches with what denoising teaches, as published and fairly.

    Every finished model is measured at once; a study that was stopped goes on, and what has its
    figures is not done again. `study report` shows what there is.
    """

    what: Annotated[Literal["run", "report"], tyro.conf.Positional] = "run"
    """run: train and measure; report: write tables and pictures of all studies in --work."""
    data: Literal["digits", "mnist", "cifar10", "cifar10-jitter", "denomae10", "live"] = "digits"
    """digits: scikit-learn's, which are always there; mnist, cifar10: files in --folder;
    denomae10, live: our own frames."""
    fairness: Literal["published", "fair"] = "fair"
    """published: under the study's conditions; fair: the same inputs, updates and classifiers."""
    folder: Path | None = None
    """Where the files of MNIST or CIFAR-10 lie."""
    runs: Path | None = None
    """Finished runs of `denomae-train protocol`, such as runs/protocol/denomae10-nano: what is
    there is measured and not trained again. Nothing is written into it."""
    work: Path = Path("runs/study")
    """Gets DATA-FAIRNESS-sSEED/: models, figures, what is drawn."""
    output: Path = Path("runs/study-report")
    """Where a report goes: index.html, PNG, CSV."""
    markdown: Path | None = None
    """With a report: a page whose tables are written anew, see `denomae-train report`."""
    seed: int = 1
    pretraining_epochs: int = 0
    """Rounds over the pictures or frames without labels; 0: as the conditions or the protocol say.
    """
    tuning_epochs: int = 0
    """Rounds over those with labels; 0: likewise."""
    frames: int = 1_100
    """Of our own frames: how many the models are tested on, at -10 to 10 dB by 2."""
    preset: str = "nano"
    """Of models of our own frames."""
    measure_steps: int = 3
    """How many steps of each training tell its speed, by which the time is foretold; 0: it is not.
    """
    plan: bool = False
    """Say what would be trained and how long it takes, and no more."""
    machine: Machine = field(default_factory=lambda: Machine(tensorboard=False))
    """Precision "auto" is fp32 for pictures: their models are so small that bf16 is slower."""

    def run(self) -> None:
        if here().ranks > 1:
            raise DenomaeError(
                f"the study was started as {here().ranks} processes and runs as one; start it "
                "without torchrun"
            )
        if self.what == "report":
            self._report()
            return
        for name in ("pretraining_epochs", "tuning_epochs", "measure_steps"):
            if getattr(self, name) < 0:
                raise DenomaeError(f"{name} is {getattr(self, name)}; wanted 0 or more")
        began, worked = time.monotonic(), time.process_time()
        if self.data in ("denomae10", "live"):
            self._frames()
        else:
            self._pictures()
        if self.plan:
            return
        wall, work = time.monotonic() - began, time.process_time() - worked
        print(f"{self.data}, {self.fairness}: {wall:.0f} s, {work:.0f} s of one core",
              file=sys.stderr)  # fmt: skip

    @property
    def place(self) -> Path:
        """The folder of this study."""
        return self.work / f"{self.data}-{self.fairness}-s{self.seed}"

    def _pictures(self) -> None:
        from denomae_training.study.conditions import plan, with_epochs
        from denomae_training.study.learn import Workshop
        from denomae_training.study.run import foretell_pictures, study_pictures
        from denomae_training.study.sets import open_set

        pictures = open_set(self.data, self.folder, self.seed)
        planned = [
            with_epochs(each, self.pretraining_epochs, self.tuning_epochs)
            for each in plan(self.data, self.fairness)
        ]
        machine = self.machine
        if machine.precision == "auto":
            machine = replace(machine, precision="fp32")
        device, precision = open_machine(machine)
        workshop = Workshop(pictures, self.seed, self.place, machine, device, precision)
        if self.measure_steps:
            self._tell(foretell_pictures(workshop, planned, self.measure_steps))
        if not self.plan:
            study_pictures(workshop, self.data, self.fairness, planned)

    def _frames(self) -> None:
        from denomae_training.commands.common import architecture_of, commit, recipe_of
        from denomae_training.protocol.run import Runner
        from denomae_training.protocol.settings import SETTINGS
        from denomae_training.study.frame_forecast import foretell_frames
        from denomae_training.study.frames import (
            check_frames,
            frame_plan,
            settings_for,
            study_frames,
        )

        if self.preset not in SETTINGS:
            raise DenomaeError(
                f"the protocol has no schedule for {self.preset!r}; wanted one of {[*SETTINGS]}"
            )
        if self.runs is not None and not self.runs.is_dir():
            raise DenomaeError(
                f"{self.runs} is no folder; wanted one of finished protocol runs, or no --runs"
            )
        device, precision = open_machine(self.machine)
        work = self.work / f"protocol-{self.data}-{self.preset}"
        recipe = recipe_of(self.data)
        check_frames(recipe, self.frames)
        epochs = self.pretraining_epochs, self.tuning_epochs
        settings = settings_for(recipe, SETTINGS[self.preset], *epochs)
        runner = Runner(
            recipe, self.preset, architecture_of(self.preset), settings, work, work, self.machine,
            device, precision, commit(),
        )  # fmt: skip
        if self.measure_steps:
            planned = frame_plan(settings, self.fairness)
            self._tell(
                foretell_frames(
                    runner, self.place, self.runs, planned, self.seed, self.measure_steps
                )
            )
        if not self.plan:
            study_frames(runner, self.place, self.runs, self.fairness, self.seed, self.frames)

    def _tell(self, stages: Sequence[Stage]) -> None:
        """How long the trainings take that are left, before the first of them is begun."""
        from denomae_training.study.forecast import told

        if not stages:
            return
        print(f"{self.data}, {self.fairness}, timed by {self.measure_steps} steps of each:",
              *told(stages), sep="\n", file=sys.stderr, flush=True)  # fmt: skip

    def _report(self) -> None:
        from denomae_training.study.report import fill_page, write_report
        from denomae_training.study.results import read_studies, unfinished

        studies = read_studies(self.work)
        if not studies:
            raise DenomaeError(
                f"{self.work} holds no study; run `denomae-train study --data digits` first"
            )
        print(write_report(studies, unfinished(self.work), self.output))
        if self.markdown is not None:
            changed = fill_page(studies, self.markdown)
            print(f"{self.markdown}: {'written anew' if changed else 'as it was'}")
