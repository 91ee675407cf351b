# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of a waveform: power, cumulants, bandwidth, distance, whiteness."""

from __future__ import annotations

import math

import numpy as np


def power(wave: np.ndarray) -> float:
    """Mean power."""
    return float(np.mean(np.abs(wave.astype(np.complex128)) ** 2))


def cumulants(wave: np.ndarray) -> dict[str, complex]:
    """C20, C40 and C42 of samples scaled to unit power (Swami and Sadler, 2000).

    C20 = E[x^2], C40 = E[x^4] - 3 C20^2, C42 = E[|x|^4] - |C20|^2 - 2.
    """
    wave = wave.astype(np.complex128)
    wave = wave / math.sqrt(power(wave))
    second = np.mean(wave**2)
    return {
        "C20": complex(second),
        "C40": complex(np.mean(wave**4) - 3 * second**2),
        "C42": complex(np.mean(np.abs(wave) ** 4) - abs(second) ** 2 - 2),
    }


def spectrum(wave: np.ndarray, length: int = 1024) -> tuple[np.ndarray, np.ndarray]:
    """Power spectral density by Welch's method, Hann window, half overlapping.

    Returns:
        frequency in cycles a sample, ascending [length]; density [length], of mean = mean power.
    """
    length = min(length, len(wave))
    window = np.hanning(length)
    step = length // 2
    total = np.zeros(length)
    number = 0
    for begin in range(0, len(wave) - length + 1, step):
        total += np.abs(np.fft.fft(wave[begin : begin + length] * window)) ** 2
        number += 1
    density = np.fft.fftshift(total) / (number * np.sum(window**2))
    return np.fft.fftshift(np.fft.fftfreq(length)), density


def occupied_bandwidth(wave: np.ndarray, share: float = 0.99) -> float:
    """Band that holds a share of the power, the rest equally above and below: cycles a sample.

    As in Rec. ITU-R SM.328; edges are read between bins along a straight line.
    """
    _, density = spectrum(wave, 4096)
    past = np.concatenate([[0.0], np.cumsum(density)]) / density.sum()
    edge = np.interp([(1 - share) / 2, (1 + share) / 2], past, np.arange(len(past)))
    return float(edge[1] - edge[0]) / len(density)


def distance_db(ours: np.ndarray, theirs: np.ndarray, scaled: bool = True) -> float:
    """Power of the difference from another waveform, dB below it; phase and gain are fitted.

    Args:
        scaled: fit the gain too; else the phase alone.
    """
    ours, theirs = ours.astype(np.complex128), theirs.astype(np.complex128)
    factor = np.vdot(ours, theirs) / np.vdot(ours, ours)
    if not scaled:
        factor /= abs(factor)
    return 10 * math.log10(max(power(theirs - factor * ours) / power(theirs), 1e-30))


def white_noise(rng: np.random.Generator, count: int, level: float) -> np.ndarray:
    """White Gaussian noise of a mean power: complex64 [count]."""
    parts = rng.standard_normal(2 * count, dtype=np.float32)
    parts *= np.float32(math.sqrt(level / 2))
    return parts.view(np.complex64)


def whiteness(frames: np.ndarray, lags: int = 32) -> float:
    """Largest autocorrelation of frames at lags 1..`lags`, in its own standard deviations.

    Args:
        frames: complex [B, N], of any power each.
    """
    frames = frames / np.sqrt(np.mean(np.abs(frames) ** 2, axis=1, keepdims=True))
    largest = 0.0
    for lag in range(1, lags + 1):
        product = frames[:, lag:] * frames[:, :-lag].conj()
        largest = max(largest, abs(product.mean()) * math.sqrt(product.size))
    return largest
