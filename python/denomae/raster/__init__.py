# SPDX-License-Identifier: GPL-3.0-or-later
"""The constellation image: every sample adds an exponential of its distance to the pixel centre.

One definition in two forms that agree to 1/255: the compiled kernel (CPU) and torch (any device).
The image and its three decay lengths follow DenoMAE (arXiv 2501.11538), section III.
"""

from __future__ import annotations

import torch
from torch import Tensor

from denomae.raster.far import Division, divide, far_parts
from denomae.raster.spec import PAPER_IMAGE, ImageSpec
from denomae.raster.windows import positions, windows

try:
    from denomae import _kernels
except ImportError:  # a bare checkout: the torch form serves
    _kernels = None

__all__ = [
    "PAPER_IMAGE",
    "ImageSpec",
    "constellation_image",
    "constellation_image_by_windows",
    "constellation_image_torch",
]

# Numbers in the histograms at once: what a CPU's cache holds; on a GPU a bound of its memory.
_CELLS_AT_ONCE = {"cpu": 2**20, "cuda": 2**28}


def constellation_image(frames: Tensor, spec: ImageSpec, threads: int | None = None) -> Tensor:
    """Draw frames, with the compiled kernel where it applies.

    Args:
        frames: complex64 [B, N], scaled as the checkpoint says (unit mean power).
        spec: the image's size, extent and kernels.
        threads: CPU threads of the compiled kernel; None: as many as torch uses.

    Returns:
        float32 [B, C, H, W] in 0..1, on the device of `frames`, without a gradient.
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
    """The torch form of `constellation_image`; same arguments, same result, any device.

    Wide windows are drawn in two parts (see `denomae.raster.far`). Nothing waits for the device
    but the first call for a spec and device, which makes tables: later ones can be captured in a
    CUDA graph.
    """
    return _draw(frames, spec, divide(spec))


def constellation_image_by_windows(frames: Tensor, spec: ImageSpec) -> Tensor:
    """`constellation_image_torch`, every window drawn pixel by pixel: the slow reference."""
    return _draw(frames, spec, Division(spec.half_size_px))


@torch.no_grad()
def _draw(frames: Tensor, spec: ImageSpec, division: Division) -> Tensor:
    image = torch.empty(len(frames), spec.channels, spec.height, spec.width, device=frames.device)
    rows, columns = division.cells(spec)
    at_once = max(1, _CELLS_AT_ONCE.get(frames.device.type, 2**20) // (8 * rows * columns))
    for part, drawn in zip(frames.split(at_once), image.split(at_once), strict=True):
        _draw_some(part, spec, division, drawn)
    return image


def _draw_some(frames: Tensor, spec: ImageSpec, division: Division, image: Tensor) -> None:
    places = positions(frames, spec)
    far = (
        dict(zip(division.far, far_parts(places, spec, division).unbind(1), strict=True))
        if (division.far)
        else {}
    )
    for channel, decay in enumerate(spec.decay_px):
        drawn = image[:, channel]
        near = windows(places, spec, decay, division.near_half[channel])
        if channel in far:
            # Samples that only a wider channel reaches leave rounding errors here, but no mark.
            reached = places.within(spec.half_size_px[channel], spec).any(1)[:, None, None]
            torch.addcmul(near, far[channel], reached.float(), out=drawn)
            drawn.clamp_(min=0)
        else:
            drawn.copy_(near)
        peak = drawn.amax((1, 2), keepdim=True)
        drawn.div_(torch.where(peak > 0, peak, 1.0))
