# SPDX-License-Identifier: GPL-3.0-or-later
"""Masked reconstruction: see a part of each modality, reconstruct the rest of its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae.modalities import in_table_order
from denomae.model.denomae import DenoMAE
from denomae.model.encoder import patchify
from denomae.model.masking import Mask, dirichlet_counts, draw_masks, mask_of, rows_of, take
from denomae.model.presets import Architecture
from denomae_training.feeds.sample import Sample
from denomae_training.objectives.objective import Objective
from denomae_training.objectives.patch_position import PatchPosition, position_error

TARGET_EPSILON = 1e-6  # added to the variance of a patch that is normalised


@dataclass(frozen=True)
class Masked(Objective):
    """What DenoMAE and MAE share; they differ in modalities and targets."""

    modalities: tuple[str, ...] = ()
    masked_share: float = 0.75
    """Of the tokens of each modality. With 0 all are visible, and the loss counts all of them."""
    budget: Literal["equal", "dirichlet"] = "equal"
    """How the visible tokens are shared among the modalities: the same part of each, or, as in
    MultiMAE (arXiv 2204.01678), by a Dirichlet draw for each batch with the same total."""
    dirichlet_alpha: float = 1.0
    masks_per_frame: int = 1
    """So many masks are drawn for each frame of a batch; they share its modalities and targets."""
    decoded_share: float = 1.0
    """Of the masked tokens: only these, drawn anew for each frame, are decoded and counted in the
    loss, as in CrossMAE (arXiv 2401.14391). They ask the encoder's tokens and each other; the
    visible tokens of their modality are no longer decoded beside them. With 1 nothing is left
    out; where none is masked, all are decoded."""
    normalised_targets: bool = False
    """Each target patch less its mean, over its deviation, as in MAE (arXiv 2111.06377)."""
    patch_position: float = 0.0
    """Weight of an added loss: naming the place of each visible token (see `patch_position`);
    published with 0.1."""
    signal_form: Literal["patches", "image"] | None = None
    """Signals as stretches of I and Q, or as images of their real part, as published; None: as the
    architecture says."""

    @property
    def targets(self) -> dict[str, str]:
        """Modality to the modality that its decoder must give."""
        raise NotImplementedError

    @property
    def needs(self) -> tuple[str, ...]:
        return in_table_order({*self.modalities, *self.targets.values()})

    def model(self, architecture: Architecture) -> DenoMAE | PatchPosition:
        architecture = replace(
            architecture, signal_form=self.signal_form or architecture.signal_form
        )
        model = DenoMAE(architecture, self.modalities)
        return PatchPosition(model) if self.patch_position else model

    def kept(self, model: nn.Module) -> tuple[str, nn.Module]:
        return "pretrained", model.inner if isinstance(model, PatchPosition) else model

    def loss(
        self,
        model: DenoMAE | PatchPosition,
        sample: Sample,
        generator: torch.Generator,
        share: float,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The sum over modalities of the mean squared errors on masked tokens."""
        self._check()
        architecture, names = model.architecture, in_table_order(self.modalities)
        masks = self._masks(architecture, names, sample, generator)
        asked = self._asked(masks, sample, generator)
        inputs = {name: _again(sample.views[name], self.masks_per_frame) for name in names}
        answer = model(inputs, masks, asked)
        predicted, places = answer if self.patch_position else (answer, None)
        goals = {
            goal: patchify(goal, sample.views[goal], architecture)
            for goal in dict.fromkeys(self.targets[name] for name in names)
        }
        parts = {}
        for name in names:
            counted = asked[name] if asked else masks[name].masked if self.masked_share else None
            parts[name] = self._error(
                predicted[name], goals[self.targets[name]], counted, asked is not None
            )
        loss = torch.stack(list(parts.values())).sum()
        if places is not None:
            parts["patch_position"] = position_error(places, masks)
            loss = loss + self.patch_position * parts["patch_position"]
        return loss, parts

    def _check(self) -> None:
        if not 0 < self.decoded_share <= 1:
            raise DenomaeError(
                f"a decoded share of {self.decoded_share} was asked for; "
                "choose one above 0, up to 1"
            )
        if self.masks_per_frame < 1:
            raise DenomaeError(
                f"{self.masks_per_frame} masks a frame were asked for; choose 1 or more"
            )

    def _masks(
        self,
        architecture: Architecture,
        names: tuple[str, ...],
        sample: Sample,
        generator: torch.Generator,
    ) -> dict[str, Mask]:
        """Masks for the sample's rows, and again for each further mask of a frame."""
        counts = {name: architecture.token_count(name) for name in names}
        if self.budget == "dirichlet":
            visible = dirichlet_counts(counts, self.masked_share, self.dirichlet_alpha, generator)
        rounds = []
        for _ in range(self.masks_per_frame):
            if self.budget == "dirichlet":
                drawn = {
                    name: mask_of(sample.whole, counts[name], visible[name], generator)
                    for name in names
                }
            else:
                drawn = draw_masks(counts, sample.whole, self.masked_share, generator)
            rounds.append(rows_of(drawn, sample.rows))
        if len(rounds) == 1:
            return rounds[0]
        return {
            name: Mask(
                torch.cat([masks[name].visible for masks in rounds]),
                torch.cat([masks[name].masked for masks in rounds]),
            )
            for name in names
        }

    def _asked(
        self, masks: Mapping[str, Mask], sample: Sample, generator: torch.Generator
    ) -> dict[str, Tensor] | None:
        """Which masked tokens are decoded: int64 [B, K] a modality; None: all tokens."""
        if self.decoded_share == 1 or not self.masked_share:
            return None
        return {
            name: torch.cat(
                [
                    some_masked(part, self.decoded_share, sample.whole, sample.rows, generator)
                    for part in mask.masked.chunk(self.masks_per_frame)
                ]
            )
            for name, mask in masks.items()
        }

    def _error(
        self, predicted: Tensor, target: Tensor, counted: Tensor | None, taken: bool
    ) -> Tensor:
        """Mean squared error over the tokens `counted` (None: all).

        Args:
            predicted: [B, T, size], or already `taken`: [B, K, size].
            target: [B / masks a frame, T, size].
        """
        if counted is None:
            target = _again(target, self.masks_per_frame)
        else:
            rounds = counted.chunk(self.masks_per_frame)
            target = torch.cat([take(target, part) for part in rounds])
            predicted = predicted if taken else take(predicted, counted)
        if not target.numel():  # a modality may be seen whole
            return predicted.sum()
        if self.normalised_targets:
            variance, mean = torch.var_mean(target, dim=-1, keepdim=True)
            target = (target - mean) / (variance + TARGET_EPSILON).sqrt()
        return (predicted - target).square().mean()


def some_masked(
    masked: Tensor, share: float, whole: int, rows: slice, generator: torch.Generator
) -> Tensor:
    """A random part of each frame's masked tokens, at least one if there is one: int64 [B, K].

    Drawn for the whole batch, of which `masked` holds the given rows.
    """
    count = masked.shape[1]
    order = torch.rand(whole, count, generator=generator).argsort(1)
    return masked.gather(1, order[rows, : max(1, round(share * count))])


def _again(values: Tensor, times: int) -> Tensor:
    return values if times == 1 else torch.cat([values] * times)
