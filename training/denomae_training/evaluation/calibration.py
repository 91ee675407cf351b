# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a classifier is right as often as it says: temperature, threshold, reliability."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from denomae.checkpoint import Calibration, Refusal
from denomae.refusal import score_of
from denomae_training.evaluation.outcome import Outcome

KEPT_SHARE = 0.98  # of the right validation frames, that the threshold lets through
SCORE = (
    "energy"  # of those that need logits alone, what tells unknown waveforms best: docs/proof.md
)
STRONG_DB = 5.0  # from which on frames are refused by it
FALSE_ALARM = 0.04
"""Of strong frames of known classes, that are refused by it: so few that on other frames, which it
was not fitted on, they stay below 5 %."""
LEAST_STRONG = 100  # frames, that a threshold is fitted on


def calibrate(outcome: Outcome) -> Calibration:
    """Fit the temperature (least negative log likelihood) and the thresholds on validation frames.

    The confidence's is the largest that still lets through `KEPT_SHARE` of the frames that are
    right; the score's lets through all but `FALSE_ALARM` of those at `STRONG_DB` or more, and there
    is none of fewer than `LEAST_STRONG` such frames. Source of the temperature: Guo et al., arXiv
    1706.04599.
    """
    grid = torch.logspace(-1, 1, 401)
    losses = [
        torch.nn.functional.cross_entropy(outcome.logits / t, outcome.class_index) for t in grid
    ]
    temperature = grid[torch.stack(losses).argmin()].item()
    confidence = (outcome.logits / temperature).softmax(1).amax(1)[outcome.right]
    threshold = torch.quantile(confidence, 1 - KEPT_SHARE).item() if len(confidence) else 0.0
    temperature = round(temperature, 4)
    return Calibration(temperature, round(threshold, 4), refusal_of(outcome, temperature))


def refusal_of(outcome: Outcome, temperature: float) -> Refusal | None:
    """The threshold of the score by which strong frames are refused; None of too few frames."""
    strong = outcome.logits[outcome.snr_db >= STRONG_DB]  # noise has no SNR
    if len(strong) < LEAST_STRONG:
        return None
    threshold = torch.quantile(score_of(SCORE, strong, temperature), FALSE_ALARM).item()
    return Refusal(SCORE, round(threshold, 4), STRONG_DB)


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
