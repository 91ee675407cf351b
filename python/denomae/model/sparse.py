# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tokens a classifier looks at when it need not look at all of them.

A constellation image is mostly empty, and an empty patch tells little. The encoder was pretrained
on a quarter of the tokens (MAE, arXiv 2111.06377), so that it takes any part of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from denomae.modalities import MODALITIES
from denomae.model.encoder import patchify
from denomae.model.presets import Architecture


@dataclass(frozen=True)
class Kept:
    """The tokens that are looked at: as many in every frame.

    Attributes:
        image_share: of an image's patches those with the most in them, so many of all (0..1).
        signal_every: of a signal's patches every so-manieth, from the first. Those of spectra, each
            of which may hold the line that tells, are all kept.
    """

    image_share: float = 1.0
    signal_every: int = 1

    @property
    def all(self) -> bool:
        """Whether nothing is left out."""
        return self.image_share == 1 and self.signal_every == 1

    def count(self, name: str, tokens: int) -> int:
        """How many of a modality's tokens are kept, at least one."""
        if MODALITIES[name].form == "image":
            return max(1, round(self.image_share * tokens))
        if MODALITIES[name].form == "spectra":
            return tokens
        return -(-tokens // self.signal_every)


ALL = Kept()


def visible_tokens(
    inputs: Mapping[str, Tensor], architecture: Architecture, kept: Kept
) -> dict[str, Tensor] | None:
    """The kept tokens of each modality: int64 [B, V], ascending; None: all of them.

    Args:
        inputs: modality name to its values [B, ...].
    """
    if kept.all:
        return None
    visible = {}
    for name, values in inputs.items():
        tokens = architecture.token_count(name)
        count = kept.count(name, tokens)
        if MODALITIES[name].form == "image":
            mass = patchify(name, values, architecture).sum(-1, dtype=torch.float32)  # [B, T]
            visible[name] = mass.topk(count, dim=1).indices.sort(1).values
        else:
            step = 1 if count == tokens else kept.signal_every
            places = torch.arange(0, tokens, step, device=values.device)
            visible[name] = places.expand(values.shape[0], -1)
    return visible
