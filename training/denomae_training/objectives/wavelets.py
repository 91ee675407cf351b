# SPDX-License-Identifier: GPL-3.0-or-later
"""The Haar transform of images, level by level (ptwt computes it, on any device)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from denomae.errors import DenomaeError

Bands = Literal["details", "approximation", "all"]


@dataclass(frozen=True)
class Level:
    """One level of a transform: approximation [B, C, h, w], and horizontal, vertical and diagonal
    details [B, 3, C, h, w]."""

    approximation: Tensor
    details: Tensor

    def coefficients(self, bands: Bands) -> Tensor:
        """The chosen sub-bands as channels: [B, bands * C, h, w]."""
        approximation = self.approximation[:, None]
        chosen = {
            "details": self.details,
            "approximation": approximation,
            "all": torch.cat([approximation, self.details], 1),
        }
        return chosen[bands].flatten(1, 2)


def band_count(bands: Bands) -> int:
    return {"details": 3, "approximation": 1, "all": 4}[bands]


def haar_levels(image: Tensor, count: int) -> list[Level]:
    """Levels 1 .. `count` of the orthonormal Haar transform of float32 [B, C, H, W].

    Each level has half the size of the one before; an odd size is first made even by repeating the
    last row or column (PyWavelets' mode "symmetric").

    Raises:
        DenomaeError: ptwt is not installed.
    """
    try:
        import ptwt
    except ModuleNotFoundError:
        raise DenomaeError(
            "wavelet targets need ptwt, which is not installed; pip install 'gr-denomae[wavelets]'"
        ) from None
    levels = []
    rest = image.float()
    with torch.autocast(image.device.type, enabled=False):  # targets in full precision
        for _ in range(count):
            rest, details = ptwt.wavedec2(rest, "haar", mode="symmetric", level=1)
            levels.append(Level(rest, torch.stack(list(details), 1)))
    return levels
