# SPDX-License-Identifier: GPL-3.0-or-later
"""Accuracy and speed of a classifier that looks at a part of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch

from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier
from denomae.model.presets import Architecture
from denomae.model.sparse import Kept
from denomae_training.evaluation.cost import example, flops_of, throughput
from denomae_training.evaluation.test_set import BuiltTestSet

COLUMNS = ["image share", "signal every", "tokens", "MFLOP", "accuracy", "frames/s"]


@dataclass(frozen=True)
class TokensRow:
    """One row of the table.

    Attributes:
        tokens: that the encoder sees of one frame.
        flops: of one frame.
        accuracy: over all frames of the test set.
        frames_per_s: from modalities to verdict; drawing images is not in it.
    """

    image_share: float
    signal_every: int
    tokens: int
    flops: int
    accuracy: float
    frames_per_s: float

    @property
    def cells(self) -> list[str]:
        return [
            f"{self.image_share:g}",
            str(self.signal_every),
            str(self.tokens),
            f"{self.flops / 1e6:.1f}",
            f"{100 * self.accuracy:.1f} %",
            f"{self.frames_per_s:.0f}",
        ]


def kept_grid(
    shares: Sequence[float], signal_every: Sequence[int], architecture: Architecture
) -> list[Kept]:
    """Each share with each step.

    Raises:
        DenomaeError: one of them cannot be.
    """
    most = architecture.frame_length // architecture.signal_patch
    for share in shares:
        if not 0 < share <= 1:
            raise DenomaeError(f"tokens has {share:g}; wanted shares above 0, up to 1")
    for every in signal_every:
        if not 1 <= every <= most:
            raise DenomaeError(f"signal_every has {every}; wanted 1 to {most}")
    return [Kept(share, every) for share, every in product(shares, signal_every)]


def by_tokens(
    model: Classifier,
    built: BuiltTestSet,
    grid: Sequence[Kept],
    batch_size: int,
    precision: torch.dtype,
) -> list[TokensRow]:
    """A row for each choice; the model keeps the one that it had."""
    before, rows = model.kept, []
    device = next(model.parameters()).device
    inputs = {name: v.to(device) for name, v in example(model, batch_size).items()}
    try:
        for kept in grid:
            model.kept = kept
            outcome = built.answers(model)
            tokens = sum(
                kept.count(name, model.architecture.token_count(name))
                for name in model.encoder.modalities
            )
            rate = throughput(model, inputs, precision)
            rows.append(
                TokensRow(
                    kept.image_share,
                    kept.signal_every,
                    tokens,
                    flops_of(model),
                    round(outcome.accuracy, 5),
                    round(rate, 1),
                )
            )
    finally:
        model.kept = before
    return rows
