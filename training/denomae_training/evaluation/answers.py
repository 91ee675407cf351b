# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a classifier over frames."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from denomae_training.evaluation.outcome import Outcome
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.signals.dataset import Batch, batches, make_batch
from denomae_training.signals.recipe import Recipe


@torch.inference_mode()
def answers(
    model: nn.Module, frames: Iterable[Sample | Batch], device: torch.device | None = None
) -> Outcome:
    """What a classifier says of samples or batches; it is put into eval mode.

    Args:
        model: gives a `Verdict` of modalities, and has `encoder.modalities` and `architecture`.
        frames: samples with at least the encoder's modalities; batches of any device.
        device: where the model lies; None: where its first parameter does.
    """
    model.eval()
    device = device or next(model.parameters()).device
    names = model.encoder.modalities
    logits, estimates, classes, snr = [], [], [], []
    for given in frames:
        if isinstance(given, Batch):
            given = sample_of(given.to(device), names, model.architecture)
        verdict = model({name: given.views[name].to(device) for name in names})
        logits.append(verdict.logits.float().cpu())
        estimates.append(verdict.snr_db.float().cpu())
        classes.append(given.class_index.cpu())
        snr.append(given.snr_db.cpu())
    return Outcome(torch.cat(logits), torch.cat(estimates), torch.cat(classes), torch.cat(snr))


def fixed_frames(
    recipe: Recipe, seed: int, count: int, batch_size: int = 100, workers: int = 0
) -> list[Batch]:
    """The first `count` items of a recipe (rounded up to whole batches), kept in memory."""
    whole = -(-count // batch_size)
    if workers == 0:
        return [make_batch(recipe, seed, n * batch_size, batch_size) for n in range(whole)]
    return list(batches(recipe, seed, batch_size, 0, whole, workers))
