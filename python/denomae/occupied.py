# SPDX-License-Identifier: GPL-3.0-or-later
"""How wide a frame's signal is: a label says so where it is narrower than the model knows."""

from __future__ import annotations

import torch
from torch import Tensor

SHARE = 0.9  # of the power, half of the rest on either side
LINE_BINS = 3  # on each side of the strongest bin, which a carrier fills
LEAST_BESIDE = 0.05  # of all power, that must lie beside the strongest line
_ABOVE_FLOOR = 4.0  # times the mean noise of a bin; noise alone passes in one bin of fifty


def occupied_bandwidth(frames: Tensor) -> Tensor:
    """The bandwidth that holds `SHARE` of a frame's power beside its strongest line.

    The line is left out because a carrier may hold most of the power, however wide the keying that
    stands around it. Nothing here looks at a value, so that a CUDA graph can hold it.

    Args:
        frames: complex64 [B, N] near unit power.

    Returns:
        float32 [B] in cycles a sample; 1 where next to nothing lies beside the line.
    """
    n = frames.shape[1]
    window = torch.hann_window(n, device=frames.device)
    bins = torch.fft.fft(frames * window)
    power = bins.real.square() + bins.imag.square()  # [B, N]
    floor = power.sort(1).values[:, n // 2, None] / 0.693  # ln 2: the median of noise to its mean
    peak = power.argmax(1, keepdim=True)
    step = torch.arange(n, device=frames.device)
    power = power.gather(1, (step + peak - n // 2) % n)  # the line in the middle
    above = (power - _ABOVE_FLOOR * floor).clamp(min=0)
    beside = torch.where((step - n // 2).abs() <= LINE_BINS, 0.0, above)
    running = beside.cumsum(1)
    whole = running[:, -1:]
    first = (running < (1 - SHARE) / 2 * whole).sum(1)
    last = (running < (1 + SHARE) / 2 * whole).sum(1)
    width = (last - first + 1) / n
    return torch.where(whole[:, 0] > LEAST_BESIDE * above.sum(1), width, 1.0)
