# SPDX-License-Identifier: GPL-3.0-or-later
"""What the study's models learn: to take noise away, to fill in what is hidden, to name classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from denomae.model.masking import Mask, draw_mask, take
from denomae.model.patches import patchify_image
from denomae.model.presets import Architecture
from denomae_training.feeds.sample import Sample
from denomae_training.objectives.objective import Objective
from denomae_training.study.vit import PATCH, PictureVit

IMAGE, CLEAN = "image", "clean"


def noisy(images: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """Pictures with Gaussian noise of a deviation added, cut to 0..1."""
    drawn = torch.randn(images.shape, generator=generator).to(images.device)
    return (images + noise * drawn).clamp(0, 1)


class PictureObjective(Objective):
    """An objective whose model is made elsewhere, as it depends on the pictures' shape."""

    needs = (IMAGE,)

    def model(self, architecture: Architecture) -> nn.Module:
        raise NotImplementedError("a study's model is made of the shape of its pictures")


@dataclass(frozen=True)
class TakeNoiseAway(PictureObjective):
    """Mean squared error of the whole picture, from one with noise."""

    noise: float

    def loss(
        self, model: nn.Module, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        images = sample.views[IMAGE]
        found = model(noisy(images, self.noise, generator)).float()
        goal = patchify_image(images, PATCH) if isinstance(model, PictureVit) else images
        error = (found - goal).square().mean()
        return error, {"error": error}


@dataclass(frozen=True)
class FillIn(PictureObjective):
    """Mean squared error of the hidden patches, from those that are left."""

    masked_share: float = 0.75

    def loss(
        self, model: nn.Module, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        images = sample.views[IMAGE]
        mask = draw_mask(len(images), model.token_count, self.masked_share, generator)
        found = take(model(images, mask).float(), mask.masked)
        error = (found - take(patchify_image(images, PATCH), mask.masked)).square().mean()
        return error, {"error": error}


@dataclass(frozen=True)
class NameClasses(PictureObjective):
    """Cross-entropy of a classifier."""

    masked_share: float = 0.0
    """Of the patches, hidden from the encoder."""

    def loss(
        self, model: nn.Module, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        logits = model(sample.views[IMAGE], generator).float()
        loss = F.cross_entropy(logits, sample.class_index)
        accuracy = (logits.argmax(1) == sample.class_index).float().mean()
        return loss, {"accuracy": accuracy}


class PictureClassifier(nn.Module):
    """An encoder's features, and a head behind them.

    Attributes:
        encoder_rate: how fast the encoder learns, relative to the head (see `loop.optimizer`).
        masked_share: of the patches, hidden from the encoder, also when it is asked.
        signed: pictures are shown in -1..1, as published, and not in 0..1.
    """

    def __init__(
        self,
        inner: nn.Module,
        class_count: int,
        head: str = "linear",
        frozen: bool = False,
        masked_share: float = 0.0,
        signed: bool = False,
        encoder_rate: float = 1.0,
    ) -> None:
        super().__init__()
        self.inner, self.frozen = inner, frozen
        self.masked_share, self.signed, self.encoder_rate = masked_share, signed, encoder_rate
        self.head = new_head(head, inner.feature_size, class_count)
        getattr(inner, "decoder", nn.Identity()).requires_grad_(False)  # no class hangs on it
        if frozen:
            inner.requires_grad_(False)

    def features(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """[B, feature size]; with a masked share the generator draws what is hidden."""
        images = 2 * images - 1 if self.signed else images
        visible = None
        if self.masked_share:
            visible = self._mask(len(images), generator).visible
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            return self.inner.features(images, visible)

    def forward(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Logits [B, classes]."""
        return self.head(self.features(images, generator))

    def _mask(self, count: int, generator: torch.Generator | None) -> Mask:
        generator = generator or torch.Generator().manual_seed(0)
        return draw_mask(count, self.inner.token_count, self.masked_share, generator)


def new_head(kind: str, size: int, class_count: int) -> nn.Module:
    """ "linear", or "three": linear layers with norms, ReLU and dropout between, as published.

    Their widths and the dropout are not stated there; chosen here.
    """
    if kind == "linear":
        return nn.Linear(size, class_count)
    layers: list[nn.Module] = []
    for before, after in ((size, 128), (128, 64)):
        layers += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(*layers, nn.Linear(64, class_count))
