# SPDX-License-Identifier: GPL-3.0-or-later
"""How well a share is known from counts."""

from __future__ import annotations

import math

NORMAL_95 = 1.959963984540054  # of a normal distribution, 95 % lie within so many deviations


def wilson(right: int, count: int, deviations: float = NORMAL_95) -> tuple[float, float]:
    """The interval of shares that lie within so many deviations of what was counted: 0..1.

    Unlike the plain standard error it stays within 0 and 1 and is not empty at either end.
    Source: Wilson, Journal of the American Statistical Association 22 (1927).

    Raises:
        ValueError: `count` is below 1, or `right` not within 0 and `count`.
    """
    if not 0 <= right <= count or count < 1:
        raise ValueError(f"{right} right of {count}; wanted 0 to all of 1 or more")
    square = deviations**2 / count
    share = right / count
    middle = (share + square / 2) / (1 + square)
    half = deviations / (1 + square) * math.sqrt((share * (1 - share) + square / 4) / count)
    return max(0.0, middle - half), min(1.0, middle + half)
