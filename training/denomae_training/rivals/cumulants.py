# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments and cumulants of many frames at once, up to order 8.

In the notation of Swami and Sadler ("Hierarchical digital modulation classification using
cumulants", IEEE Trans. Communications 48(3), 2000) C_pq is the cumulant of order p of a sample x
taken p - q times and its conjugate taken q times. Circular white noise adds to C_21 alone.
"""

from __future__ import annotations

from math import comb

import numpy as np

Cumulants = dict[tuple[int, int], np.ndarray]


def moments(frames: np.ndarray, order: int) -> Cumulants:
    """The means of x^(p-q) conj(x)^q for all 2q <= p <= order: (p, q) to complex128 [F].

    Args:
        frames: complex [F, N].
        order: the highest p.
    """
    found: Cumulants = {
        (p, q): np.empty(len(frames), dtype=np.complex128)
        for p in range(order + 1)
        for q in range(p // 2 + 1)
    }
    for place, frame in enumerate(frames):  # one at a time, which stays in the cache
        x = frame.astype(np.complex128)
        powers = np.ones((order // 2 + 1, len(x)))
        powers[1:] = x.real**2 + x.imag**2
        np.multiply.accumulate(powers, out=powers)
        turning = np.ones((order + 1, len(x)), dtype=np.complex128)
        turning[1:] = x
        np.multiply.accumulate(turning, out=turning)
        means = turning.view(np.float64).reshape(order + 1, -1, 2).transpose(0, 2, 1) @ powers.T
        means /= len(x)
        for (p, q), values in found.items():
            values[place] = complex(*means[p - 2 * q, :, q])
    return found


def cumulants(frames: np.ndarray, order: int = 8) -> Cumulants:
    """C_pq for all 1 <= p <= order and 2q <= p: (p, q) to complex128 [F].

    Those with 2q > p are the conjugates of C_p(p-q). Nothing is taken for zero, the mean least of
    all: every partition of the p factors counts, by the recursion over the block that holds the
    first of them.

    Args:
        frames: complex [F, N], each with its own mean, power and phase.
    """
    mean = moments(frames, order)

    def moment(plain: int, conjugated: int) -> np.ndarray:
        if plain < conjugated:
            return mean[plain + conjugated, plain].conj()
        return mean[plain + conjugated, conjugated]

    found: dict[tuple[int, int], np.ndarray] = {}  # by factors that are plain and conjugated
    for total in range(1, order + 1):
        for conjugated in range(total // 2 + 1):
            plain = total - conjugated
            value = moment(plain, conjugated).astype(np.complex128)
            for i in range(1, plain + 1):
                for j in range(conjugated + 1):
                    if (i, j) != (plain, conjugated):
                        ways = comb(plain - 1, i - 1) * comb(conjugated, j)
                        rest = moment(plain - i, conjugated - j)
                        value = value - ways * found[i, j] * rest
            found[plain, conjugated] = value
            found[conjugated, plain] = value.conj()
    return {
        (plain + conjugated, conjugated): value
        for (plain, conjugated), value in found.items()
        if plain >= conjugated
    }
