# SPDX-License-Identifier: GPL-3.0-or-later
"""Real samples made analytic: the same samples, with the negative half of the band taken away.

The real part is the recording itself, to the bit; the imaginary part is its Hilbert transform, by
a filter of 255 taps without delay. The sample rate stays, and the signal lies between 0 Hz and half
the rate. Between 0.8 % and 49.2 % of the rate what is left of the negative half is 60 dB down;
nearer to 0 Hz or to half the rate it fades in, so that 0 Hz itself stays real.
"""

from __future__ import annotations

import numpy as np

REACH = 127  # samples before and after a sample that its imaginary part depends on
_KAISER_BETA = 5.65  # 60 dB

# Of the odd taps 1, 3, .. 127; the even ones are 0, and the tap at -k is minus the one at k.
_DISTANCES = np.arange(1, REACH + 1, 2)
_TAPS = (
    2 / (np.pi * _DISTANCES) * np.kaiser(2 * REACH + 1, _KAISER_BETA)[REACH + _DISTANCES]
).astype(np.float32)

_BLOCK = 2**15  # samples at a time: its three buffers fit into a cache


def analytic(samples: np.ndarray) -> np.ndarray:
    """The analytic signal of the middle part of a stretch of real samples.

    Every sample is computed from its own neighbours by the same operations in the same order, so
    that it has the same bits wherever the stretch around it began or ended.

    Args:
        samples: float32 [S + 2 * REACH]; zeros stand for what lies beyond a recording's ends.

    Returns:
        complex64 [S]: of all but the first and the last REACH samples.
    """
    count = len(samples) - 2 * REACH
    result = np.empty(count, np.complex64)
    result.real = samples[REACH : REACH + count]
    product = np.empty(min(count, _BLOCK), np.float32)
    total = np.empty_like(product)
    # Infinite samples make NaN of their neighbourhood, which whoever uses them looks for.
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, count, _BLOCK):
            stop = min(start + _BLOCK, count)
            part, sums = product[: stop - start], total[: stop - start]
            sums[:] = 0
            for distance, tap in zip(_DISTANCES.tolist(), _TAPS, strict=True):
                before = samples[REACH + start - distance : REACH + stop - distance]
                after = samples[REACH + start + distance : REACH + stop + distance]
                np.subtract(before, after, out=part)
                part *= tap
                sums += part
            result.imag[start:stop] = sums
    return result
