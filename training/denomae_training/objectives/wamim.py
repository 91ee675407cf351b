# SPDX-License-Identifier: GPL-3.0-or-later
"""WaMIM: masked image modelling whose targets are wavelets, a level for each depth of the encoder.

"Wavelet-Driven Masked Image Modeling": a five-level Haar transform of the image gives four targets,
levels 2 to 5; behind four layers of the encoder one light decoder each reconstructs its level.
Stated there: levels, layers 3, 6, 9 and 12 of twelve, decoders of one block with width 256 and
eight heads, weights 0.8, 0.9, 1.1 and 1.2, a mask of 0.75, patches of 16 px, normalised targets.
Not stated, so chosen here and open to be chosen otherwise: which sub-bands, which weight for which
level, whether visible tokens count, over what a target is normalised.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae.model.encoder import Encoder, token_positions
from denomae.model.initialise import initialise
from denomae.model.masking import Mask, draw_masks, rows_of
from denomae.model.presets import Architecture
from denomae_training.feeds.sample import Sample
from denomae_training.objectives.objective import Objective
from denomae_training.objectives.wavelets import Bands, band_count, haar_levels

STATED_DEPTH = 12  # `Wamim.layers` are layers of an encoder this deep
STATED_WIDTH, STATED_HEADS = 256, 8
EPSILON = 1e-6  # added to the variance of a target that is normalised


@dataclass(frozen=True)
class Wamim(Objective):
    """Four fields go together, entry by entry: levels, layers, weights, bands."""

    image: Literal["noisy_image", "clean_image"] = "noisy_image"
    """What the encoder sees."""
    target: Literal["itself", "clean_image"] = "itself"
    """Whose wavelets are reconstructed; as published, those of the image itself."""
    levels: tuple[int, ...] = (2, 3, 4, 5)
    layers: tuple[int, ...] = (3, 6, 9, 12)
    """Of an encoder of twelve; of another depth, those at the same share of it."""
    weights: tuple[float, ...] = (0.8, 0.9, 1.1, 1.2)
    bands: tuple[Bands, ...] = ("details", "details", "details", "approximation")
    masked_share: float = 0.75
    masked_only: bool = True
    """Count coefficients by how much of them lies under masked tokens; else all alike."""
    normalised: bool = True
    """Each sub-band and channel of a frame less its mean, over its deviation."""
    decoder_width: int = 0
    """0: 256, or the architecture's where that is smaller."""
    decoder_heads: int = 0
    """0: 8 with a width of 256, else the architecture's."""

    @property
    def modalities(self) -> tuple[str, ...]:
        return (self.image,)

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.image, self._goal)))

    @property
    def _goal(self) -> str:
        return self.image if self.target == "itself" else self.target

    def model(self, architecture: Architecture) -> WaMIM:
        if not len(self.levels) == len(self.layers) == len(self.weights) == len(self.bands) > 0:
            raise DenomaeError(
                f"levels {self.levels}, layers {self.layers}, weights {self.weights} and bands "
                f"{self.bands} go together; give as many of each"
            )
        if min(self.levels) < 1 or not all(1 <= layer <= STATED_DEPTH for layer in self.layers):
            raise DenomaeError(
                f"levels {self.levels} and layers {self.layers} were asked for; choose levels from "
                f"1 and layers of 1 to {STATED_DEPTH}"
            )
        return WaMIM(architecture, self)

    def kept(self, model: WaMIM) -> tuple[str, nn.Module]:
        return "encoder", model.encoder

    def loss(
        self, model: WaMIM, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The weighted sum over levels of the mean squared errors of their coefficients."""
        architecture = model.architecture
        counts = {self.image: architecture.token_count(self.image)}
        drawn = draw_masks(counts, sample.whole, self.masked_share, generator)
        mask = rows_of(drawn, sample.rows)[self.image]
        predicted = model(sample.views[self.image], mask)
        hidden = masked_cells(mask, architecture).to(sample.views[self.image].device)
        levels = haar_levels(sample.views[self._goal], max(self.levels))
        parts, losses = {}, []
        for level, bands, scale, guess in zip(
            self.levels, self.bands, self.weights, predicted, strict=True
        ):
            target = levels[level - 1].coefficients(bands)
            target = normalised(target) if self.normalised else target
            weight = cell_weights(hidden, target.shape[-2:], architecture.image_patch, level)
            if not self.masked_only or not self.masked_share:
                weight = torch.ones_like(weight)
            error = (guess - target).square().mean(1, keepdim=True)  # [B, 1, h, w]
            each = (error * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3))
            parts[f"level_{level}_{bands}"] = each.mean()
            losses.append(scale * each.mean())
        return torch.stack(losses).sum(), parts


class WaMIM(nn.Module):
    """An encoder of one image, and behind some of its layers a decoder each."""

    def __init__(self, architecture: Architecture, choices: Wamim) -> None:
        super().__init__()
        self.architecture = architecture
        self.encoder = Encoder(architecture, choices.modalities)
        self.layers = tuple(
            max(1, round(layer * architecture.depth / STATED_DEPTH)) for layer in choices.layers
        )
        self.decoders = nn.ModuleList(
            LevelDecoder(architecture, choices, level, bands)
            for level, bands in zip(choices.levels, choices.bands, strict=True)
        )
        initialise(self)

    def forward(self, image: Tensor, mask: Mask) -> list[Tensor]:
        """A level's coefficients from each decoder: [B, bands * C, h, w]."""
        name = self.encoder.modalities[0]
        behind = self.encoder.layers({name: image}, {name: mask.visible}, self.layers)
        return [
            decoder(tokens[name], mask)
            for decoder, tokens in zip(self.decoders, behind, strict=True)
        ]


class LevelDecoder(nn.Module):
    """Visible tokens and mask tokens through one block, then to the grid of a level."""

    def __init__(
        self, architecture: Architecture, choices: Wamim, level: int, bands: Bands
    ) -> None:
        super().__init__()
        width = choices.decoder_width or min(STATED_WIDTH, architecture.decoder_width)
        stated = STATED_HEADS if width == STATED_WIDTH else architecture.decoder_heads
        heads = choices.decoder_heads or stated
        if width % 4 or width % heads:
            raise DenomaeError(
                f"a wavelet decoder of width {width} with {heads} heads was asked for; choose a "
                "width that is a multiple of 4 and of its heads"
            )
        self.grid = _token_grid(architecture)
        self.enter = nn.Sequential(
            nn.LayerNorm(architecture.width, eps=1e-6), nn.Linear(architecture.width, width)
        )
        self.mask_token = nn.Parameter(torch.zeros(width))
        positions = token_positions(choices.image, architecture, width)
        self.register_buffer("positions", positions, persistent=False)
        self.block = Block(width, heads, qkv_bias=True)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.resize = _resize(architecture.image_patch, level, width)
        self.leave = nn.Conv2d(width, band_count(bands) * architecture.image.channels, 1)

    def forward(self, tokens: Tensor, mask: Mask) -> Tensor:
        visible = self.enter(tokens)  # [B, V, d]
        batch, _, width = visible.shape
        index = mask.visible.to(visible.device)[..., None].expand(-1, -1, width)
        every = self.mask_token.expand(batch, self.positions.shape[0], width)
        every = every.scatter(1, index, visible.to(every.dtype)) + self.positions  # [B, T, d]
        every = self.norm(self.block(every))
        return self.leave(self.resize(every.transpose(1, 2).unflatten(2, self.grid)))


def masked_cells(mask: Mask, architecture: Architecture) -> Tensor:
    """1 where a token is masked, 0 where it is visible: float32 [B, 1, rows, columns]."""
    rows, columns = _token_grid(architecture)
    cells = torch.zeros(len(mask.masked), rows * columns).scatter(1, mask.masked, 1.0)
    return cells.view(-1, 1, rows, columns)


def cell_weights(hidden: Tensor, size: tuple[int, int], patch: int, level: int) -> Tensor:
    """How much of each coefficient of a level lies under masked tokens: [B, 1, h, w], 0..1."""
    finer = patch / 2**level
    if finer >= 1:
        return F.interpolate(hidden, size=size, mode="nearest")
    return F.avg_pool2d(hidden, round(1 / finer), ceil_mode=True)


def normalised(target: Tensor) -> Tensor:
    """Each channel of [B, channels, h, w] with mean 0 and deviation 1, or 0 where it is flat."""
    variance, mean = torch.var_mean(target, dim=(2, 3), keepdim=True, correction=0)
    return (target - mean) / (variance + EPSILON).sqrt()


def _token_grid(architecture: Architecture) -> tuple[int, int]:
    patch = architecture.image_patch
    return architecture.image.height // patch, architecture.image.width // patch


def _resize(patch: int, level: int, width: int) -> nn.Sequential:
    """From the grid of tokens to that of a level: transposed convolutions, nothing, or a mean."""
    steps = math.log2(patch) - level
    if steps != int(steps):
        raise DenomaeError(
            f"patches of {patch} px do not divide into the cells of a Haar level; "
            "use an architecture whose image_patch is a power of 2"
        )
    layers: list[nn.Module] = []
    for _ in range(int(steps)):
        layers += [nn.ConvTranspose2d(width, width, 2, stride=2), nn.GELU()]
    if steps < 0:
        layers.append(nn.AvgPool2d(2 ** int(-steps), ceil_mode=True))
    return nn.Sequential(*layers[:-1] if steps > 0 else layers)
