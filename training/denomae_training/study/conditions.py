# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which conditions the study compares: as they were published, or the same for both.

Published: the denoiser's encoder is frozen behind three layers and shown pictures in -1..1, which
it had learnt in 0..1; the masked autoencoder is tuned whole behind one layer, on MNIST with 75 % of
the patches hidden also in the test. On jittered CIFAR-10 both are tuned at a hundredth of the
head's rate. Batch sizes are not stated, and neither is how the heads were made.

Fair: pictures in 0..1, whole, for both; as many updates at the same rates; both frozen (a linear
probe) and both tuned whole behind one linear layer, at the best of the same rates on validation
pictures. Beside them a ViT that learns to denoise, which differs from the masked autoencoder in the
objective alone, and both encoders without any pretraining.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from denomae.errors import DenomaeError
from denomae_training.loop.schedule import Schedule
from denomae_training.study.objectives import FillIn, PictureObjective, TakeNoiseAway

Fairness = Literal["published", "fair"]
PICTURE_DATA = ("digits", "mnist", "cifar10", "cifar10-jitter")
NOISE = {"digits": 0.5, "mnist": 0.5, "cifar10": 0.1, "cifar10-jitter": 0.1}
MASKED_SHARE = 0.75


@dataclass(frozen=True)
class Tuning:
    """How a classifier is made of an encoder; see `objectives.PictureClassifier`.

    Attributes:
        rates: learning rates of the head that are tried; the best on validation pictures counts.
    """

    epochs: int
    schedule: Schedule
    rates: tuple[float, ...]
    head: str = "linear"
    frozen: bool = False
    masked_share: float = 0.0
    signed: bool = False
    encoder_rate: float = 1.0


@dataclass(frozen=True)
class Planned:
    """A model of the study: `kind` "conv" or "vit", and what it learns before it is tuned.

    Attributes:
        objective: None: nothing.
    """

    name: str
    title: str
    kind: Literal["conv", "vit"]
    objective: PictureObjective | None
    epochs: int
    schedule: Schedule
    tuning: Tuning


def plan(data: str, fairness: Fairness) -> tuple[Planned, ...]:
    """The models of a study, in the order of its tables.

    Raises:
        DenomaeError: no such data.
    """
    if data not in PICTURE_DATA:
        raise DenomaeError(f"no pictures {data!r}; wanted one of {list(PICTURE_DATA)}")
    return _published(data) if fairness == "published" else _fair(data)


def with_epochs(planned: Planned, pretraining: int, tuning: int) -> Planned:
    """With other numbers of rounds; 0 leaves one as it is."""
    return replace(
        planned,
        epochs=pretraining or planned.epochs,
        tuning=replace(planned.tuning, epochs=tuning or planned.tuning.epochs),
    )


def over(schedule: Schedule, frames: int, rise: float = 0.05) -> Schedule:
    """A schedule over so many pictures; a cosine's rate rises in the first share `rise`."""
    warm = round(rise * frames) if schedule.shape == "cosine" else 0
    return replace(schedule, frames=frames, warmup_frames=warm)


def _constant(rate: float, batch_size: int, weight_decay: float = 0.0) -> Schedule:
    """Adam as the study used it: one rate from the first step to the last."""
    return Schedule(
        batch_size=batch_size, learning_rate=rate, shape="trapezoid", decay_share=0.0,
        weight_decay=weight_decay, beta2=0.999, clip=0.0,
    )  # fmt: skip


def _published(data: str) -> tuple[Planned, ...]:
    grey = data in ("digits", "mnist")
    batch = 64 if data == "digits" else 128
    # a set of 1,097 pictures gets more rounds: else it would be over after 340 steps
    pre, tuned = {"digits": (50, 25), "mnist": (20, 20)}.get(data, (20, 10))
    if data == "cifar10-jitter":
        rates, decay = (1e-4, 1e-4), (1e-5, 1e-5)
    else:
        rates, decay = ((1e-3, 1e-3), (0.0, 0.0)) if grey else ((3e-4, 1e-4), (1e-5, 0.0))
    jittered = Tuning(tuned, _constant(1e-3, batch, 1e-5), (1e-3,), encoder_rate=0.01)
    frozen = Tuning(tuned, _constant(1e-3, batch), (1e-3,), head="three", frozen=True, signed=True)
    whole = Tuning(
        tuned, _constant(rates[1], batch), (rates[1],), masked_share=MASKED_SHARE if grey else 0.0
    )
    jitter = data == "cifar10-jitter"
    return (
        Planned("dae", "DAE", "conv", TakeNoiseAway(NOISE[data]), pre,
                _constant(rates[0], batch, decay[0]), jittered if jitter else frozen),
        Planned("mae", "MAE", "vit", FillIn(MASKED_SHARE), pre,
                _constant(rates[1], batch, decay[1]), jittered if jitter else whole),
    )  # fmt: skip


def _fair(data: str) -> tuple[Planned, ...]:
    grey = data in ("digits", "mnist")
    batch = 64 if data == "digits" else 128
    pre, tuned = {"digits": (50, 12), "mnist": (20, 20)}.get(data, (20, 10))
    schedule = Schedule(
        batch_size=batch, learning_rate=1e-3 if grey else 3e-4, shape="cosine", weight_decay=0.05,
        beta2=0.95,
    )  # fmt: skip
    tuning = Tuning(tuned, replace(schedule, beta2=0.98), (3e-4, 1e-3))
    noise = TakeNoiseAway(NOISE[data])
    made = (
        ("dae", "DAE (convolutions)", "conv", noise),
        ("vit-dae", "DAE (ViT)", "vit", noise),
        ("mae", "MAE (ViT)", "vit", FillIn(MASKED_SHARE)),
        ("conv-untrained", "convolutions, not pretrained", "conv", None),
        ("vit-untrained", "ViT, not pretrained", "vit", None),
    )
    return tuple(
        Planned(name, title, kind, objective, pre, schedule, tuning)
        for name, title, kind, objective in made
    )
