# SPDX-License-Identifier: GPL-3.0-or-later
"""How close reconstructed pictures come: the whole of each, and what was hidden of it alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from denomae_training.evaluation.fidelity import psnr_db, ssim


@dataclass(frozen=True)
class Fidelity:
    """PSNR in dB and SSIM of each picture, float32 [N]; NaN where no pixel was counted."""

    psnr_db: Tensor
    ssim: Tensor

    def means(self) -> tuple[float, float]:
        return float(self.psnr_db.nanmean()), float(self.ssim.nanmean())


def whole(found: Tensor, clean: Tensor) -> Fidelity:
    """Of pictures [N, C, H, W] in 0..1, what was found cut to that range."""
    found = found.clamp(0, 1)
    return Fidelity(psnr_db(found, clean), ssim(found, clean))


def masked_part(found: Tensor, clean: Tensor, hidden: Tensor) -> Fidelity:
    """The same of the pixels in bool [N, H, W] alone.

    SSIM is the mean over them of its map, whose windows of 11 px reach beyond; at the border they
    see the picture mirrored.
    """
    from torchmetrics.functional.image import (
        peak_signal_noise_ratio,
        structural_similarity_index_measure,
    )

    found = found.clamp(0, 1)
    _, maps = structural_similarity_index_measure(
        found, clean, data_range=1.0, reduction="none", return_full_image=True
    )  # [N, C, H, W]
    nothing = torch.tensor(torch.nan)
    peaks, alike = [], []
    for made, target, where, each in zip(found, clean, hidden, maps, strict=True):
        if not where.any():
            peaks.append(nothing)
            alike.append(nothing)
            continue
        peaks.append(peak_signal_noise_ratio(made[:, where], target[:, where], data_range=1.0))
        alike.append(each[:, where].mean())
    return Fidelity(torch.stack(peaks), torch.stack(alike))
