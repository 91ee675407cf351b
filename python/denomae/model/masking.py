# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tokens the encoder sees: drawn independently for each modality and each frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
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
        DenomaeError: the share lies outside 0..1, leaves nothing visible, or above 0 masks nothing.
    """
    visible = round(tokens * (1 - masked_share))
    if not 0 <= masked_share < 1 or visible < 1:
        raise DenomaeError(
            f"a masked share of {masked_share} leaves {visible} of {tokens} tokens visible; "
            "choose a share from 0 to below 1 that leaves at least one"
        )
    if masked_share and visible == tokens:
        raise DenomaeError(
            f"a masked share of {masked_share:g} masks 0 of {tokens} tokens; "
            "choose 0, or a share that masks at least one"
        )
    return mask_of(batch, tokens, visible, generator)


def mask_of(batch: int, tokens: int, visible: int, generator: torch.Generator) -> Mask:
    """A uniformly random mask for each frame that leaves `visible` tokens, 0 to all of them."""
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


def dirichlet_counts(
    token_counts: Mapping[str, int], masked_share: float, alpha: float, generator: torch.Generator
) -> dict[str, int]:
    """Visible tokens of each modality: a fixed total, shared out by chance (arXiv 2204.01678).

    The total is what equal masked shares would leave visible. The shares come from a symmetric
    Dirichlet distribution: with a small `alpha` one modality gets nearly all, with a large one all
    get the same. A modality may get none, and never more than it has; what does not fit goes to
    those that are furthest below their shares.

    Raises:
        DenomaeError: `alpha` or the share is out of range, or a share above 0 masks nothing at all.
    """
    if not alpha > 0 or not 0 <= masked_share < 1:
        raise DenomaeError(
            f"a Dirichlet alpha of {alpha} and a masked share of {masked_share} were asked for; "
            "choose an alpha above 0 and a share from 0 to below 1"
        )
    total = sum(round(tokens * (1 - masked_share)) for tokens in token_counts.values())
    if masked_share and total == sum(token_counts.values()):
        raise DenomaeError(
            f"a masked share of {masked_share:g} masks 0 of {total} tokens; "
            "choose 0, or a share that masks at least one"
        )
    seed = int(torch.randint(2**62, (1,), generator=generator))
    wanted = np.random.default_rng(seed).dirichlet([alpha] * len(token_counts)) * total
    room = np.array(list(token_counts.values()))
    counts = np.minimum(np.floor(wanted).astype(int), room)
    for _ in range(total - counts.sum()):
        counts[np.where(counts < room, wanted - counts, -np.inf).argmax()] += 1
    return dict(zip(token_counts, counts.tolist(), strict=True))


def rows_of(masks: Mapping[str, Mask], rows: slice) -> dict[str, Mask]:
    """Some frames' masks of a batch's."""
    return {name: Mask(mask.visible[rows], mask.masked[rows]) for name, mask in masks.items()}


def take(tokens: Tensor, index: Tensor) -> Tensor:
    """Select tokens: [B, T, D] and int64 [B, K] to [B, K, D]."""
    return tokens.gather(1, index.to(tokens.device)[..., None].expand(-1, -1, tokens.shape[-1]))
