# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the study's models, each in a folder of its own, and once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from denomae_training.commands.configuration import to_plain
from denomae_training.feeds.order import Order
from denomae_training.loop.files import read_weights, write_weights
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run, train
from denomae_training.protocol.record import open_folder, time_of
from denomae_training.study.conditions import Planned, over
from denomae_training.study.conv import PictureDae
from denomae_training.study.feed import PictureFeed
from denomae_training.study.forecast import Pace, Stage, pace_of
from denomae_training.study.objectives import NameClasses, PictureClassifier, PictureObjective
from denomae_training.study.pictures import Pictures, PictureSet
from denomae_training.study.vit import PictureVit


@dataclass(frozen=True)
class Learnt:
    """A trained model, and the pictures a second that it saw of how many.

    Attributes:
        seconds: of training alone; 0 where nothing was learnt.
    """

    model: nn.Module
    updates: int
    seconds: float


@dataclass(frozen=True)
class Tuned:
    """The classifier that was best on validation pictures.

    Attributes:
        validation: its accuracy there, 0..1.
        test: its accuracy on the test pictures, 0..1.
        rate: its learning rate, of those tried.
    """

    learnt: Learnt
    validation: float
    test: float
    rate: float


@dataclass(frozen=True)
class Workshop:
    """Where models are trained: a set, a seed, a folder, a machine."""

    pictures: PictureSet
    seed: int
    folder: Path
    machine: Machine
    device: torch.device
    precision: torch.dtype

    def first(self, kind: str) -> nn.Module:
        """A model with its first weights, which the seed decides."""
        torch.manual_seed(self.seed)
        made = (PictureDae if kind == "conv" else PictureVit)(self.pictures.shape)
        return made.to(self.device)

    def pretrained(self, planned: Planned) -> Learnt:
        """The model, trained now or before."""
        model = self.first(planned.kind)
        if planned.objective is None:
            return Learnt(model.eval(), 0, 0.0)
        schedule = over(planned.schedule, planned.epochs * len(self.pictures.train))
        return self._trained(planned.name, model, planned.objective, schedule)

    def tuned(self, planned: Planned) -> Tuned:
        """A classifier behind the pretrained encoder: at each rate one, of which the best counts.

        The test pictures are shown to that one alone.
        """
        tuning = planned.tuning
        frames = tuning.epochs * len(self.pictures.train)
        best: Tuned | None = None
        for rate in tuning.rates:
            classifier = self.classifier(planned)
            schedule = over(replace(tuning.schedule, learning_rate=rate), frames)
            objective = NameClasses(tuning.masked_share)
            name = f"{planned.name}-tuned-{rate:g}"
            learnt = self._trained(name, classifier, objective, schedule)
            found = accuracy(learnt.model, self.pictures.validation)
            if best is None or found > best.validation:
                best = Tuned(learnt, found, 0.0, rate)
        test = accuracy(best.learnt.model, self.pictures.test)
        return Tuned(best.learnt, best.validation, test, best.rate)

    def classifier(self, planned: Planned, inner: nn.Module | None = None) -> PictureClassifier:
        """A classifier behind an encoder, None: the pretrained one, before it is trained."""
        tuning, inner = planned.tuning, inner or self.pretrained(planned).model
        torch.manual_seed(self.seed)
        return PictureClassifier(
            inner, len(self.pictures.classes), tuning.head, tuning.frozen, tuning.masked_share,
            tuning.signed, tuning.encoder_rate,
        ).to(self.device)  # fmt: skip

    def foretold(self, planned: Planned, steps: int) -> list[Stage]:
        """What is still to be trained of a model, timed by so many steps of each training."""
        count, tuning = len(self.pictures.train), planned.tuning
        tuned = over(tuning.schedule, tuning.epochs * count)
        rates = [rate for rate in tuning.rates if not self._done(f"{planned.name}-tuned-{rate:g}")]
        stages = []
        if planned.objective is not None and not self._done(planned.name):
            learnt = over(planned.schedule, planned.epochs * count)
            pace = self._pace(self.first(planned.kind), planned.objective, learnt, steps)
            stages.append(Stage(f"{planned.title}, pretraining", learnt.steps, pace))
        if rates:
            classifier = self.classifier(planned, self.first(planned.kind))
            pace = self._pace(classifier, NameClasses(tuning.masked_share), tuned, steps)
            name = f"{planned.title}, {len(rates)} classifiers" if len(rates) > 1 else (
                f"{planned.title}, classifier")  # fmt: skip
            stages.append(Stage(name, len(rates) * tuned.steps, pace))
        return stages

    def _pace(
        self, model: nn.Module, objective: PictureObjective, schedule: Schedule, steps: int
    ) -> Pace:
        order = Order(schedule.batch_size, len(self.pictures.train), self.seed)
        feed = PictureFeed(self.pictures.train, self.pictures.name, order, self.device)
        return pace_of(
            model, objective, feed.samples(0, steps), schedule, self.device, self.precision
        )

    def _done(self, name: str) -> bool:
        return (self.folder / name / "model.safetensors").is_file()

    def _trained(
        self, name: str, model: nn.Module, objective: PictureObjective, schedule: Schedule
    ) -> Learnt:
        folder = self.folder / name
        open_folder(
            folder, data=self.pictures.name, seed=self.seed, count=len(self.pictures.train),
            objective={"kind": type(objective).__name__} | to_plain(objective), schedule=schedule,
        )  # fmt: skip
        done = folder / "model.safetensors"
        if not done.is_file():
            order = Order(schedule.batch_size, len(self.pictures.train), self.seed)
            feed = PictureFeed(self.pictures.train, self.pictures.name, order, self.device)
            run = Run(name, self.seed, folder, schedule, self.machine)
            train(model, objective, feed, run, self.device, self.precision)
            write_weights(done, model.state_dict())
        model.load_state_dict(read_weights(done))
        return Learnt(model.to(self.device).eval(), schedule.steps, time_of(folder)["seconds"])


@torch.inference_mode()
def accuracy(classifier: PictureClassifier, pictures: Pictures, batch: int = 256) -> float:
    """The share of pictures that are named rightly, 0..1.

    Where a part of them is hidden, it is the same whenever they are shown.
    """
    classifier.eval()
    device = next(classifier.parameters()).device
    generator = torch.Generator().manual_seed(0)
    right = 0
    for first in range(0, len(pictures), batch):
        images = pictures.images[first : first + batch].to(device)
        named = classifier(images, generator).argmax(1).cpu()
        right += int((named == pictures.class_index[first : first + batch]).sum())
    return right / len(pictures)
