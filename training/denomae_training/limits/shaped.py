# SPDX-License-Identifier: GPL-3.0-or-later
"""The likelihood of linear modulations behind a pulse, by matched filter.

A frame's worth of symbols is seen as one burst, each pulse whole: the frame is looked at beyond its
edges, where these pulses reach, so that the symbols stay independent behind the matched filter.
"""

from __future__ import annotations

import numpy as np

from denomae_training.limits.symbols import symbol_log_ratio
from denomae_training.signals.definitions import Linear
from denomae_training.signals.linear import PULSES

REACH = 16  # symbols on either side of a pulse; root raised cosines of rolloff 0.1 need them


def pulse_matrix(
    definition: Linear, times: np.ndarray, first: int, count: int, late: float = 0.0
) -> np.ndarray:
    """Pulses of `count` symbols from number `first` on, seen at `times`: float32 [count, W].

    Args:
        times: in symbols.
        late: symbols by which all are delayed.
    """
    since = times - (np.arange(first, first + count)[:, None] + late)
    shape = PULSES[definition.pulse](since, definition.rolloff)
    return (shape * (np.abs(since) < REACH)).astype(np.float32)


class LinearBurst:
    """Bursts of one linear modulation, to be made and to be recognised.

    Args:
        definition: complete: nothing left to be drawn.
        times: when the samples of the widened frame are, in symbols; 0 is where symbol 0 is.
        count: symbols of the burst.
    """

    def __init__(self, definition: Linear, times: np.ndarray, count: int) -> None:
        self.definition = definition
        self.pulses = pulse_matrix(definition, times, 0, count)  # [K, W]
        self.late = (
            pulse_matrix(definition, times, 0, count, definition.offset)
            if definition.offset
            else self.pulses
        )
        self.energy = np.square(self.pulses).sum(1)  # [K]
        self.turn = np.exp(1j * definition.rotation * np.arange(count)).astype(np.complex64)

    def bursts(self, rng: np.random.Generator, frames: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw bursts whose symbols have unit mean power each time, as a frame's are scaled.

        Returns:
            complex64 [F, W], and the mean power of the unscaled symbols [F].
        """
        points = self.definition.points
        symbols = points[rng.integers(len(points), size=(frames, len(self.turn)))]
        power = np.maximum(np.mean(np.abs(symbols) ** 2, 1, keepdims=True), 1e-3)
        symbols = symbols * self.turn / np.sqrt(power).astype(np.float32)
        real, imaginary = _parts(symbols)
        return real @ self.pulses + 1j * (imaginary @ self.late), power[:, 0]

    def log_ratio(
        self, samples: np.ndarray, noise_power: float, power: np.ndarray | float
    ) -> np.ndarray:
        """Log likelihood of complex64 [F, W], less that of noise alone: float64 [F].

        Args:
            power: of the symbols before they were scaled to unit mean power [F].
        """
        real, imaginary = _parts(samples)
        in_phase, quadrature = real @ self.pulses.T, imaginary @ self.late.T
        points = self.definition.points
        if np.ptp(np.abs(points)) > 1e-5:
            points = points / np.sqrt(np.broadcast_to(power, len(samples)))[:, None]
        columns = None if self.definition.rotation else _rows_and_columns(self.definition.points)
        if columns is None:
            if self.definition.offset:
                raise ValueError(
                    "a modulation whose imaginary part lags has its real parts and its imaginary "
                    f"parts in every combination; these points do not: {self.definition.points}"
                )
            filtered = (in_phase + 1j * quadrature) * self.turn.conj()
            return symbol_log_ratio(filtered, points, noise_power, self.energy)
        levels = (points[..., columns[0]].real, points[..., columns[1]].imag)
        return symbol_log_ratio(in_phase, levels[0], noise_power, self.energy) + symbol_log_ratio(
            quadrature, levels[1], noise_power, np.square(self.late).sum(1)
        )


def _parts(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Real and imaginary parts, each in one piece: products of views take ten times as long."""
    return np.ascontiguousarray(samples.real), np.ascontiguousarray(samples.imag)


def _rows_and_columns(points: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Which points show each real and each imaginary part once, where they are independent."""
    _, real = np.unique(np.round(points.real, 5), return_index=True)
    _, imaginary = np.unique(np.round(points.imag, 5), return_index=True)
    pairs = {(round(float(p.real), 5), round(float(p.imag), 5)) for p in points}
    return (real, imaginary) if len(pairs) == len(real) * len(imaginary) else None
