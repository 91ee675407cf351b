# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tokens the encoder sees: drawn independently for each modality and each frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from denomae.errors import DenomaeError


@dataclass(frozen=True)
class Mask:
    """The visible and the masked tokens of one modality: int64 [B, V] and [B, M], ascending."""

    visible: Tensor
    masked: Tensor


def draw_mask(batch: int, tokens: int, masked_share: float, generator: torch.Generator) -> Mask:
    """A uniformly random mask for each frame; the visible count is the same for the whole batch.

    Raises:
        DenomaeError: the share leaves nothing visible or lies outside 0..1.
    """
    visible = round(tokens * (1 - masked_share))
    if not 0 <= masked_share < 1 or visible < 1:
        raise DenomaeError(
            f"a masked share of {masked_share} leaves {visible} of {tokens} tokens visible; "
            "choose a share from 0 to below 1 that leaves at least one"
        )
    order = torch.rand(batch, tokens, generator=generator).argsort(1)
    return Mask(order[:, :visible].sort(1).values, order[:, visible:].sort(1).values)


def draw_masks(
    token_counts: Mapping[str, int], batch: int, masked_share: float, generator: torch.Generator
) -> dict[str, Mask]:
    """Independent masks for several modalities, drawn in the order given."""
    return {
        name: draw_mask(batch, tokens, masked_share, generator)
        for name, tokens in token_counts.items()
    }


def rows_of(masks: Mapping[str, Mask], rows: slice) -> dict[str, Mask]:
    """Some frames' masks of a batch's."""
    return {name: Mask(mask.visible[rows], mask.masked[rows]) for name, mask in masks.items()}


def take(tokens: Tensor, index: Tensor) -> Tensor:
    """Select tokens: [B, T, D] and int64 [B, K] to [B, K, D]."""
    return tokens.gather(1, index.to(tokens.device)[..., None].expand(-1, -1, tokens.shape[-1]))
