# SPDX-License-Identifier: GPL-3.0-or-later
"""The study's masked autoencoder: a ViT with a class token, patches of 2 px.

Source: MAE (arXiv 2111.06377), whose public implementation the study used, with widths of 64 for
pictures of one channel and 192 for three. Depths and heads are not stated; chosen here.
The same model without a mask is the denoiser that differs from it in the objective alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from denomae.model.initialise import initialise
from denomae.model.masking import Mask, take
from denomae.model.patches import patchify_image, unpatchify_image
from denomae.model.positions import grid_positions

PATCH = 2  # px


@dataclass(frozen=True)
class VitSize:
    """Width, depth and heads of encoder and decoder."""

    width: int
    depth: int
    heads: int
    decoder_width: int
    decoder_depth: int
    decoder_heads: int


GREY = VitSize(64, 4, 4, 32, 1, 4)
COLOUR = VitSize(192, 12, 3, 192, 4, 3)


class VitEncoder(nn.Module):
    """Pictures [B, C, H, W] to a class token and one token a visible patch: [B, 1 + V, width]."""

    def __init__(self, shape: tuple[int, int, int], size: VitSize) -> None:
        super().__init__()
        channels, height, width = shape
        self.grid = (height // PATCH, width // PATCH)
        self.projection = nn.Linear(channels * PATCH**2, size.width)
        self.class_token = nn.Parameter(torch.zeros(size.width))
        self.register_buffer("positions", grid_positions(*self.grid, size.width), persistent=False)
        self.blocks = nn.ModuleList(
            Block(size.width, size.heads, qkv_bias=True) for _ in range(size.depth)
        )
        self.norm = nn.LayerNorm(size.width, eps=1e-6)

    def forward(self, images: Tensor, visible: Tensor | None = None) -> Tensor:
        patches = patchify_image(images, PATCH)
        positions = self.positions.expand(len(images), -1, -1)
        if visible is not None:
            patches, positions = take(patches, visible), take(positions, visible)
        tokens = self.projection(patches) + positions
        sequence = torch.cat([self.class_token.expand(len(images), 1, -1), tokens], dim=1)
        for block in self.blocks:
            sequence = block(sequence)
        return self.norm(sequence)


class VitDecoder(nn.Module):
    """The encoder's tokens, with mask tokens where patches were hidden, to all patches."""

    def __init__(self, shape: tuple[int, int, int], size: VitSize) -> None:
        super().__init__()
        grid = (shape[1] // PATCH, shape[2] // PATCH)
        self.enter = nn.Linear(size.width, size.decoder_width)
        self.mask_token = nn.Parameter(torch.zeros(size.decoder_width))
        self.register_buffer(
            "positions", grid_positions(*grid, size.decoder_width), persistent=False
        )
        self.blocks = nn.ModuleList(
            Block(size.decoder_width, size.decoder_heads, qkv_bias=True)
            for _ in range(size.decoder_depth)
        )
        self.norm = nn.LayerNorm(size.decoder_width, eps=1e-6)
        self.leave = nn.Linear(size.decoder_width, shape[0] * PATCH**2)

    def forward(self, tokens: Tensor, visible: Tensor | None) -> Tensor:
        """[B, 1 + V, D] to patches [B, T, size]."""
        entered = self.enter(tokens)
        own = entered[:, 1:]
        if visible is not None:
            batch, _, width = own.shape
            empty = self.mask_token.to(own.dtype).expand(batch, len(self.positions), width)
            index = visible.to(own.device)[..., None].expand(-1, -1, width)
            own = empty.scatter(1, index, own)
        sequence = torch.cat([entered[:, :1], own + self.positions], dim=1)
        for block in self.blocks:
            sequence = block(sequence)
        return self.leave(self.norm(sequence))[:, 1:]


class PictureVit(nn.Module):
    """Encoder and decoder; a picture's feature is its class token."""

    def __init__(self, shape: tuple[int, int, int], size: VitSize | None = None) -> None:
        super().__init__()
        self.shape = shape
        size = size or (GREY if shape[0] == 1 else COLOUR)
        self.encoder = VitEncoder(shape, size)
        self.decoder = VitDecoder(shape, size)
        self.feature_size = size.width
        initialise(self)
        for token in (self.encoder.class_token, self.decoder.mask_token):
            nn.init.normal_(token, std=0.02)

    @property
    def token_count(self) -> int:
        return len(self.encoder.positions)

    def forward(self, images: Tensor, mask: Mask | None = None) -> Tensor:
        """Patches [B, T, size] of the whole picture, from what the mask leaves visible."""
        visible = None if mask is None else mask.visible
        return self.decoder(self.encoder(images, visible), visible)

    def picture(self, patches: Tensor) -> Tensor:
        """Patches [B, T, size] put together: [B, C, H, W]."""
        return unpatchify_image(patches, PATCH, *self.shape[1:])

    def features(self, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """The class token: [B, width]."""
        return self.encoder(images, visible)[:, 0]

    def mean_features(self, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """The mean of the patches' tokens: [B, width]."""
        return self.encoder(images, visible)[:, 1:].mean(1)
