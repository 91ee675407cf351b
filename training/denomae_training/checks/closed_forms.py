# SPDX-License-Identifier: GPL-3.0-or-later
"""Symbol-error rates in white noise. gamma is energy a symbol over noise density, as a ratio.

Proakis and Salehi, Digital Communications, 5th edition, chapter 4; Simon and Alouini, Digital
Communication over Fading Channels, chapter 8.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

ErrorRate = Callable[[float], float]


def tail(x: float) -> float:
    """Q(x): the probability that a normal number is above x."""
    return 0.5 * math.erfc(x / math.sqrt(2))


def bipolar(order: int) -> ErrorRate:
    """PAM of evenly spaced levels around 0; 2: BPSK."""
    return lambda gamma: 2 * (1 - 1 / order) * tail(math.sqrt(6 * gamma / (order**2 - 1)))


def unipolar(order: int) -> ErrorRate:
    """ASK of evenly spaced levels from 0 up; 2: on-off keying. gamma is of the mean energy."""
    spacing = math.sqrt(6 / ((order - 1) * (2 * order - 1)))
    return lambda gamma: 2 * (1 - 1 / order) * tail(spacing * math.sqrt(gamma / 2))


def phase_keying(order: int) -> ErrorRate:
    """Coherent PSK: (1/pi) times the integral of exp(-gamma sin^2(pi/M) / sin^2 t)."""
    angle = _midpoints(0, math.pi * (1 - 1 / order))
    share = math.sin(math.pi / order) ** 2 / np.sin(angle) ** 2
    return lambda gamma: float(np.mean(np.exp(-gamma * share)) * (1 - 1 / order))


def square(order: int) -> ErrorRate:
    """Square QAM: two PAMs of half the energy."""
    one = bipolar(round(order**0.5))
    return lambda gamma: 1 - (1 - one(gamma / 2)) ** 2


def differential_phase(order: int) -> ErrorRate:
    """Differentially detected PSK (Pawula, Rice and Roberts, 1982)."""
    angle = _midpoints(-math.pi / 2, math.pi / 2)
    below = 1 - math.cos(math.pi / order) * np.cos(angle)
    factor = math.sin(math.pi / order) / 2
    return lambda gamma: float(factor * np.mean(np.exp(-gamma * below) / below))


def orthogonal(order: int) -> ErrorRate:
    """Orthogonal tones or sweeps of unknown phase, the strongest taken.

    1 less the integral of (1 - exp(-r))^(M-1) over the strength r of the right one, which is
    non-central chi-square; the series of Proakis cancels itself for large M.
    """

    def rate(gamma: float) -> float:
        # amplitude a of the right one: Rice with noise of unit power (1/2 in each part)
        top = math.sqrt(gamma) + 8
        edge = np.linspace(0, top, 20001)
        a = 0.5 * (edge[1:] + edge[:-1])
        # exp(-x) I0(x): numpy's i0 overflows above 700
        x = 2 * a * math.sqrt(gamma)
        small = np.minimum(x, 500)
        scaled = np.where(
            x < 500, np.i0(small) * np.exp(-small), 1 / np.sqrt(2 * np.pi * np.maximum(x, 1))
        )
        density = 2 * a * np.exp(-((a - math.sqrt(gamma)) ** 2)) * scaled
        right = np.exp((order - 1) * np.log1p(-np.exp(-(a**2))))
        return float(np.sum(density * (1 - right)) * (edge[1] - edge[0]))

    return rate


def nearest_point(points: np.ndarray, angles: int = 2048) -> ErrorRate:
    """Any points of unit mean power, by numerical integration around each (Craig, 1991).

    In direction t the decision is wrong from the nearest bisector on, at distance r(t), and the
    noise is longer than that with probability exp(-r^2 gamma).
    """
    points = np.asarray(points, dtype=np.complex128)
    angle = _midpoints(0, 2 * np.pi, angles)
    squares = np.empty((len(points), angles))
    for number, point in enumerate(points):
        others = np.delete(points, number) - point
        toward = np.cos(angle[:, None] - np.angle(others)[None, :])
        with np.errstate(divide="ignore"):
            distance = np.where(toward > 1e-9, np.abs(others) / 2 / toward, np.inf)
        squares[number] = distance.min(1) ** 2
    return lambda gamma: float(np.mean(np.exp(-gamma * squares)))


def gamma_for(rate: ErrorRate, wanted: float) -> float:
    """Where an error rate is as wanted, by bisection in dB."""
    low, high = -20.0, 60.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if rate(10 ** (middle / 10)) > wanted else (low, middle)
    return 10 ** (0.5 * (low + high) / 10)


def _midpoints(low: float, high: float, number: int = 4096) -> np.ndarray:
    return low + (np.arange(number) + 0.5) * (high - low) / number
