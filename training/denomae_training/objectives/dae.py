# SPDX-License-Identifier: GPL-3.0-or-later
"""The convolutional denoising autoencoder: a noisy image in, the clean one out, nothing masked.

Three convolutions down, three up; the error counts every pixel. What a masked autoencoder is
compared with in the study of denoising against masking (MAE, arXiv 2111.06377, came after
Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from denomae.modalities import MODALITIES, in_table_order
from denomae.model.presets import Architecture
from denomae_training.feeds.sample import Sample
from denomae_training.objectives.objective import Objective
from denomae_training.rivals.conv import ConvDecoder, ConvEncoder


class ConvDae(nn.Module):
    """Encoder and one decoder a modality; each modality finds its own way."""

    def __init__(self, architecture: Architecture, modalities: tuple[str, ...]) -> None:
        super().__init__()
        self.architecture = architecture
        self.encoder = ConvEncoder(architecture, modalities)
        self.decoders = nn.ModuleDict(
            {name: ConvDecoder(name, architecture) for name in self.encoder.modalities}
        )

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Modality name to its target, of the same shape as itself."""
        tokens = self.encoder(inputs)
        return {name: self.decoders[name](tokens[name]) for name in tokens}


@dataclass(frozen=True)
class Dae(Objective):
    """Denoise the noisy image, the noisy signal, or both; the sum of their mean squared errors."""

    modalities: tuple[str, ...] = ("noisy_image",)

    @property
    def targets(self) -> dict[str, str]:
        """Modality to the modality that its decoder must give."""
        return {name: MODALITIES[name].target for name in in_table_order(self.modalities)}

    @property
    def needs(self) -> tuple[str, ...]:
        return in_table_order({*self.modalities, *self.targets.values()})

    def model(self, architecture: Architecture) -> ConvDae:
        return ConvDae(architecture, self.modalities)

    def loss(
        self, model: nn.Module, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        found = model({name: sample.views[name] for name in self.targets})
        parts = {
            name: (found[name].float() - sample.views[goal]).square().mean()
            for name, goal in self.targets.items()
        }
        return torch.stack(list(parts.values())).sum(), parts
