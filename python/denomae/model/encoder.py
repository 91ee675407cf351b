# SPDX-License-Identifier: GPL-3.0-or-later
"""The shared encoder: any non-empty subset of the modalities in, one sequence of tokens out.

A token is a linear patch embedding, a fixed sine-cosine position and a learnt modality embedding;
attention (timm's blocks, see `blocks`) runs over the tokens of one frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae.modalities import MODALITIES, in_table_order
from denomae.model.blocks import encoder_block
from denomae.model.masking import take
from denomae.model.patches import (
    patchify_image,
    patchify_signal,
    signal_as_image,
    unpatchify_image,
    unpatchify_signal,
)
from denomae.model.positions import grid_positions, line_positions
from denomae.model.presets import Architecture


def patchify(name: str, values: Tensor, architecture: Architecture) -> Tensor:
    """The patches of one modality: [B, T, size]."""
    image = architecture.image
    if MODALITIES[name].form == "image":
        return patchify_image(values, architecture.image_patch)
    if MODALITIES[name].form == "spectra":
        return patchify_signal(values, architecture.spectra_patch)
    if architecture.signal_form == "image":
        values = signal_as_image(values, image.channels, image.height, image.width)
        return patchify_image(values, architecture.image_patch)
    return patchify_signal(values, architecture.signal_patch)


def unpatchify(name: str, patches: Tensor, architecture: Architecture) -> Tensor:
    """The values of one modality from its patches, the inverse of `patchify`.

    Raises:
        DenomaeError: the modality is a signal that the architecture takes as an image.
    """
    image = architecture.image
    if MODALITIES[name].form == "image":
        return unpatchify_image(patches, architecture.image_patch, image.height, image.width)
    if MODALITIES[name].form == "spectra":
        return unpatchify_signal(patches, architecture.spectra_patch)
    if architecture.signal_form == "image":
        raise DenomaeError(
            f"this model draws {name} as an image of its real part, from which no I/Q signal comes "
            "back; use a model with signal_form 'patches'"
        )
    return unpatchify_signal(patches, architecture.signal_patch)


def token_positions(name: str, architecture: Architecture, width: int) -> Tensor:
    """The fixed positions of a modality's tokens: float32 [T, width]."""
    if architecture.form(name) == "image":
        patch = architecture.image_patch
        return grid_positions(
            architecture.image.height // patch, architecture.image.width // patch, width
        )
    return line_positions(architecture.token_count(name), width)


class TokenEmbedding(nn.Module):
    """Patches of one modality to tokens."""

    def __init__(self, name: str, architecture: Architecture) -> None:
        super().__init__()
        self.projection = nn.Linear(architecture.patch_size(name), architecture.width)
        self.modality = nn.Parameter(torch.zeros(architecture.width))
        positions = token_positions(name, architecture, architecture.width)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, patches: Tensor, visible: Tensor | None = None) -> Tensor:
        """[B, T, size] to [B, T, D]; only of the visible ones, int64 [B, V], to [B, V, D]."""
        if visible is None:
            return self.projection(patches) + self.positions + self.modality
        places = self.positions[visible.to(patches.device)]
        return self.projection(take(patches, visible)) + places + self.modality


class Encoder(nn.Module):
    """The encoder for the modalities it was made with; each call may give any subset of them."""

    def __init__(self, architecture: Architecture, modalities: tuple[str, ...]) -> None:
        super().__init__()
        self.architecture = architecture
        self.modalities = in_table_order(modalities)
        self.embeddings = nn.ModuleDict(
            {name: TokenEmbedding(name, architecture) for name in self.modalities}
        )
        self.blocks = nn.ModuleList(encoder_block(architecture) for _ in range(architecture.depth))
        self.norm = nn.LayerNorm(architecture.width, eps=1e-6)

    def embed(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Tokens of each given modality in table order; only visible ones if `visible` is given.

        Args:
            inputs: modality name to its values (see `denomae.modalities.build`).
            visible: modality name to int64 [B, V], the tokens to keep.
        """
        names = in_table_order(inputs)
        absent = [name for name in names if name not in self.embeddings]
        if absent:
            raise DenomaeError(f"this encoder knows {list(self.modalities)}, not {absent}")
        return {
            name: self.embeddings[name](
                patchify(name, inputs[name], self.architecture),  # [B, T, size]
                visible and visible[name],
            )
            for name in names
        }

    def forward(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Encode: modality name to [B, T or V, D], in table order however `inputs` are ordered."""
        return self.layers(inputs, visible, (len(self.blocks),))[0]

    def layers(
        self,
        inputs: Mapping[str, Tensor],
        visible: Mapping[str, Tensor] | None,
        wanted: Sequence[int],
    ) -> list[dict[str, Tensor]]:
        """The tokens behind some of the blocks, as `forward` gives those behind the last one.

        Args:
            wanted: blocks by number from 1, in any order, repeated or not. Behind the last one
                stands the encoder's norm; behind the others nothing.
        """
        tokens = self.embed(inputs, visible)
        counts = [part.shape[1] for part in tokens.values()]
        sequence = torch.cat(list(tokens.values()), dim=1)  # [B, sum of T or V, D]
        behind = {}
        for number, block in enumerate(self.blocks, start=1):
            sequence = block(sequence)
            behind[number] = sequence if number in wanted else None
        if len(self.blocks) in wanted:
            behind[len(self.blocks)] = self.norm(sequence)
        return [
            dict(zip(tokens, behind[number].split(counts, dim=1), strict=True)) for number in wanted
        ]
