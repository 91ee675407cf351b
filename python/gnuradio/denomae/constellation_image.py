# SPDX-License-Identifier: GPL-3.0-or-later
"""Constellation images of a stream, as bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .denomae_python import constellation_image as _in_cpp
from .parameters import count, number, refusal

_CHANNELS = 3


class constellation_image(_in_cpp):
    """Draws constellation images, as the model sees them; all work is done in C++.

    Input: complex samples. Output: byte vectors of height * width * 3, row-major: row 0 is the
    largest Q, column 0 the smallest I, and the three channels of a pixel (one for each decay
    length) stand beside each other. Each frame is scaled to unit mean power first, and a byte is
    round(255 * v) of `denomae.raster`'s v. The defaults are the shipped model's image.

    Each item has a tag `sample_offset` (uint64), of its frame's first sample in the input. Frames
    with a NaN or an infinity, and those of nothing but zeros, are counted and not drawn.

    Args:
        frame_length: samples a frame (≥ 1).
        hop: samples from a frame's start to the next (≥ 1); 0: the frame's length.
        height: pixels, 1 to 8192.
        width: pixels, 1 to 8192.
        extent: I and Q at the edge, times the frame's root-mean-square amplitude (> 0).
        decay_px: three decay lengths, pixels (≥ 0.05).
        half_size_px: of the square that a sample touches, three, pixels, 0 to 1024.
        images_per_second: of wall time, at most (≥ 0); 0: every frame. Frames between are passed
            over unseen.

    Raises:
        DenomaeError: one of these cannot be; says which, what was found and what was wanted.
    """

    def __init__(
        self,
        frame_length: int = 1024,
        hop: int = 0,
        height: int = 64,
        width: int = 64,
        extent: float = 2.5,
        decay_px: Sequence[float] = (0.75, 1.5, 3.0),
        half_size_px: Sequence[int] = (3, 6, 10),
        images_per_second: float = 0.0,
    ) -> None:
        super().__init__(
            count("frame_length", frame_length, 1, most=2**31 - 1),
            count("hop", hop, 0),
            count("height", height, 1, most=8192),
            count("width", width, 1, most=8192),
            _extent(extent),
            [_decay(decay) for decay in _three("decay_px", decay_px)],
            [
                count("half_size_px", half, 0, most=1024)
                for half in _three("half_size_px", half_size_px)
            ],
            _limit(images_per_second),
        )

    def set_images_per_second(self, images_per_second: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        super().set_images_per_second(_limit(images_per_second))

    def counters(self) -> dict[str, int]:
        """Frames looked at since the flowgraph began: `images` that were drawn, and those that were
        not: `invalid` with a NaN or an infinity, `zeros` of nothing else."""
        return super().counters()

    def latest(self, after: int = 0) -> tuple[int, np.ndarray | None]:
        """The image drawn last, for displays, which miss some: its number, counted from 1, and its
        bytes, uint8 [height * width * 3]; None where its number is not above `after`."""
        return super().latest(after)


def _three(name: str, values: Sequence[float]) -> Sequence[float]:
    if isinstance(values, (Sequence, np.ndarray)) and len(values) == _CHANNELS:
        return values
    raise refusal(name, values, "three numbers of pixels")


def _decay(value: float) -> float:
    wanted = "three numbers of at least 0.05 pixels"
    decay = number("decay_px", value, wanted)
    if not 0.05 <= decay < math.inf:
        raise refusal("decay_px", value, wanted)
    return decay


def _extent(value: float) -> float:
    wanted = "a finite amplitude above 0"
    extent = number("extent", value, wanted)
    if not 0 < extent < math.inf:
        raise refusal("extent", value, wanted)
    return extent


def _limit(value: float) -> float:
    wanted = "a finite number of at least 0"
    limit = number("images_per_second", value, wanted)
    if not 0 <= limit < math.inf:
        raise refusal("images_per_second", value, wanted)
    return limit
