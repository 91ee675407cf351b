# SPDX-License-Identifier: GPL-3.0-or-later
"""The plain masked autoencoder (arXiv 2111.06377): each modality is its own target as it stands."""

from __future__ import annotations

from dataclasses import dataclass

from denomae_training.objectives.masked import Masked


@dataclass(frozen=True)
class Mae(Masked):
    """On the noisy image, as DenoMAE's paper compares it, or on any other modalities."""

    modalities: tuple[str, ...] = ("noisy_image",)

    @property
    def targets(self) -> dict[str, str]:
        return {name: name for name in self.modalities}
