# SPDX-License-Identifier: GPL-3.0-or-later
"""Models of this package as the measurements see them: by the noisy image of a frame alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from denomae.model.classifier import Classifier
from denomae.model.presets import Architecture
from denomae_training.evaluation.probe import mean_token
from denomae_training.objectives.dae import Dae
from denomae_training.objectives.masked import Masked
from denomae_training.objectives.objective import Objective
from denomae_training.report.attention import attends, last_attention
from denomae_training.report.reconstruction import Asking, reconstruct
from denomae_training.study.conditions import MASKED_SHARE
from denomae_training.study.maps import on_grid, saliency
from denomae_training.study.pictures import Pictures
from denomae_training.study.subject import Made, Subject, hidden_pixels, mask_for

IMAGE = ("noisy_image",)
TARGET = "clean_image"


class FrameSubject(Subject):
    """What one objective taught, and the classifier made of it; a feature is the mean token.

    Of a masked autoencoder `made` is `kept`: its decoder is asked for what was hidden alone.
    """

    def __init__(
        self,
        name: str,
        title: str,
        objective: Objective | None,
        model: nn.Module,
        first: nn.Module,
        tuned: Classifier,
        architecture: Architecture,
    ) -> None:
        """
        Args:
            objective: None: nothing was learnt before tuning.
        """
        self.name, self.title, self.objective = name, title, objective
        self.model, self.first, self.tuned = model.eval(), first.eval(), tuned.eval()
        self.architecture = architecture
        self.attends = attends(model.encoder)
        image, self.patch = architecture.image, architecture.image_patch
        self.grid = (image.height // self.patch, image.width // self.patch)

    @property
    def trained(self) -> nn.Module:
        return self.model.encoder

    @property
    def begun(self) -> nn.Module:
        return self.first.encoder

    def features(self, images: Tensor, tuned: bool = False) -> Tensor:
        encoder = self.tuned.encoder if tuned else self.model.encoder
        return mean_token(encoder, {IMAGE[0]: images})

    @torch.no_grad()
    def reconstruct(self, pictures: Pictures, generator: torch.Generator) -> Made | None:
        views = {IMAGE[0]: pictures.images, TARGET: pictures.goal}
        if isinstance(self.objective, Masked):
            share = self.objective.masked_share
            state = generator.get_state()
            asking = Asking(share, hidden_only=self.objective.decoded_share < 1)
            found = reconstruct(self.model, views, IMAGE, asking, generator)[IMAGE[0]]
            hidden = found.hidden
            if not share:
                hidden = self._hidden(len(pictures), generator.set_state(state))
            return Made(found.noisy, found.made, found.made, found.clean, hidden, bool(share))
        if isinstance(self.objective, Dae):
            made = self.model({IMAGE[0]: pictures.images})[IMAGE[0]]
            hidden = self._hidden(len(pictures), generator)
            return Made(pictures.images, made, made, pictures.goal, hidden, False)
        return None  # wavelets are no picture, and what learnt nothing makes none

    def maps(self, images: Tensor) -> Tensor:
        if not self.attends:
            return saliency(lambda some: mean_token(self.model.encoder, {IMAGE[0]: some}),
                            images)[:, None]  # fmt: skip
        attention = last_attention(self.model.encoder, {IMAGE[0]: images})
        return on_grid(attention.looked_at(IMAGE[0]), self.grid)

    @torch.no_grad()
    def logits(self, images: Tensor) -> Tensor:
        """What the classifier says: [B, classes]."""
        return self.tuned({IMAGE[0]: images}).logits

    def _hidden(self, count: int, generator: torch.Generator) -> Tensor:
        mask = mask_for(count, self.grid, MASKED_SHARE, generator)
        return hidden_pixels(mask, self.grid, self.patch)
