# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train protocol`."""

from __future__ import annotations

import fnmatch
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from denomae.errors import DenomaeError
from denomae_training.commands.common import architecture_of, commit, open_machine, recipe_of
from denomae_training.loop.distributed import here
from denomae_training.loop.schedule import Machine

RECIPES = ("paper10", "paper10_no_power", "denomae10")


@dataclass(frozen=True)
class Protocol:
    """Run the published comparison and its ablations; what has a result already is not run again.

    Every finished run leaves a JSON file at once, and a run that was stopped goes on. Frames to
    learn from have -10 to 10 dB, test frames -20 to 20 dB; all runs of a size have the same epochs.
    """

    recipe: Literal["paper10", "paper10_no_power", "denomae10"] = "denomae10"
    preset: str = "nano"
    tier: Literal["cpu", "gpu", "full"] = "cpu"
    """cpu: what two cores can do; gpu: and what one GPU can; full: everything."""
    results: Path = Path("docs/results")
    """Gets RECIPE-PRESET/ID.json, a file a run, and what is planned."""
    work: Path = Path("runs/protocol")
    """Gets the runs themselves: logs, states, weights."""
    only: tuple[str, ...] = ()
    """Run only the runs whose ids match one of these patterns, such as 'denomae-*-s1'."""
    list: bool = False
    """Say what is planned and what is done, and run nothing."""
    machine: Machine = field(default_factory=lambda: Machine(tensorboard=False))

    def run(self) -> None:
        from denomae_training.protocol.plan import plan
        from denomae_training.protocol.points import TIERS
        from denomae_training.protocol.record import open_folder
        from denomae_training.protocol.settings import SETTINGS
        from denomae_training.report.plan import Planned, write_plan

        if here().ranks > 1:
            raise DenomaeError(
                f"the protocol was started as {here().ranks} processes and runs as one; start it "
                "without torchrun, once for each GPU with patterns of its own (--only)"
            )
        recipe, architecture = recipe_of(self.recipe), architecture_of(self.preset)
        if self.preset not in SETTINGS:
            raise DenomaeError(
                f"the protocol has no schedule for {self.preset!r}; wanted one of {[*SETTINGS]}"
            )
        settings = SETTINGS[self.preset]
        folder = self.results / f"{self.recipe}-{self.preset}"
        open_folder(folder, "settings.yaml", settings=settings)
        every = plan(self.recipe, self.preset, settings, TIERS[-1])
        write_plan(
            folder,
            [Planned(p.id, p.title, self.recipe, self.preset, p.parts, p.tier) for p in every],
        )
        chosen = [p for p in plan(self.recipe, self.preset, settings, self.tier) if self._has(p.id)]
        missing = [point for point in chosen if not (folder / f"{point.id}.json").is_file()]
        if self.list:
            for point in every:
                done = (folder / f"{point.id}.json").is_file()
                print(f"{'done' if done else '-':5} {point.tier:5} {point.id:34} {point.title}")
            return
        if not missing:
            print(f"all {len(chosen)} runs have their results in {folder}", file=sys.stderr)
            return
        from denomae_training.protocol.run import Runner

        device, precision = open_machine(self.machine)
        runner = Runner(
            recipe, self.preset, architecture, settings, folder,
            self.work / f"{self.recipe}-{self.preset}", self.machine, device, precision, commit(),
        )  # fmt: skip
        for number, point in enumerate(missing, start=1):
            print(f"run {number} of {len(missing)}: {point.id}", file=sys.stderr)
            began = time.monotonic()
            result = runner.run(point)
            found = f"{time.monotonic() - began:.0f} s"
            if result.rows:
                mean = result.scores["means"]["-6..10"]
                found += f", {100 * mean['accuracy']:.1f} % from -6 to 10 dB"
                if mean["limit"]:
                    found += f" (limit {100 * mean['limit']:.1f} %)"
            print(f"{point.id}: {found}", file=sys.stderr)
        left = len(every) - sum((folder / f"{p.id}.json").is_file() for p in every)
        print(f"{left} of {len(every)} planned runs have no result yet (--list)", file=sys.stderr)

    def _has(self, name: str) -> bool:
        return not self.only or any(fnmatch.fnmatch(name, pattern) for pattern in self.only)
