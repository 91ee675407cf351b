# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of logits by which a frame is known or refused: larger the more familiar it looks."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


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
