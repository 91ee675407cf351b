# SPDX-License-Identifier: GPL-3.0-or-later
"""What a classifier says of many frames, its accuracy by SNR, and its calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from denomae.checkpoint import Calibration
from denomae.model.classifier import Classifier
from denomae_training.feeds.sample import training_modalities
from denomae_training.signals.dataset import Batch, batches, make_batch
from denomae_training.signals.recipe import Recipe

KEPT_SHARE = 0.98  # of the right validation frames, that the threshold lets through


@dataclass(frozen=True)
class Outcome:
    """Answers and truth of a set of frames: logits float32 [F, classes], the others [F]."""

    logits: Tensor
    snr_estimate_db: Tensor
    class_index: Tensor
    snr_db: Tensor

    @property
    def right(self) -> Tensor:
        return self.logits.argmax(1) == self.class_index

    @property
    def accuracy(self) -> float:
        return self.right.float().mean().item()


@torch.inference_mode()
def answers(model: Classifier, frames: list[Batch], device: torch.device) -> Outcome:
    """Run a classifier over batches."""
    model.eval()
    logits, estimates = [], []
    for batch in frames:
        inputs = training_modalities(batch.to(device), model.encoder.modalities, model.architecture)
        verdict = model(inputs)
        logits.append(verdict.logits.float().cpu())
        estimates.append(verdict.snr_db.float().cpu())
    return Outcome(
        torch.cat(logits),
        torch.cat(estimates),
        torch.cat([batch.class_index for batch in frames]),
        torch.cat([batch.snr_db for batch in frames]),
    )


def fixed_frames(
    recipe: Recipe, seed: int, count: int, batch_size: int = 100, workers: int = 0
) -> list[Batch]:
    """The first `count` items of a recipe (rounded up to whole batches), kept in memory."""
    whole = -(-count // batch_size)
    if workers == 0:
        return [make_batch(recipe, seed, n * batch_size, batch_size) for n in range(whole)]
    return list(batches(recipe, seed, batch_size, 0, whole, workers))


def calibrate(outcome: Outcome) -> Calibration:
    """Fit the temperature (least negative log likelihood) and the threshold on validation frames.

    The threshold is the largest that still lets through `KEPT_SHARE` of the frames that are right.
    Source of the temperature: Guo et al., arXiv 1706.04599.
    """
    grid = torch.logspace(-1, 1, 401)
    losses = [
        torch.nn.functional.cross_entropy(outcome.logits / t, outcome.class_index) for t in grid
    ]
    temperature = grid[torch.stack(losses).argmin()].item()
    confidence = (outcome.logits / temperature).softmax(1).amax(1)[outcome.right]
    threshold = torch.quantile(confidence, 1 - KEPT_SHARE).item() if len(confidence) else 0.0
    return Calibration(round(temperature, 4), round(threshold, 4))


def expected_calibration_error(outcome: Outcome, temperature: float, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their frames."""
    confidence = (outcome.logits / temperature).softmax(1).amax(1)
    place = (confidence * bins).long().clamp(max=bins - 1)
    gap = 0.0
    for b in range(bins):
        inside = place == b
        if inside.any():
            distance = confidence[inside].mean() - outcome.right[inside].float().mean()
            gap += inside.float().mean().item() * abs(distance.item())
    return gap


def confusion(outcome: Outcome, class_count: int) -> np.ndarray:
    """Counts int64 [true class, named class]."""
    pairs = outcome.class_index * class_count + outcome.logits.argmax(1)
    return torch.bincount(pairs, minlength=class_count**2).view(class_count, class_count).numpy()
