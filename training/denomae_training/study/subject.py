# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measurements ask of a trained model, whatever it is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from denomae.model.masking import Mask, draw_mask
from denomae.model.patches import unpatchify_image
from denomae_training.study.pictures import Pictures

AT_ONCE = 128


@dataclass(frozen=True)
class Made:
    """What a model made of pictures, all [N, C, H, W] but `hidden`.

    Attributes:
        shown: what it saw, before anything was hidden.
        made: what came out of it, everywhere.
        kept: the same, with what it saw of a masked picture left as it was.
        hidden: bool [N, H, W]: of a masked autoencoder what it did not see; of a denoiser the same
            pixels, so that both are compared there.
    """

    shown: Tensor
    made: Tensor
    kept: Tensor
    clean: Tensor
    hidden: Tensor
    masks: bool


class Subject(ABC):
    """A model after pretraining, and after its classifier was trained.

    Attributes:
        model: after pretraining; `first`: with its first weights.
        attends: maps are attention, a head each; else saliency.
    """

    name: str
    title: str
    model: nn.Module
    first: nn.Module
    attends: bool

    @abstractmethod
    def features(self, images: Tensor, tuned: bool = False) -> Tensor:
        """[B, width], of the pretrained or of the tuned encoder."""

    def mean_features(self, images: Tensor) -> Tensor | None:
        """Mean of the patches' tokens [B, width]; None where `features` is all there is."""
        return None

    @abstractmethod
    def reconstruct(self, pictures: Pictures, generator: torch.Generator) -> Made | None:
        """What it makes of pictures; None where it learnt to make nothing."""

    @abstractmethod
    def maps(self, images: Tensor) -> Tensor:
        """Where it looks: [B, heads or 1, rows, columns], ≥ 0."""

    @property
    def trained(self) -> nn.Module:
        """The part whose weights are counted."""
        return self.model

    @property
    def begun(self) -> nn.Module:
        """The same part with its first weights."""
        return self.first


@torch.no_grad()
def in_batches(function, images: Tensor) -> Tensor:
    """A function of images [N, ...] applied to some at once, put together on the CPU."""
    parts = [
        function(images[first : first + AT_ONCE]).float().cpu()
        for first in range(0, len(images), AT_ONCE)
    ]
    return torch.cat(parts)


def hidden_pixels(mask: Mask, grid: tuple[int, int], patch: int) -> Tensor:
    """Where a mask lies: bool [B, H, W]."""
    batch = len(mask.masked)
    flags = torch.zeros(batch, grid[0] * grid[1]).scatter(1, mask.masked, 1.0)
    patches = flags[..., None].expand(-1, -1, patch * patch)
    return unpatchify_image(patches, patch, grid[0] * patch, grid[1] * patch)[:, 0] > 0.5


def mask_for(count: int, grid: tuple[int, int], share: float, generator: torch.Generator) -> Mask:
    """The mask of so many pictures."""
    return draw_mask(count, grid[0] * grid[1], share, generator)
