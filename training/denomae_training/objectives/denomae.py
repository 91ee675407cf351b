# SPDX-License-Identifier: GPL-3.0-or-later
"""DenoMAE's pretraining: see a quarter of five modalities, reconstruct the rest without noise.

Inputs (noisy image, noisy signal, clean image, clean signal, noise) become the targets (clean
image, clean signal, clean image, clean signal, noise); the loss is the mean squared error on masked
tokens only, summed over modalities without weights (arXiv 2501.11538, section III).
"""

from __future__ import annotations

from dataclasses import dataclass

from denomae.modalities import MODALITIES, PUBLISHED_MODALITIES
from denomae_training.objectives.masked import Masked


@dataclass(frozen=True)
class Denomae(Masked):
    """Any modalities; each decoder gives its modality without noise."""

    modalities: tuple[str, ...] = PUBLISHED_MODALITIES

    @property
    def targets(self) -> dict[str, str]:
        return {name: MODALITIES[name].target for name in self.modalities}
