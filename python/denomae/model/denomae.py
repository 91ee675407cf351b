# SPDX-License-Identifier: GPL-3.0-or-later
"""DenoMAE: one encoder over five modalities, one decoder for each (arXiv 2501.11538)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from denomae.model.decoder import Decoder
from denomae.model.encoder import Encoder
from denomae.model.initialise import initialise
from denomae.model.masking import Mask
from denomae.model.presets import Architecture


class DenoMAE(nn.Module):
    """The model of pretraining."""

    def __init__(self, architecture: Architecture, modalities: tuple[str, ...]) -> None:
        super().__init__()
        self.architecture = architecture
        self.encoder = Encoder(architecture, modalities)
        self.decoders = nn.ModuleDict(
            {name: Decoder(name, architecture) for name in self.encoder.modalities}
        )
        initialise(self)

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        masks: Mapping[str, Mask],
        asked: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Encode the visible tokens, decode all: modality name to [B, T, size of its target].

        With `asked`, int64 [B, K] of masked tokens a modality, only those: [B, K, size].
        """
        return self.decode(self.encode(inputs, masks), masks, asked)

    def encode(self, inputs: Mapping[str, Tensor], masks: Mapping[str, Mask]) -> dict[str, Tensor]:
        """The encoder's tokens of what is visible: [B, V, D] a modality."""
        return self.encoder(inputs, {name: mask.visible for name, mask in masks.items()})

    def decode(
        self,
        encoded: dict[str, Tensor],
        masks: Mapping[str, Mask],
        asked: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """What each decoder makes of the encoder's tokens, as `forward` gives it."""
        return {
            name: self.decoders[name](encoded, masks[name], asked and asked[name])
            for name in encoded
        }
