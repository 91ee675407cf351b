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


PLAIN: dict[str, Callable[[Tensor], Tensor]] = {
    "probability": _probability,
    "logit": _logit,
    "energy": _energy,
}


Score = Callable[[Tensor], Tensor]


def scorer(
    refusal: Refusal | None, temperature: float, device: torch.device | str = "cpu"
) -> Score:
    """The score that a refusal names: [B] of logits [B, classes], which are divided by the
    temperature; the largest probability where there is no refusal."""
    if refusal is not None and refusal.score == "distance":
        middles = torch.tensor(refusal.middles, dtype=torch.float32, device=device)
        weights = torch.tensor(refusal.weights, dtype=torch.float32, device=device)
        weighed = middles @ weights  # [classes with a signal, classes - 1]

        def distance(logits: Tensor) -> Tensor:
            apart = (profile(logits / temperature) @ weights)[:, None] - weighed
            return -apart.square().sum(2).amin(1)

        return distance
    plain = PLAIN[refusal.score if refusal else "probability"]
    return lambda logits: plain(logits / temperature)


def profile(logits: Tensor) -> Tensor:
    """Logits less their mean, of which all but the last are independent: [B, classes - 1].

    The score `distance` is minus the squared Mahalanobis distance of this to the nearest middle of
    a class: what a class is taken for otherwise, and how clearly, is as typical of it as its own
    logit. After Lee et al., arXiv 1807.03888, who measure it on features.
    """
    return (logits - logits.mean(1, keepdim=True))[:, :-1]


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
