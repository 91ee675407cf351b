# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoder and head: the model that runs live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from denomae.model.encoder import Encoder
from denomae.model.initialise import initialise
from denomae.model.presets import Architecture
from denomae.model.sparse import ALL, Kept, visible_tokens


@dataclass(frozen=True)
class Verdict:
    """What the head says of a batch: logits float32 [B, classes] and SNR in dB float32 [B]."""

    logits: Tensor
    snr_db: Tensor


class Head(nn.Module):
    """Mean of the tokens, then two layers to the classes and one to the SNR."""

    SNR_SCALE_DB = 10.0  # the regression works in units of this

    def __init__(self, architecture: Architecture, class_count: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(architecture.width, eps=1e-6)
        self.hidden = nn.Linear(architecture.width, architecture.head_width)
        self.activation = nn.GELU()
        self.classes = nn.Linear(architecture.head_width, class_count)
        self.snr = nn.Linear(architecture.head_width, 1)

    def pooled(self, tokens: Tensor) -> Tensor:
        """The mean of the tokens [B, T, D]: [B, D], in the head's precision."""
        return tokens.mean(1, dtype=self.norm.weight.dtype)  # float32 keeps bf16 sums exact

    def forward(self, tokens: Tensor) -> Verdict:
        features = self.activation(self.hidden(self.norm(self.pooled(tokens))))  # [B, head width]
        return Verdict(self.classes(features), self.snr(features).squeeze(-1) * self.SNR_SCALE_DB)


class Classifier(nn.Module):
    """Modalities of a batch of frames to verdicts.

    Attributes:
        kept: the tokens that it looks at where a call does not name them; all of them, unless its
            checkpoint says otherwise.
    """

    def __init__(
        self, architecture: Architecture, modalities: tuple[str, ...], class_count: int
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.kept: Kept = ALL
        self.encoder = Encoder(architecture, modalities)
        self.head = Head(architecture, class_count)
        initialise(self)

    def forward(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor] | None = None
    ) -> Verdict:
        return self.head(self.tokens(inputs, visible))

    def tokens(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """The encoder's tokens of all modalities, one behind the other: [B, sum of T or V, D]."""
        if visible is None:
            visible = visible_tokens(inputs, self.architecture, self.kept)
        return torch.cat(list(self.encoder(inputs, visible).values()), dim=1)
