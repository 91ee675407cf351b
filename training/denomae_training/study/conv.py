# SPDX-License-Identifier: GPL-3.0-or-later
"""The study's denoising autoencoder: three convolutions down, three up.

Source: "Unmasking the Noise" (Chan, Lee and Wu): a latent of 8 x 3 x 3 for pictures of 28 x 28 x 1,
of 48 x 4 x 4 for 32 x 32 x 3. Kernels and the channels between are not stated; chosen here.
Pictures of 8 x 8 end in 64 x 1 x 1: as many numbers as the class token that they are compared with.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

GREY, COLOUR, TINY = (32, 16, 8), (12, 24, 48), (16, 32, 64)  # channels on the way down


class ConvEncoder(nn.Module):
    """Pictures [B, C, H, W] to latents [B, c, h, w]: each side halves three times, rounded down."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels = _channels(shape)
        sides = _sides(shape)
        layers: list[nn.Module] = []
        for (before, after), side in zip(pairwise(channels), sides, strict=False):
            kernel, padding = _kernel(side[0])
            layers += [nn.Conv2d(before, after, kernel, 2, padding), nn.ReLU()]
        self.down = nn.Sequential(*layers[:-1])  # a latent may be of any sign
        self.latent_shape = (channels[-1], *sides[-1])

    def forward(self, images: Tensor) -> Tensor:
        return self.down(images)


class ConvDecoder(nn.Module):
    """Latents back to pictures in 0..1."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels = _channels(shape)[::-1]
        sides = _sides(shape)[:-1][::-1]  # what each layer must give
        layers: list[nn.Module] = []
        for (before, after), side in zip(pairwise(channels), sides, strict=True):
            kernel, padding = _kernel(side[0])
            layers += [nn.ReLU(), nn.ConvTranspose2d(before, after, kernel, 2, padding)]
        self.up = nn.Sequential(*layers, nn.Sigmoid())

    def forward(self, latents: Tensor) -> Tensor:
        return self.up(latents)


class PictureDae(nn.Module):
    """Encoder and decoder; a picture's feature is its whole latent."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = ConvEncoder(shape)
        self.decoder = ConvDecoder(shape)
        self.feature_size = int(torch.tensor(self.encoder.latent_shape).prod())

    def forward(self, images: Tensor) -> Tensor:
        return self.decoder(self.encoder(images))

    def features(self, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """[B, feature size]; there are no tokens that could be hidden."""
        return self.encoder(images).flatten(1)


def _channels(shape: tuple[int, int, int]) -> tuple[int, ...]:
    """From the picture's own on."""
    if shape[1] < 16:
        return shape[0], *TINY
    return shape[0], *(GREY if shape[0] == 1 else COLOUR)


def _kernel(side: int) -> tuple[int, int]:
    """Kernel and padding that halve a side with stride 2, and double it exactly on the way back."""
    return (4, 1) if side % 2 == 0 else (3, 0)


def _sides(shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Height and width before each of three halvings and after the last."""
    sides = [(shape[1], shape[2])]
    for _ in range(3):
        sides.append((sides[-1][0] // 2, sides[-1][1] // 2))
    return sides
