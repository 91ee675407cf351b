# SPDX-License-Identifier: GPL-3.0-or-later
"""A linear probe of a label budget: how much of the classes an encoder shows as it is."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from denomae.errors import DenomaeError
from denomae.model.presets import Architecture
from denomae_training.data.source import Source
from denomae_training.evaluation import Outcome
from denomae_training.evaluation.probe import features_of, linear_probe
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.finetuning.finetune import validation_frames
from denomae_training.finetuning.starting import starting_classifier
from denomae_training.finetuning.tuning import Tuning
from denomae_training.signals.dataset import Batch, split_seed

_AT_ONCE = 100


def linear(
    encoder: nn.Module | None,
    architecture: Architecture,
    source: Source,
    tuning: Tuning,
    seed: int,
    device: torch.device,
    frames: list[Batch],
) -> tuple[Outcome, float]:
    """Fit a logistic regression to the mean of the tokens that a frozen encoder gives.

    Args:
        encoder: None: one with random weights.
        source: frames without end; those to learn from are a label budget of its split "train".
        frames: that the probe is asked about.

    Returns:
        its answers, and the inverse penalty that was best on frames of the split "validation".

    Raises:
        DenomaeError: no label budget, or one that the source cannot give; no scikit-learn.
    """
    if not tuning.labels:
        raise DenomaeError("a linear probe learns from a set of frames; wanted --labels N")
    of = split_seed(seed, "train")
    budget = source.balanced(tuning.labels, of)
    if not budget.size:
        raise DenomaeError("a linear probe of recordings is not there; wanted --mode head or whole")
    names, classes = tuning.names, len(source.recipe.classes)
    model = starting_classifier(encoder, architecture, names, classes, seed).to(device)

    def samples(batches: list[Batch]) -> Iterator[Sample]:
        return (sample_of(batch.to(device), names, architecture) for batch in batches)

    learnt = [
        budget.batch(of, first, min(_AT_ONCE, budget.size - first))
        for first in range(0, budget.size, _AT_ONCE)
    ]
    held = validation_frames(source, seed, tuning.validation_frames)
    parts = (features_of(model.encoder, samples(part), names) for part in (learnt, held, frames))
    return linear_probe(*parts, class_count=classes)
