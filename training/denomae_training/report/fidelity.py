# SPDX-License-Identifier: GPL-3.0-or-later
"""How close a reconstruction comes: PSNR, SSIM, and how much less noise there is."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW_PX, SIGMA_PX = 11, 1.5  # Wang et al., IEEE Trans. Image Processing 13 (2004), 600
K1, K2 = 0.01, 0.03


def psnr_db(found: Tensor, wanted: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, peak 1: [B, ...] twice to [B]."""
    error = (found - wanted).square().flatten(1).mean(1)
    return -10 * torch.log10(error)


def ssim(found: Tensor, wanted: Tensor) -> Tensor:
    """Structural similarity of images in 0..1, over windows that lie wholly inside.

    Args:
        found, wanted: float32 [B, C, H, W], 11 px or more each way.

    Returns:
        float32 [B], the mean over places and channels.
    """
    channels = found.shape[1]
    place = torch.arange(WINDOW_PX, dtype=found.dtype) - WINDOW_PX // 2
    bell = torch.exp(-place.square() / (2 * SIGMA_PX**2))
    bell = (bell / bell.sum()).to(found.device)
    window = (bell[:, None] * bell).expand(channels, 1, -1, -1)

    def mean(image: Tensor) -> Tensor:
        return F.conv2d(image, window, groups=channels)

    a, b = mean(found), mean(wanted)
    aa = mean(found * found) - a * a
    bb = mean(wanted * wanted) - b * b
    ab = mean(found * wanted) - a * b
    c1, c2 = K1**2, K2**2
    share = (2 * a * b + c1) * (2 * ab + c2) / ((a * a + b * b + c1) * (aa + bb + c2))
    return share.flatten(1).mean(1)


def snr_gain_db(noisy: Tensor, found: Tensor, clean: Tensor, where: Tensor | None = None) -> Tensor:
    """How much smaller the error is than the noise was, in dB.

    Args:
        noisy, found, clean: [B, 2, N].
        where: bool [B, N], the samples that count; None: all.

    Returns:
        [B].
    """
    before, after = (noisy - clean).square().sum(1), (found - clean).square().sum(1)  # [B, N]
    if where is not None:
        before, after = before * where, after * where
    return 10 * torch.log10(before.sum(1) / after.sum(1))
