# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiver's linear front end: a low-pass filter whose edge lies near the edge of the band."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

TAPS = 33


@lru_cache(maxsize=256)
def low_pass(cutoff: float) -> np.ndarray:
    """Windowed sinc of unit gain at 0: float32 [TAPS]; half amplitude at cutoff cycles a sample."""
    time = np.arange(TAPS) - TAPS // 2
    taps = 2 * cutoff * np.sinc(2 * cutoff * time) * np.hamming(TAPS)
    return (taps / taps.sum()).astype(np.float32)
