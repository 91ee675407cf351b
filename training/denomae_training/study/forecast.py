# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a study's trainings will take, from a few steps of each, before any is begun."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from denomae_training.feeds.sample import Sample
from denomae_training.loop.distributed import group_of
from denomae_training.loop.gradients import Gradients
from denomae_training.loop.optimizer import optimizer_of
from denomae_training.loop.schedule import Schedule
from denomae_training.objectives.objective import Objective


@dataclass(frozen=True)
class Pace:
    """What one step takes: seconds on the clock, and of one core."""

    wall_s: float
    core_s: float


@dataclass(frozen=True)
class Stage:
    """A training that is still to be done."""

    name: str
    steps: int
    pace: Pace

    @property
    def wall_s(self) -> float:
        return self.steps * self.pace.wall_s

    @property
    def core_s(self) -> float:
        return self.steps * self.pace.core_s


def pace_of(
    model: nn.Module,
    objective: Objective,
    samples: Iterable[Sample],
    schedule: Schedule,
    device: torch.device,
    precision: torch.dtype,
) -> Pace:
    """The median of steps as the training loop makes them; the model is changed by them.

    Args:
        samples: one a step; the first, which has to set things up, is not counted if there are
            others. That they must be made is not counted either.
    """
    model.to(device).train()
    gradients = Gradients(model, objective, schedule, 0, precision, group_of(device), False)
    optimizer = optimizer_of(model, schedule)
    walls, cores = [], []
    for step, sample in enumerate(samples):
        began, worked = time.monotonic(), time.process_time()
        gradients.of(sample, step)  # its numbers are read, so a GPU has done with it
        optimizer.step()
        walls.append(time.monotonic() - began)
        cores.append(time.process_time() - worked)
    rest = slice(1, None) if len(walls) > 1 else slice(None)
    return Pace(statistics.median(walls[rest]), statistics.median(cores[rest]))


def told(stages: Sequence[Stage]) -> list[str]:
    """The forecast in lines, a stage each and their sum."""
    lines = [
        f"  {stage.name}: {stage.steps:,} steps of {stage.pace.wall_s:.3g} s "
        f"({stage.pace.core_s:.3g} s of one core): {duration(stage.wall_s)}"
        for stage in stages
    ]
    wall, core = sum(s.wall_s for s in stages), sum(s.core_s for s in stages)
    end = f"trainings together about {duration(wall)}, {duration(core)} of one core"
    return [*lines, f"  {end}; what is measured of the models comes on top"]


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
