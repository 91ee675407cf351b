# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a classifier is right as often as it says: temperature, threshold, reliability."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from denomae.checkpoint import Calibration
from denomae_training.evaluation.outcome import Outcome

KEPT_SHARE = 0.98  # of the right validation frames, that the threshold lets through


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


@dataclass(frozen=True)
class ReliabilityBin:
    """Frames whose confidence lies between `low` and `high`: how sure the model is of them on
    average, and how often it is right."""

    low: float
    high: float
    frames: int
    confidence: float
    accuracy: float


def reliability(outcome: Outcome, temperature: float, bins: int = 15) -> list[ReliabilityBin]:
    """The bins of equal width that hold a frame, ascending."""
    confidence = (outcome.logits / temperature).softmax(1).amax(1)
    place = (confidence * bins).long().clamp(max=bins - 1)
    found = []
    for b in range(bins):
        inside = place == b
        if inside.any():
            sure, right = confidence[inside].mean(), outcome.right[inside].float().mean()
            found.append(
                ReliabilityBin(
                    b / bins, (b + 1) / bins, int(inside.sum()), sure.item(), right.item()
                )
            )
    return found


def expected_calibration_error(outcome: Outcome, temperature: float, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their frames."""
    filled = reliability(outcome, temperature, bins)
    gaps = (b.frames * abs(b.confidence - b.accuracy) for b in filled)
    return sum(gaps) / max(len(outcome), 1)
