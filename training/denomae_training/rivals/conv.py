# SPDX-License-Identifier: GPL-3.0-or-later
"""The convolutional denoiser's two halves: three convolutions down, and three up again.

Each halves, or doubles, the length or height and width. The halves meet in `width` channels: the
places there are the tokens of a modality.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae.modalities import MODALITIES, in_table_order
from denomae.model.presets import Architecture
from denomae_training.rivals.cnn import refuse_visible

STEPS = 3  # convolutions on the way down


class ConvEncoder(nn.Module):
    """Images [B, 3, H, W] and signals [B, 2, N] to tokens [B, H/8 * W/8 or N/8, width]."""

    def __init__(self, architecture: Architecture, modalities: tuple[str, ...]) -> None:
        super().__init__()
        self.architecture = architecture
        self.modalities = in_table_order(modalities)
        self.downs = nn.ModuleDict({name: _down(name, architecture) for name in self.modalities})

    def forward(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        refuse_visible(visible)
        names = in_table_order(inputs)
        absent = [name for name in names if name not in self.downs]
        if absent:
            raise DenomaeError(f"this encoder knows {list(self.modalities)}, not {absent}")
        tokens = {}
        for name in names:
            features = self.downs[name](as_image(inputs[name]))  # [B, width, h, w]
            tokens[name] = features.flatten(2).transpose(1, 2)  # [B, h * w, width]
        return tokens


class ConvDecoder(nn.Module):
    """Tokens of a modality to all of its target: [B, 3, H, W] or [B, 2, N]."""

    def __init__(self, name: str, architecture: Architecture) -> None:
        super().__init__()
        self.image = MODALITIES[name].form == "image"
        height, width = _extent(name, architecture)
        self.height, self.width = height // 2**STEPS if self.image else 1, width // 2**STEPS
        channels = _channels(name, architecture)[::-1]
        kernel, stride, padding = ((4, 4), 2, 1) if self.image else ((1, 8), (1, 2), (0, 3))
        layers: list[nn.Module] = []
        for before, after in zip(channels, channels[1:], strict=False):
            up = nn.ConvTranspose2d(before, after, kernel, stride, padding)
            layers += [_drawn(up), nn.ReLU()]
        self.up = nn.Sequential(*layers[:-1])  # what comes out may be of any sign

    def forward(self, tokens: Tensor) -> Tensor:
        batch, _, width = tokens.shape
        grid = tokens.transpose(1, 2).reshape(batch, width, self.height, self.width)
        found = self.up(grid.contiguous(memory_format=torch.channels_last))
        return found if self.image else found.squeeze(2)


def as_image(values: Tensor) -> Tensor:
    """Signals [B, 2, N] as images [B, 2, 1, N]; channels last, which is faster on a CPU."""
    image = values if values.ndim == 4 else values[:, :, None]
    return image.contiguous(memory_format=torch.channels_last)


def _down(name: str, architecture: Architecture) -> nn.Sequential:
    channels = _channels(name, architecture)
    image = MODALITIES[name].form == "image"
    kernel, stride, padding = (3, 2, 1) if image else ((1, 7), (1, 2), (0, 3))
    layers: list[nn.Module] = []
    for before, after in zip(channels, channels[1:], strict=False):
        layers += [_drawn(nn.Conv2d(before, after, kernel, stride, padding)), nn.ReLU()]
    return nn.Sequential(*layers)


def _drawn(layer: nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    """With weights that keep the size of what passes through."""
    inputs = layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]
    if isinstance(layer, nn.ConvTranspose2d):
        inputs //= layer.stride[0] * layer.stride[1]
    nn.init.normal_(layer.weight, std=(2 / inputs) ** 0.5)
    nn.init.zeros_(layer.bias)
    return layer


def _channels(name: str, architecture: Architecture) -> tuple[int, ...]:
    """From the modality's own on: 2 or 3, a quarter of the width, a half, the width."""
    own = architecture.image.channels if MODALITIES[name].form == "image" else 2
    return own, architecture.width // 4, architecture.width // 2, architecture.width


def _extent(name: str, architecture: Architecture) -> tuple[int, int]:
    """Height and width of a modality, whose multiples of 8 come back as they were.

    Raises:
        DenomaeError: they are no multiples.
    """
    image = architecture.image
    extent = (image.height, image.width)
    if MODALITIES[name].form != "image":
        extent = (1, architecture.frame_length)
    if any(size > 1 and size % 2**STEPS for size in extent):
        raise DenomaeError(
            f"{name} is {extent[0]} x {extent[1]}; a convolutional denoiser wants multiples of "
            f"{2**STEPS}"
        )
    return extent
