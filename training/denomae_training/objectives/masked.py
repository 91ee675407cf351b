# SPDX-License-Identifier: GPL-3.0-or-later
"""Masked reconstruction: see a part of each modality, reconstruct the rest of its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from denomae.errors import DenomaeError
from denomae.modalities import in_table_order
from denomae.model.denomae import DenoMAE
from denomae.model.encoder import patchify
from denomae.model.masking import Mask, draw_masks, rows_of, take
from denomae.model.presets import Architecture
from denomae_training.feeds.sample import Sample
from denomae_training.objectives.objective import Objective


@dataclass(frozen=True)
class Masked(Objective):
    """What DenoMAE and MAE share; they differ in modalities and targets."""

    modalities: tuple[str, ...] = ()
    masked_share: float = 0.75
    """Of the tokens of each modality. With 0 all are visible, and the loss counts all of them."""
    decoded_share: float = 1.0
    """Of the masked tokens: only these, drawn anew for each frame, are decoded and counted in the
    loss, as in CrossMAE (arXiv 2401.14391). They ask the encoder's tokens and each other; the
    visible tokens of their modality are no longer decoded beside them. With 1 nothing is left
    out; where none is masked, all are decoded."""

    @property
    def targets(self) -> dict[str, str]:
        """Modality to the modality that its decoder must give."""
        raise NotImplementedError

    @property
    def needs(self) -> tuple[str, ...]:
        return in_table_order({*self.modalities, *self.targets.values()})

    def model(self, architecture: Architecture) -> DenoMAE:
        return DenoMAE(architecture, self.modalities)

    def loss(
        self, model: DenoMAE, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The sum over modalities of the mean squared errors on masked tokens."""
        architecture = model.architecture
        names = in_table_order(self.modalities)
        counts = {name: architecture.token_count(name) for name in names}
        masks = rows_of(draw_masks(counts, sample.whole, self.masked_share, generator), sample.rows)
        asked = self._asked(masks, sample, generator)
        predicted = model({name: sample.views[name] for name in names}, masks, asked)
        goals = {
            goal: patchify(goal, sample.views[goal], architecture)
            for goal in dict.fromkeys(self.targets[name] for name in names)
        }
        parts = {
            name: reconstruction_error(
                predicted[name], goals[self.targets[name]], masks[name], asked and asked[name]
            )
            for name in names
        }
        return torch.stack(list(parts.values())).sum(), parts

    def _asked(
        self, masks: Mapping[str, Mask], sample: Sample, generator: torch.Generator
    ) -> dict[str, Tensor] | None:
        """Which masked tokens are decoded: int64 [B, K] a modality; None: all tokens."""
        if not 0 < self.decoded_share <= 1:
            raise DenomaeError(
                f"a decoded share of {self.decoded_share} was asked for; "
                "choose one above 0, up to 1"
            )
        if self.decoded_share == 1 or not self.masked_share:
            return None
        return {
            name: some_masked(mask, self.decoded_share, sample.whole, sample.rows, generator)
            for name, mask in masks.items()
        }


def some_masked(
    mask: Mask, share: float, whole: int, rows: slice, generator: torch.Generator
) -> Tensor:
    """A random part of each frame's masked tokens, at least one: int64 [B, K].

    Drawn for the whole batch, of which `mask` holds the given rows.
    """
    count = mask.masked.shape[1]
    order = torch.rand(whole, count, generator=generator).argsort(1)
    return mask.masked.gather(1, order[rows, : max(1, round(share * count))])


def reconstruction_error(
    predicted: Tensor, target: Tensor, mask: Mask, asked: Tensor | None = None
) -> Tensor:
    """Mean squared error over the masked tokens alone, or over all where none is masked.

    Args:
        predicted: [B, T, size], or [B, K, size] of the tokens `asked`.
        target: [B, T, size].
    """
    if asked is not None:
        return (predicted - take(target, asked)).square().mean()
    if not mask.masked.shape[1]:
        return (predicted - target).square().mean()
    return (take(predicted, mask.masked) - take(target, mask.masked)).square().mean()
