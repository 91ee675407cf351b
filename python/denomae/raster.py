# SPDX-License-Identifier: GPL-3.0-or-later
"""The constellation image: every sample adds an exponential of its distance to the pixel centre.

One definition in two forms that agree to 1/255: the compiled kernel (CPU) and torch (any device).
The image and its three decay lengths follow DenoMAE (arXiv 2501.11538), section III.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

try:
    from denomae import _kernels
except ImportError:  # a bare checkout: the torch form serves
    _kernels = None
MOST_PIXELS_AT_ONCE = 2**25  # that the torch form holds, to bound its memory


@dataclass(frozen=True)
class ImageSpec:
    """How a constellation is drawn.

    `extent` is the I and Q value at the image's edge, in units of the frame's root-mean-square
    amplitude; decay lengths and half sizes (of the square window that a sample touches) are in
    pixels, one a channel.
    """

    height: int = 64
    width: int = 64
    extent: float = 2.5
    decay_px: tuple[float, ...] = (0.75, 1.5, 3.0)
    half_size_px: tuple[int, ...] = (3, 6, 10)

    @property
    def channels(self) -> int:
        return len(self.decay_px)


PAPER_IMAGE = ImageSpec(
    224, 224, 2.5, (2**0.5 / 1.0, 2**0.5 / 0.2, 2**0.5 / 0.1), (5, 25, 50)
)  # the published kernel: exp(-c d / diagonal), c = 1, 0.2, 0.1


def constellation_image(frames: Tensor, spec: ImageSpec, threads: int | None = None) -> Tensor:
    """Draw frames, with the compiled kernel where it applies.

    Args:
        frames: complex64 [B, N], scaled as the checkpoint says (unit mean power).
        spec: the image's size, extent and kernels.
        threads: CPU threads of the compiled kernel; None: as many as torch uses.

    Returns:
        float32 [B, C, H, W] in 0..1, on the device of `frames`.
    """
    if _kernels is None or frames.device.type != "cpu":
        return constellation_image_torch(frames, spec)
    image = _kernels.raster(
        frames.detach().contiguous().numpy(),
        spec.height,
        spec.width,
        spec.extent,
        spec.decay_px,
        spec.half_size_px,
        threads or torch.get_num_threads(),
    )
    return torch.from_numpy(image)


def constellation_image_torch(frames: Tensor, spec: ImageSpec) -> Tensor:
    """The torch form of `constellation_image`; same arguments, same result, any device."""
    # Positions are float64, so that a sample on the border of two pixels falls as in the kernel.
    points = torch.view_as_real(frames).double()  # [B, N, 2]
    finite = torch.isfinite(points).all(-1)
    column = (points[..., 0] + spec.extent) * (spec.width / (2 * spec.extent))
    row = (spec.extent - points[..., 1]) * (spec.height / (2 * spec.extent))
    channels = []
    for decay, half in zip(spec.decay_px, spec.half_size_px, strict=True):
        at_once = max(1, MOST_PIXELS_AT_ONCE // (frames.shape[1] * (2 * half + 1) ** 2))
        parts = zip(column.split(at_once), row.split(at_once), finite.split(at_once), strict=True)
        image = torch.cat([_channel(*part, spec, decay, half) for part in parts])  # [B, H, W]
        peak = image.amax((-2, -1), keepdim=True)
        channels.append(image / torch.where(peak > 0, peak, torch.ones_like(peak)))
    return torch.stack(channels, 1)


def _channel(
    column: Tensor, row: Tensor, finite: Tensor, spec: ImageSpec, decay: float, half: int
) -> Tensor:
    """Sum of the samples' exponentials on one channel: float32 [B, H, W]."""
    batch = column.shape[0]
    near = (
        finite
        & (column >= -half)
        & (column < spec.width + half)
        & (row >= -half)
        & (row < spec.height + half)
    )
    column = torch.where(near, column, torch.zeros_like(column))
    row = torch.where(near, row, torch.zeros_like(row))
    column_pixel, row_pixel = column.floor(), row.floor()
    step = torch.arange(-half, half + 1, device=column.device)
    dx = (column_pixel - column).float()[..., None] + step + 0.5  # [B, N, K]
    dy = (row_pixel - row).float()[..., None] + step + 0.5
    distance = (dy.square()[..., :, None] + dx.square()[..., None, :]).sqrt()  # [B, N, K, K]
    value = torch.exp(distance / -decay) * near[..., None, None]
    # The canvas has a margin of two half sizes, so that every window near the image fits whole.
    margin = 2 * half
    wide, high = spec.width + 2 * margin, spec.height + 2 * margin
    x = column_pixel.long()[..., None] + step + margin
    y = row_pixel.long()[..., None] + step + margin
    where = y[..., :, None] * wide + x[..., None, :]  # [B, N, K, K]
    canvas = value.new_zeros(batch, high * wide)
    canvas.scatter_add_(1, where.reshape(batch, -1), value.reshape(batch, -1))
    return canvas.view(batch, high, wide)[
        :, margin : margin + spec.height, margin : margin + spec.width
    ]
