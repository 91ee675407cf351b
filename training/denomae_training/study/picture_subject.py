# SPDX-License-Identifier: GPL-3.0-or-later
"""The study's own two models, as the measurements see them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from denomae.model.masking import take
from denomae.model.patches import patchify_image
from denomae_training.study.conditions import MASKED_SHARE, NOISE, Planned
from denomae_training.study.maps import head_attention, on_grid, saliency
from denomae_training.study.objectives import FillIn, PictureClassifier, noisy
from denomae_training.study.pictures import Pictures
from denomae_training.study.subject import Made, Subject, hidden_pixels, mask_for
from denomae_training.study.vit import PATCH, PictureVit


class PictureSubject(Subject):
    """A model of `conv` or `vit`, pretrained and tuned."""

    def __init__(
        self,
        planned: Planned,
        data: str,
        model: nn.Module,
        first: nn.Module,
        untuned: PictureClassifier,
        tuned: PictureClassifier,
    ) -> None:
        """
        Args:
            untuned: the classifier's way of showing pictures to the encoder, before it was tuned.
        """
        self.name, self.title = planned.name, planned.title
        self.planned, self.noise = planned, NOISE[data]
        self.model, self.first = model, first
        self.untuned, self.tuned = untuned, tuned
        self.attends = isinstance(model, PictureVit)
        self.grid = (model.shape[1] // PATCH, model.shape[2] // PATCH)

    def features(self, images: Tensor, tuned: bool = False) -> Tensor:
        generator = torch.Generator().manual_seed(len(images))
        return (self.tuned if tuned else self.untuned).features(images, generator)

    def mean_features(self, images: Tensor) -> Tensor | None:
        if not self.attends or self.untuned.masked_share:
            return None
        return self.model.mean_features(images)

    @torch.no_grad()
    def reconstruct(self, pictures: Pictures, generator: torch.Generator) -> Made | None:
        if self.planned.objective is None:
            return None
        images = pictures.images
        mask = mask_for(len(images), self.grid, MASKED_SHARE, generator)
        hidden = hidden_pixels(mask, self.grid, PATCH)
        if isinstance(self.planned.objective, FillIn):
            patches = self.model(images, mask).float()
            index = mask.masked[..., None].expand(-1, -1, patches.shape[-1])
            kept = patchify_image(images, PATCH).scatter(1, index, take(patches, mask.masked))
            made, kept = self.model.picture(patches), self.model.picture(kept)
            return Made(images, made, kept, images, hidden, masks=True)
        shown = noisy(images, self.noise, generator)
        made = self.model(shown).float()
        made = self.model.picture(made) if self.attends else made
        return Made(shown, made, made, images, hidden, masks=False)

    def maps(self, images: Tensor) -> Tensor:
        if not self.attends:
            return saliency(self.model.encoder, images)[:, None]
        visible = None
        if self.untuned.masked_share:
            generator = torch.Generator().manual_seed(len(images))
            mask = mask_for(len(images), self.grid, self.untuned.masked_share, generator)
            visible = mask.visible
        encoder = self.model.encoder
        weights = head_attention(encoder.blocks[-1].attn, lambda: encoder(images, visible))
        return on_grid(weights[:, :, 0, 1:], self.grid, visible)  # what the class token asks
