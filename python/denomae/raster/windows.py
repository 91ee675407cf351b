# SPDX-License-Identifier: GPL-3.0-or-later
"""The definition in torch: every pixel of every sample's window, one addition each.

Its cost grows with the area of the window, so wide windows are drawn by `far` but for their middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from denomae.raster.spec import ImageSpec

MOST_PIXELS_AT_ONCE = 2**25  # that are held, to bound the memory


@dataclass(frozen=True)
class Positions:
    """Where samples lie on the image, in pixels from its upper left corner.

    Attributes:
        column: float64 [B, N]; not finite where the sample is not.
        row: float64 [B, N].
    """

    column: Tensor
    row: Tensor

    def within(self, reach: int, spec: ImageSpec) -> Tensor:
        """Which samples' windows of this half size touch the image: bool [B, N], finite alone."""
        return (
            (self.column >= -reach)
            & (self.column < spec.width + reach)
            & (self.row >= -reach)
            & (self.row < spec.height + reach)
        )  # a comparison with NaN is false

    def split(self, frames: int) -> list[Positions]:
        """Parts of at most so many frames."""
        parts = zip(self.column.split(frames), self.row.split(frames), strict=True)
        return [Positions(*part) for part in parts]


def positions(frames: Tensor, spec: ImageSpec) -> Positions:
    """Positions of frames complex64 [B, N]."""
    return positions_of(torch.view_as_real(frames), spec)


def positions_of(points: Tensor, spec: ImageSpec) -> Positions:
    """Positions of samples as real numbers, I and Q: [B, N, 2].

    They are float64, so that a sample on the border of two pixels falls as in the compiled kernel.
    """
    points = points.double()
    # A sample with one part that is not finite is nowhere at all.
    points = torch.where(points.sum(-1, keepdim=True).isfinite(), points, torch.nan)
    column = (points[..., 0] + spec.extent) * (spec.width / (2 * spec.extent))
    row = (spec.extent - points[..., 1]) * (spec.height / (2 * spec.extent))
    return Positions(column, row)


def windows(places: Positions, spec: ImageSpec, decay: float, half: int) -> Tensor:
    """The sum of the samples' exponentials, each within its window: float32 [B, H, W]."""
    side = 2 * half + 1
    at_once = max(1, MOST_PIXELS_AT_ONCE // (places.column.shape[1] * side**2))
    parts = [windows_at_once(part, spec, decay, half) for part in places.split(at_once)]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def windows_at_once(places: Positions, spec: ImageSpec, decay: float, half: int) -> Tensor:
    """`windows` without a bound on the memory, and without a look at the number of frames."""
    batch = places.column.shape[0]
    near = places.within(half, spec)
    column = torch.where(near, places.column, 0.0)
    row = torch.where(near, places.row, 0.0)
    column_pixel, row_pixel = column.floor(), row.floor()
    step = torch.arange(-half, half + 1, device=column.device)
    dx = (column_pixel - column).float()[..., None] + step + 0.5  # [B, N, K]
    dy = (row_pixel - row).float()[..., None] + step + 0.5
    dx2 = torch.where(near[..., None], dx.square(), torch.inf)  # exp(-inf) adds nothing
    value = dx2[..., None, :] + dy.square()[..., :, None]  # [B, N, K, K]
    value.sqrt_().div_(-decay).exp_()
    # The canvas has a margin of two half sizes, so that every window near the image fits whole.
    margin = 2 * half
    wide, high = spec.width + 2 * margin, spec.height + 2 * margin
    x = column_pixel.long()[..., None] + step + margin
    y = row_pixel.long()[..., None] + step + margin
    where = (y * wide)[..., :, None] + x[..., None, :]  # [B, N, K, K]
    canvas = value.new_zeros(batch, high * wide)
    canvas.scatter_add_(1, where.view(batch, -1), value.view(batch, -1))
    return canvas.view(batch, high, wide)[
        :, margin : margin + spec.height, margin : margin + spec.width
    ]
