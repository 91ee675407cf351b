# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks are fed: white noise, which no gate and no shortcut makes cheaper."""

from __future__ import annotations

import numpy as np


def noise_frames(count: int, length: int, seed: int = 0) -> np.ndarray:
    """White noise of unit power: complex64 [count, length]."""
    parts = np.random.default_rng(seed).standard_normal((count, length, 2), dtype=np.float32)
    return (parts.view(np.complex64)[..., 0] * np.float32(0.5**0.5)).astype(np.complex64)
