# SPDX-License-Identifier: GPL-3.0-or-later
"""The likelihood of independent, equiprobable symbols in white noise."""

from __future__ import annotations

import numpy as np

VALUES_AT_ONCE = 2**21  # that the sum over points holds, to bound its memory


def symbol_log_ratio(
    observed: np.ndarray, points: np.ndarray, noise_power: np.ndarray | float, energy=1.0
) -> np.ndarray:
    """Log likelihood of frames of symbols, less that of noise alone: float64 [F].

    Symbol k of a frame was seen as y = energy * a + noise, with a one of the points and noise of
    the mean power energy * noise_power: what a filter matched to a pulse of that energy gives, or
    a sample itself (energy 1). Then p(y) / p(y | no signal) is the mean over the points of
    exp((2 Re(a* y) - energy |a|^2) / noise_power).

    Args:
        observed: complex [F, K], or float for real symbols with real noise of half the power.
        points: [M], or [F, M] where they are scaled frame by frame.
        noise_power: of the complex noise in a sample, one number or [F].
        energy: of the pulses, one number or [K].
    """
    points = np.broadcast_to(points, (len(observed), np.shape(points)[-1]))
    noise_power = np.broadcast_to(noise_power, len(observed))
    at_once = max(1, VALUES_AT_ONCE // (points.shape[1] * observed.shape[1]))
    return np.concatenate(
        [
            _log_ratio(
                observed[first : first + at_once],
                points[first : first + at_once],
                noise_power[first : first + at_once, None],
                energy,
            )
            for first in range(0, len(observed), at_once)
        ]
    )


def _log_ratio(observed, points, noise_power, energy) -> np.ndarray:
    exponents = np.empty((points.shape[1], *observed.shape))  # [M, F, K]
    for exponent, point in zip(exponents, points.T[..., None], strict=True):
        likeness = 2 * (observed.real * point.real + observed.imag * point.imag)
        np.divide(likeness - energy * np.abs(point) ** 2, noise_power, out=exponent)
    largest = exponents.max(0)
    exponents -= largest
    total = np.exp(exponents, out=exponents).mean(0)
    return (largest + np.log(total)).sum(1)


def noise_log_likelihood(samples: np.ndarray, noise_power: np.ndarray | float) -> np.ndarray:
    """Log likelihood of complex [F, N] as circular white noise of that mean power: float64 [F]."""
    power = np.broadcast_to(noise_power, len(samples))
    energy = (samples.real.astype(float) ** 2 + samples.imag.astype(float) ** 2).sum(1)
    return -energy / power - samples.shape[1] * np.log(np.pi * power)
