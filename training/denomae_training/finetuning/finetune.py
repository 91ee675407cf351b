# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning: one function for the command, for the protocol, and for every rival."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier, Head
from denomae.model.presets import Architecture
from denomae.model.sparse import ALL, Kept
from denomae_training.data.source import Source
from denomae_training.evaluation import Outcome, answers
from denomae_training.feeds.feed import Feed, feed_of
from denomae_training.feeds.order import Order
from denomae_training.finetuning.augment import Remembered, Turned
from denomae_training.finetuning.frozen import Encoded, FrozenAnswers, HeadAlone, HeadClassification
from denomae_training.finetuning.selection import Evaluated, Selection
from denomae_training.finetuning.starting import starting_classifier
from denomae_training.finetuning.tuning import Tuning
from denomae_training.loop.distributed import here
from denomae_training.loop.train import Run, train
from denomae_training.objectives.classification import Classification
from denomae_training.signals.dataset import Batch, split_seed

_AT_ONCE = 100  # validation frames


@dataclass(frozen=True)
class Tuned:
    """What fine-tuning found.

    Attributes:
        model: the best on validation frames, on the run's device, in eval mode.
        best: which one that was; None in a process that is not the first of several.
        history: all that were held against the validation frames, in order.
    """

    model: Classifier
    best: Evaluated | None
    history: tuple[Evaluated, ...]


def finetune(
    encoder: nn.Module | None,
    architecture: Architecture,
    source: Source,
    tuning: Tuning,
    run: Run,
    device: torch.device,
    precision: torch.dtype,
    *,
    validation: list[Batch] | None = None,
    head: Head | None = None,
    kept: Kept = ALL,
    after: Callable[[Classifier, Evaluated, Outcome], dict[str, float]] | None = None,
) -> Tuned:
    """Teach a classifier; go on where the run's folder has a state of it.

    Frames to learn from are items of the split "train" of the run's seed, and those that choose
    among the models on the way of the split "validation". No other frame is made or read. Of
    several processes the first alone chooses, and returns the best.

    Args:
        encoder: to start from, which stays as it is: training has a copy; None: from scratch.
        source: frames under the recipe that names the classes.
        run: its evaluations are the tuning's.
        validation: frames instead of the source's own of the split "validation".
        head: to start from, of as many classes; None: a new one.
        kept: tokens that what it starts from looks at, unless the tuning says otherwise.
        after: called with each model that is the best so far; what it returns is logged.

    Raises:
        DenomaeError: a label budget that the source cannot give, an encoder that does not know a
            modality, or a run that cannot go on.
    """
    if tuning.mode == "linear":
        raise ValueError("a linear probe is no fine-tuning: see `linear`")
    classes = len(source.recipe.classes)
    model = starting_classifier(encoder, architecture, tuning.names, classes, run.seed, head)
    model.kept = tuning.kept(kept, architecture)
    model.to(device)
    run = dataclasses.replace(run, evaluations=tuning.evaluations)
    run.folder.mkdir(parents=True, exist_ok=True)
    feed = _feed(source, architecture, tuning, run, device)
    if validation is None:
        validation = validation_frames(source, run.seed, tuning.validation_frames)
    trained: nn.Module = model
    ask = partial(answers, model, validation, device)
    objective = Classification(
        classes, tuning.names, tuning.visible_share, tuning.whole_from, tuning.label_smoothing
    )
    if tuning.mode == "head":
        model.encoder.requires_grad_(False)
        feed = Encoded(feed, model)
        trained = HeadAlone(model.head)
        ask = FrozenAnswers(model, validation, device)
        objective = HeadClassification(classes, tuning.label_smoothing)
    selection = Selection(run.folder)

    def evaluate(step: int) -> dict[str, float]:
        outcome = ask()
        loss = F.cross_entropy(outcome.logits, outcome.class_index).item()
        row = Evaluated(step, step * run.schedule.batch_size, outcome.accuracy, loss)
        found = {"validation_accuracy": row.accuracy, "validation_cross_entropy": loss}
        if selection.add(row, trained) and after is not None:
            found |= after(model, row, outcome)
        return found

    train(trained, objective, feed, run, device, precision, evaluate)
    model.requires_grad_(True).eval()
    if here().rank:
        return Tuned(model, None, ())
    selection.load_best(trained)
    return Tuned(model, selection.best, selection.history)


def validation_frames(source: Source, seed: int, count: int) -> list[Batch]:
    """The first items of a source's split "validation".

    Raises:
        DenomaeError: none are wanted.
    """
    if count < 1:
        raise DenomaeError(
            f"{count} validation frames are wanted, by which the best model is chosen; wanted 1 or "
            "more (--validation-frames)"
        )
    of = split_seed(seed, "validation")
    return [
        source.batch(of, first, min(_AT_ONCE, count - first)) for first in range(0, count, _AT_ONCE)
    ]


def _feed(
    source: Source,
    architecture: Architecture,
    tuning: Tuning,
    run: Run,
    device: torch.device,
) -> Feed:
    """The frames to learn from."""
    seed = split_seed(run.seed, "train")
    if tuning.labels:
        source = source.balanced(tuning.labels, seed)
    order = Order(run.schedule.batch_size, source.size, run.seed)
    rest = tuning.names, architecture, order, device, run.machine.workers, here()
    if tuning.augment == "none":
        return feed_of(source, seed, *rest)
    return Turned(Remembered(source, seed) if source.size else source, seed, *rest)
