# SPDX-License-Identifier: GPL-3.0-or-later
"""How a constellation is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from denomae.typed import MAY_BE_MISSING


@dataclass(frozen=True)
class ImageSpec:
    """How a constellation is drawn.

    `extent` is the I and Q value at the image's edge, in units of the frame's root-mean-square
    amplitude; decay lengths and half sizes (of the square window that a sample touches) are in
    pixels, one a channel. `samples` are those that are drawn (see `denomae.raster.shown`): the
    frame's own, or, against a carrier offset, differential ones over `lag` samples, or those that
    are left when the offset was found blindly and removed, or the symbols alone, synchronised
    blindly in rate, timing and carrier.
    """

    height: int = 64
    width: int = 64
    extent: float = 2.5
    decay_px: tuple[float, ...] = (0.75, 1.5, 3.0)
    half_size_px: tuple[int, ...] = (3, 6, 10)
    samples: Literal["raw", "differential", "corrected", "synchronised"] = field(
        default="raw", metadata=MAY_BE_MISSING
    )
    lag: int = field(default=1, metadata=MAY_BE_MISSING)

    @property
    def channels(self) -> int:
        return len(self.decay_px)


PAPER_IMAGE = ImageSpec(
    224, 224, 2.5, (2**0.5 / 1.0, 2**0.5 / 0.2, 2**0.5 / 0.1), (5, 25, 50)
)  # the published kernel: exp(-c d / diagonal), c = 1, 0.2, 0.1
