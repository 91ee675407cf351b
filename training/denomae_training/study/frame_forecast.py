# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the trainings of a study of our own frames will take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from denomae_training.data.source import Synthesized
from denomae_training.feeds.feed import feed_of
from denomae_training.feeds.order import Order
from denomae_training.finetuning.starting import starting_classifier
from denomae_training.loop.schedule import Schedule
from denomae_training.objectives.classification import Classification
from denomae_training.objectives.objective import Objective
from denomae_training.protocol.run import Runner
from denomae_training.signals.dataset import split_seed
from denomae_training.study.forecast import Pace, Stage, pace_of
from denomae_training.study.frame_subject import IMAGE
from denomae_training.study.frames import FramePlan
from denomae_training.study.given import given_pretraining, given_tuning
from denomae_training.study.run import FIGURES


def foretell_frames(
    runner: Runner,
    folder: Path,
    given: Path | None,
    planned: Sequence[FramePlan],
    seed: int,
    steps: int,
) -> list[Stage]:
    """What is still to be trained, timed by so many steps of each.

    A head behind a frozen encoder is left out: it takes seconds. So are validations on the way.
    """
    stages = []
    settings, of = runner.settings, (runner.recipe.name, runner.preset, seed)
    for each in planned:
        if (folder / each.name / FIGURES).is_file():
            continue
        torch.manual_seed(seed)
        encoder = None
        if each.pretrained is not None:
            model = each.pretrained.objective.model(runner.architecture)
            encoder = model.encoder
            name, schedule = each.pretrained.name, settings.pretraining_of(each.pretrained.frames)
            done = runner.work / f"pretrain-{name}-s{seed}" / "model.safetensors"
            if not done.is_file() and given_pretraining(given, name, *of, schedule) is None:
                pace = _pace(runner, model, each.pretrained.objective, schedule, steps)
                stages.append(Stage(f"{each.title}, pretraining", schedule.steps, pace))
        schedule = settings.finetuning_of(settings.labels)
        name = each.pretrained.name if each.pretrained else "scratch"
        if each.frozen or given_tuning(given, name, *of, schedule) is not None:
            continue
        classes = len(runner.recipe.classes)
        classifier = starting_classifier(encoder, runner.architecture, IMAGE, classes, seed)
        pace = _pace(runner, classifier, Classification(classes, IMAGE), schedule, steps)
        stages.append(Stage(f"{each.title}, classifier", schedule.steps, pace))
    return stages


def _pace(
    runner: Runner, model: nn.Module, objective: Objective, schedule: Schedule, steps: int
) -> Pace:
    feed = feed_of(Synthesized(runner.seen), split_seed(0, "pretrain"), objective.needs,
                   runner.architecture, Order(schedule.batch_size), runner.device)  # fmt: skip
    samples = list(feed.samples(0, steps))
    return pace_of(model, objective, samples, schedule, runner.device, runner.precision)
