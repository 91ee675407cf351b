# SPDX-License-Identifier: GPL-3.0-or-later
"""The Wiener filter that knows a class's spectrum and the SNR: the best linear estimate of a frame.

It knows which class was sent, that class's true autocorrelation, and the noise power; not the
symbols, the timing or the phase. It is solved for the frame itself, of finite length: with
autocorrelation matrix R and noise power s, the estimate of the clean frame is R (R + s I)^-1 times
the noisy one. So each sample is estimated from all of the frame, before and behind it, and nothing
is wrapped around or cut off at the edges, where a filter by FFT would lose. Far from the edges this
is the frequency response S / (S + s) of the power spectral density S.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from denomae_training.data.source import generator
from denomae_training.signals.definitions import Linear
from denomae_training.signals.linear import PULSES
from denomae_training.signals.pulses import SPAN
from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes.denomae10 import SAMPLES_PER_SYMBOL, WAVEFORMS, Denomae10

AVERAGED = 500  # frames, where there is no closed form
_FINE = 64  # points a symbol, for the closed form


class Wiener:
    """The filter of one class at one SNR, for frames of N samples.

    Args:
        correlation: complex or float [N], of the clean frames, number 0 their mean power.
        noise_power: in the same unit.
    """

    def __init__(self, correlation: np.ndarray, noise_power: float) -> None:
        self.correlation, self.noise_power = correlation, noise_power
        count = len(correlation)
        lag = np.arange(count)[:, None] - np.arange(count)
        values = np.where(lag >= 0, correlation[abs(lag)], correlation[abs(lag)].conj())
        # R (R + s)^-1 = I - s (R + s)^-1
        inverse = np.linalg.inv(values + noise_power * np.eye(count))
        self.matrix = np.eye(count) - noise_power * inverse  # [N, N]

    def __call__(self, noisy: np.ndarray) -> np.ndarray:
        """Frames complex64 [F, N] at any scale, denoised, at the same scale."""
        return (noisy @ self.matrix.T).astype(np.complex64)

    @property
    def gain_db(self) -> float:
        """The SNR gain that theory promises: noise power over the mean squared error."""
        error = self.noise_power * np.trace(self.matrix).real / len(self.matrix)
        return float(10 * np.log10(self.noise_power / error))


@lru_cache(maxsize=64)
def correlation_of(recipe: Recipe, name: str, averaged: int = AVERAGED) -> np.ndarray:
    """The autocorrelation of a class's clean frames of unit mean power: [N].

    In closed form for the linear classes of `denomae10`; else the mean over so many frames of its
    biased estimate, whose matrix has no negative eigenvalue.
    """
    definition = WAVEFORMS.get(name) if isinstance(recipe, Denomae10) else None
    if isinstance(definition, Linear):
        return linear_correlation(definition, SAMPLES_PER_SYMBOL, recipe.frame_length)
    return averaged_correlation(recipe, name, averaged)


def linear_correlation(
    definition: Linear, samples_per_symbol: int, frame_length: int
) -> np.ndarray:
    """Of independent symbols behind a pulse, at a random timing and phase: float64 [N].

    The symbols' variance gives the pulse's own correlation, their mean a constant one: behind a
    pulse narrower than twice the symbol rate a train of equal pulses is a line at the carrier.
    """
    time = np.arange(-SPAN * _FINE, SPAN * _FINE + 1) / _FINE
    shape = PULSES[definition.pulse](time, definition.rolloff)
    lag = np.arange(frame_length) / samples_per_symbol
    near = lag < 2 * SPAN
    both = np.correlate(shape, shape, mode="full")[len(shape) - 1 :] / _FINE
    pulse = np.zeros(frame_length)
    pulse[near] = np.interp(lag[near], np.arange(len(both)) / _FINE, both)
    points = definition.points
    # A turning constellation has no mean, whatever its points'.
    line = 0.0 if definition.rotation else abs(np.mean(points)) ** 2
    correlation = (np.mean(np.abs(points) ** 2) - line) * pulse + line * (shape.sum() / _FINE) ** 2
    return correlation / correlation[0]


def averaged_correlation(recipe: Recipe, name: str, frames: int) -> np.ndarray:
    """The mean biased autocorrelation of clean frames of unit power: complex128 [N]."""
    index, count = recipe.classes.index(name), recipe.frame_length
    total = np.zeros(2 * count)
    for number in range(frames):
        rng = generator(0, f"spectrum of {name}", number)
        clean = recipe.signal(recipe.item(rng, index, recipe.snr_db[1]).clean)
        power = np.mean(np.abs(clean) ** 2) or 1.0
        total += np.abs(np.fft.fft(clean, 2 * count)) ** 2 / power
    correlation = np.fft.ifft(total)[:count] / (count * frames)
    return correlation / correlation[0].real
