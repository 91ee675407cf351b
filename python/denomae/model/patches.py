# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting modalities into patches, and putting patches together again (exact inverses)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from denomae.errors import DenomaeError


def patchify_image(image: Tensor, patch: int) -> Tensor:
    """[B, C, H, W] to [B, H/p * W/p, C * p * p], row by row; H and W multiples of `patch`."""
    batch, channels, height, width = image.shape
    if height % patch or width % patch:
        raise DenomaeError(
            f"an image of {height} x {width} px does not divide into patches of {patch} px"
        )
    cells = image.reshape(batch, channels, height // patch, patch, width // patch, patch)
    return cells.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * patch * patch)


def unpatchify_image(patches: Tensor, patch: int, height: int, width: int) -> Tensor:
    """The inverse of `patchify_image`."""
    batch, _, size = patches.shape
    channels = size // (patch * patch)
    cells = patches.reshape(batch, height // patch, width // patch, channels, patch, patch)
    return cells.permute(0, 3, 1, 4, 2, 5).reshape(batch, channels, height, width)


def signal_as_image(signal: Tensor, channels: int, height: int, width: int) -> Tensor:
    """A signal drawn as DenoMAE was published: [B, 2, N] to [B, channels, height, width].

    The real part alone, interpolated linearly to height * width numbers, row by row, the same in
    every channel (arXiv 2501.11538 and its public code).
    """
    line = F.interpolate(signal[:, :1], size=height * width, mode="linear", align_corners=True)
    return line.reshape(-1, 1, height, width).expand(-1, channels, -1, -1)


def patchify_signal(signal: Tensor, patch: int) -> Tensor:
    """[B, C, N] to [B, N/p, C * p]; N a multiple of `patch`. C is 2 for I and Q."""
    batch, channels, length = signal.shape
    if length % patch:
        raise DenomaeError(f"a signal of {length} samples does not divide into patches of {patch}")
    return (
        signal.reshape(batch, channels, -1, patch)
        .transpose(1, 2)
        .reshape(batch, -1, channels * patch)
    )


def unpatchify_signal(patches: Tensor, patch: int) -> Tensor:
    """The inverse of `patchify_signal`: [B, N/p, C * p] to [B, C, N]."""
    batch, count, size = patches.shape
    cells = patches.reshape(batch, count, size // patch, patch)
    return cells.transpose(1, 2).reshape(batch, size // patch, count * patch)
