# SPDX-License-Identifier: GPL-3.0-or-later
"""What a forest sees of a frame: cumulants up to order 8, and products with its own past.

All are unchanged by a turn of the carrier's phase unless asked otherwise: a recipe without a random
phase (`paper10`) deserves more. Every number is brought to the unit of an amplitude or to a share
of the power, so that trees split it as easily at order 8 as at order 2.
"""

from __future__ import annotations

import numpy as np

from denomae_training.rivals.cumulants import Cumulants, cumulants

LAGS = (1, 2, 4, 8)  # samples
_LEAST = 1e-300  # the power of a frame of zeros
_MOST_OF_FOURTH = 10.0  # where C42 is 0 by chance


def frame_features(frames: np.ndarray, phased: bool, powered: bool) -> dict[str, np.ndarray]:
    """Features of frames of one length, by group.

    Args:
        frames: complex [F, N].
        phased: also real and imaginary parts, which a turn of the carrier's phase changes.
        powered: also the power, and cumulants at the frame's own scale.

    Returns:
        "low" (the mean and the cumulants of orders 2 and 4, those of Swami and Sadler, and C20 and
        C40 by C42), "products" and "high" (orders 6 and 8) to float64 [F, D].
    """
    found = cumulants(frames)
    power = np.maximum(found[2, 1].real + np.abs(found[1, 0]) ** 2, _LEAST)
    low = [np.abs(found[1, 0]) / np.sqrt(power)]
    if powered:
        low += [np.log(power), np.abs(found[1, 0])]
    fourth = np.maximum(np.abs(found[4, 2]), _LEAST) ** 0.25
    # Signal against signal, whatever the noise: without it, the power of noise hides the levels.
    low += [np.minimum(np.abs(found[p, 0]) ** (1 / p) / fourth, _MOST_OF_FOURTH) for p in (2, 4)]
    groups = {
        "low": low + _columns(found, (2, 4), power, phased, powered),
        "products": _products(frames, power),
        "high": _columns(found, (6, 8), power, phased, powered),
    }
    return {name: np.stack(columns, axis=1) for name, columns in groups.items()}


def _columns(
    found: Cumulants, orders: tuple[int, ...], power: np.ndarray, phased: bool, powered: bool
) -> list[np.ndarray]:
    """The cumulants C_pq of some orders, but for the power itself, as amplitudes."""
    columns = []
    for (p, q), value in found.items():
        if p not in orders or (p, q) == (2, 1):
            continue
        size = _root(value.real if p == 2 * q else np.abs(value), p)  # C_p(p/2) is real
        columns.append(size / np.sqrt(power))
        if powered:
            columns.append(size)
        if phased and p != 2 * q:
            scale = 1.0 if powered else np.sqrt(power)
            columns += [_root(value.real, p) / scale, _root(value.imag, p) / scale]
    return columns


def _products(frames: np.ndarray, power: np.ndarray) -> list[np.ndarray]:
    """Means of d = x[n] conj(x[n-k]), of its square and of x[n] x[n-k], as shares of the power.

    White noise adds to none of them on average, and the carrier's phase cancels in d.
    """
    columns = []
    for lag in LAGS:
        late, early = frames[:, lag:], frames[:, :-lag]
        turn = late * early.conj()
        once = turn.mean(1, dtype=np.complex128) / power
        twice = (turn * turn).mean(1, dtype=np.complex128) / power**2
        unturned = (late * early).mean(1, dtype=np.complex128) / power
        columns += [once.real, once.imag, _root(twice.real, 2), np.abs(unturned)]
    return columns


def _root(value: np.ndarray, degree: int) -> np.ndarray:
    """A root that keeps the sign."""
    return np.sign(value) * np.abs(value) ** (1 / degree)
