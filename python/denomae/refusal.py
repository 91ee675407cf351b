# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a frame is refused as unknown: scores of logits, larger the more familiar it looks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from denomae.checkpoint import Refusal


def _probability(scaled: Tensor) -> Tensor:
    """The largest probability (Hendrycks and Gimpel, arXiv 1610.02136): 0..1."""
    return scaled.softmax(1).amax(1)


def _logit(scaled: Tensor) -> Tensor:
    """The largest logit (Hendrycks et al., arXiv 1911.11132)."""
    return scaled.amax(1)


def _energy(scaled: Tensor) -> Tensor:
    """Minus the free energy (Liu et al., arXiv 2010.03759)."""
    return torch.logsumexp(scaled, 1)


SCORES: dict[str, Callable[[Tensor], Tensor]] = {
    "probability": _probability,
    "logit": _logit,
    "energy": _energy,
}


def score_of(name: str, logits: Tensor, temperature: float) -> Tensor:
    """A score of `SCORES`: [B] of logits [B, classes], which are divided by the temperature."""
    return SCORES[name](logits / temperature)


def refuses(
    refusal: Refusal | None,
    threshold: float,
    confidence: np.ndarray,
    score: np.ndarray,
    snr_db: np.ndarray,
    is_noise: np.ndarray,
) -> np.ndarray:
    """Which frames are unknown: bool [B].

    Those that the model is unsure of, and those that look unfamiliar though they are strong. A weak
    frame is never familiar, and noise has no SNR that would count.

    Args:
        refusal: of the checkpoint's calibration; None: confidence alone counts.
        threshold: of the confidence, 0..1.
        confidence: probability of the best class, float [B].
        score: the refusal's, float [B].
        snr_db: as estimated, float [B].
        is_noise: whether the best class is noise, bool [B].
    """
    unsure = confidence < threshold
    if refusal is None:
        return unsure
    strong = (snr_db >= refusal.from_db) & ~is_noise
    return unsure | (strong & (score < refusal.threshold))
