# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a classifier is right as often as it says: temperature, threshold, reliability."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from denomae.checkpoint import Calibration, Refusal
from denomae.refusal import profile, scorer
from denomae_training.evaluation.outcome import Outcome

KEPT_SHARE = 0.98  # of the right validation frames, that the threshold lets through
STRONG_DB = 5.0  # from which on frames are refused by it
FALSE_ALARM = 0.04
"""Of strong frames of known classes, that are refused by it: so few that on other frames, which it
was not fitted on, they stay below 5 %."""
LEAST_STRONG = 100  # frames, that a threshold is fitted on
LEAST_EACH = 10  # frames of each class, that the distance is fitted on
RIDGE = 1e-3  # of the mean variance, that every direction has at least


def calibrate(outcome: Outcome, noise: int | None = None) -> Calibration:
    """Fit the temperature (least negative log likelihood) and the thresholds on validation frames.

    The confidence's is the largest that still lets through `KEPT_SHARE` of the frames that are
    right; the score's lets through all but `FALSE_ALARM` of those at `STRONG_DB` or more, and there
    is none of fewer than `LEAST_STRONG` such frames. Source of the temperature: Guo et al., arXiv
    1706.04599.

    Args:
        noise: the number of the class without a signal; None: there is none.
    """
    grid = torch.logspace(-1, 1, 401)
    losses = [
        torch.nn.functional.cross_entropy(outcome.logits / t, outcome.class_index) for t in grid
    ]
    temperature = grid[torch.stack(losses).argmin()].item()
    confidence = (outcome.logits / temperature).softmax(1).amax(1)[outcome.right]
    threshold = torch.quantile(confidence, 1 - KEPT_SHARE).item() if len(confidence) else 0.0
    temperature = round(temperature, 4)
    return Calibration(temperature, round(threshold, 4), refusal_of(outcome, temperature, noise))


def refusal_of(outcome: Outcome, temperature: float, noise: int | None = None) -> Refusal | None:
    """The score by which strong frames are refused, with its threshold; None of too few frames.

    The score is the distance of logits, which tells unknown waveforms best (docs/proof.md). Where a
    class has fewer than `LEAST_EACH` strong frames, as one of recordings whose SNR nobody knows,
    there is none: such a class would be refused itself. The threshold is that of frames which the
    distance was not fitted on: each half of them is measured by the other half.
    """
    strong = outcome.part(outcome.snr_db >= STRONG_DB)  # noise has no SNR
    if len(strong) < LEAST_STRONG:
        return None
    order = torch.randperm(len(strong), generator=torch.Generator().manual_seed(0))
    halves = [strong.part(part) for part in order.chunk(2)]
    counts = torch.stack([_counts(half) for half in halves]).amin(0)
    counts[[] if noise is None else noise] = LEAST_EACH
    if counts.min() < LEAST_EACH / 2:
        return None
    scores = [
        scorer(distance_of(one, temperature), temperature)(other.logits)
        for one, other in (halves, halves[::-1])
    ]
    threshold = torch.quantile(torch.cat(scores), FALSE_ALARM).item()
    return replace(distance_of(strong, temperature), threshold=round(threshold, 4))


def distance_of(outcome: Outcome, temperature: float) -> Refusal:
    """The score `distance` of frames of known classes, its threshold still open.

    Of each class that has frames the mean of its logits, and one covariance around these means for
    all of them.
    """
    found = profile(outcome.logits.double() / temperature)
    numbers = outcome.class_index.unique()
    middles = torch.stack([found[outcome.class_index == n].mean(0) for n in numbers])
    spread = found - middles[torch.searchsorted(numbers, outcome.class_index)]
    covariance = spread.T @ spread / len(spread)
    covariance += RIDGE * covariance.diagonal().mean() * torch.eye(len(covariance))
    weights = torch.linalg.cholesky(torch.linalg.inv(covariance))
    return Refusal("distance", 0.0, STRONG_DB, _rounded(middles), _rounded(weights))


def _counts(outcome: Outcome) -> torch.Tensor:
    """Frames of each class."""
    return torch.bincount(outcome.class_index, minlength=outcome.logits.shape[1])


def _rounded(rows: torch.Tensor) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(value, 4) for value in row) for row in rows.tolist())


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
