# SPDX-License-Identifier: GPL-3.0-or-later
"""How close denoised frames come to the clean ones, frame by frame."""

from __future__ import annotations

import torch
from torch import Tensor

WINDOW = 11  # samples of a signal that are compared at once, as the 11 pixels of an image are


def squared_error(found: Tensor, clean: Tensor) -> Tensor:
    """Sum of |found - clean|² of each frame: [B, ...] twice to float64 [B]."""
    return (found.double() - clean.double()).square().flatten(1).sum(1)


def best_scaled(found: Tensor, clean: Tensor) -> Tensor:
    """Each frame times the real number that brings it closest to the clean one: [B, ...].

    What it gains over the frame as it is was lost by a wrong amplitude alone.
    """
    product = (found.double() * clean).flatten(1).sum(1)
    energy = found.double().square().flatten(1).sum(1)
    factor = torch.where(energy > 0, product / energy, 1.0)
    return found * factor.view(-1, *[1] * (found.ndim - 1)).to(found.dtype)


def gain_db(before: Tensor, after: Tensor) -> float:
    """10 log10 of the ratio of two sets of squared errors, each summed over its frames."""
    return (10 * torch.log10(before.sum() / after.sum())).item()


def psnr_db(found: Tensor, clean: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each frame, in dB: float32 [B].

    Images are in 0..1. Signals [B, 2, N] are taken on the range from minus to plus the largest
    magnitude of I or Q in the clean frame.
    """
    from torchmetrics.functional.image import peak_signal_noise_ratio

    found, clean, span = _in_range(found, clean)
    return torch.stack(
        [peak_signal_noise_ratio(f, c, data_range=span) for f, c in zip(found, clean, strict=True)]
    )


def ssim(found: Tensor, clean: Tensor) -> Tensor:
    """Structural similarity of each frame: float32 [B], 1 where both are the same.

    Images as in Wang et al., IEEE Trans. Image Processing 13 (2004): Gaussian windows of 11 x 11,
    one around every pixel; at the border they see the image mirrored.
    Signals in the same formula over windows of 11 samples of I and of Q, on the range of `psnr_db`.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    is_signal = found.ndim == 3
    found, clean, span = _in_range(found, clean)
    options: dict = {"data_range": span, "reduction": "none"}
    if is_signal:  # [B, 2, 1, N]
        found, clean = found[:, :, None], clean[:, :, None]
        options |= {"gaussian_kernel": False, "kernel_size": (1, WINDOW)}
    return structural_similarity_index_measure(found, clean, **options).reshape(-1)


def _in_range(found: Tensor, clean: Tensor) -> tuple[Tensor, Tensor, float]:
    """Both on the range of the metric, and its width."""
    if found.ndim == 4:
        return found, clean, 1.0
    peak = clean.abs().amax((1, 2), keepdim=True).clamp_min(torch.finfo(clean.dtype).tiny)
    return found / peak, clean / peak, 2.0
