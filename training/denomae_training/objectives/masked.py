# SPDX-License-Identifier: GPL-3.0-or-later
"""Masked reconstruction: see a part of each modality, reconstruct the rest of its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

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
        predicted = model({name: sample.views[name] for name in names}, masks)
        parts = {}
        for name in names:
            goal = self.targets[name]
            patches = patchify(goal, sample.views[goal], architecture)
            parts[name] = reconstruction_error(predicted[name], patches, masks[name])
        return torch.stack(list(parts.values())).sum(), parts


def reconstruction_error(predicted: Tensor, target: Tensor, mask: Mask) -> Tensor:
    """Mean squared error over the masked tokens alone, or over all where none is masked; both
    [B, T, size]."""
    if not mask.masked.shape[1]:
        return (predicted - target).square().mean()
    return (take(predicted, mask.masked) - take(target, mask.masked)).square().mean()
