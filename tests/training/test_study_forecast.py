# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a study takes is told from a few steps, whose times are known here."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from denomae_training.feeds.sample import Sample
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.objectives.objective import Objective
from denomae_training.study import forecast
from denomae_training.study.conditions import plan, with_epochs
from denomae_training.study.forecast import Pace, Stage, duration, pace_of, told
from denomae_training.study.learn import Workshop
from denomae_training.study.pictures import digits

CPU = torch.device("cpu")


class Clock:
    """Instead of `time`: stands still but for what a step is said to take."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def process_time(self) -> float:
        return self.now / 4


@dataclass(frozen=True)
class Takes(Objective):
    clock: Clock
    seconds: list[float]

    def model(self, architecture):
        return nn.Linear(1, 1)

    def loss(self, model, sample, generator, share):
        self.clock.now += self.seconds.pop(0)
        return model.weight.square().sum(), {}


@pytest.mark.parametrize(
    ("seconds", "wall_s"), [([9.0, 1.0, 5.0, 2.0], 2.0), ([9.0, 3.0], 3.0), ([9.0], 9.0)]
)
def test_a_pace_is_the_median_of_the_steps_behind_the_first(monkeypatch, seconds, wall_s):
    clock = Clock()
    monkeypatch.setattr(forecast, "time", clock)
    one = Sample({}, torch.zeros(2, dtype=torch.long), torch.zeros(2), slice(0, 2), 2)
    samples = [one] * len(seconds)
    found = pace_of(
        nn.Linear(1, 1, bias=False),
        Takes(clock, list(seconds)),
        samples,
        Schedule(),
        CPU,
        torch.float32,
    )
    assert found == Pace(wall_s, wall_s / 4)


def test_stages_add_up():
    stages = [Stage("one", 1000, Pace(0.06, 0.03)), Stage("two", 36_000, Pace(0.2, 0.4))]
    lines = told(stages)
    assert lines[0] == "  one: 1,000 steps of 0.06 s (0.03 s of one core): 60 s"
    assert lines[1].endswith(": 2.0 h")
    assert "together about 2.0 h, 4.0 h of one core" in lines[2]
    assert [duration(s) for s in (89, 120, 5999, 7200)] == ["89 s", "2 min", "100 min", "2.0 h"]


def test_every_training_that_is_left_is_counted_with_its_steps(tmp_path):
    shop = Workshop(digits(), 1, tmp_path, Machine(threads=1), CPU, torch.float32)
    dae = with_epochs(plan("digits", "fair")[0], 2, 3)
    before = shop.first("conv").state_dict()
    steps = {stage.name: stage.steps for stage in shop.foretold(dae, 1)}
    # 1,097 pictures in batches of 64; a classifier for each of two rates
    assert steps == {
        "DAE (convolutions), pretraining": 35, "DAE (convolutions), 2 classifiers": 2 * 52,
    }  # fmt: skip
    assert not list(tmp_path.iterdir())
    assert all(torch.equal(before[k], v) for k, v in shop.first("conv").state_dict().items())
    (tmp_path / "dae").mkdir()
    (tmp_path / "dae" / "model.safetensors").touch()
    (tmp_path / f"dae-tuned-{dae.tuning.rates[0]:g}").mkdir()
    (tmp_path / f"dae-tuned-{dae.tuning.rates[0]:g}" / "model.safetensors").touch()
    left = {stage.name: stage.steps for stage in shop.foretold(dae, 1)}
    assert left == {"DAE (convolutions), classifier": 52}
    untrained = shop.foretold(replace(dae, objective=None), 1)
    assert [stage.name for stage in untrained] == ["DAE (convolutions), classifier"]
