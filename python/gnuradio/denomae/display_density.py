# SPDX-License-Identifier: GPL-3.0-or-later
"""The constellation as a display shows it: the last images, fading."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .display_words import density_colours

_FADE_S = 0.35
_HOLD_S = 0.6  # without a new image until the picture goes dark
_DARK = 0.01
_WEIGHTS = np.array([0.6, 0.3, 0.1], np.float32)  # of the sharp, the middle and the wide channel


class FadingDensity:
    """Averages the images of a `constellation_image`, newer ones counting more.

    Args:
        images: the block.
        side: pixels of its images, which are square.
    """

    def __init__(self, images: Any, side: int) -> None:
        self._images, self._side = images, side
        self._colours = np.array(density_colours(), np.uint32)
        self._mean = np.zeros((side, side), np.float32)
        self._number, self._drawn_at = 0, -math.inf
        self._brightness = 0.0

    def update(self, now_s: float) -> bool:
        """Fetch what is new; whether the picture has changed."""
        number, pixels = self._images.latest(0 if self._number == 0 else self._number)
        if number < self._number:  # the flowgraph began again
            number, pixels = self._images.latest(0)
        if pixels is not None and number != self._number:
            image = pixels.reshape(self._side, self._side, 3) @ _WEIGHTS
            keep = math.exp(-max(0.0, now_s - self._drawn_at) / _FADE_S)
            self._mean = keep * self._mean + (1 - keep) * image
            self._number, self._drawn_at, self._brightness = number, now_s, 1.0
            return True
        dark = math.exp(min(0.0, _HOLD_S - (now_s - self._drawn_at)) / _FADE_S)
        dark = dark if dark > _DARK else 0.0
        changed, self._brightness = dark != self._brightness, dark
        return changed

    def picture(self) -> np.ndarray:
        """uint32 [side, side] of 0xffRRGGBB."""
        peak = float(self._mean.max())
        scale = 255.0 * self._brightness / peak if peak > 0 else 0.0
        return self._colours[(self._mean * np.float32(scale)).astype(np.uint8)]
