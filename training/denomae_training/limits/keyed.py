# SPDX-License-Identifier: GPL-3.0-or-later
"""The likelihood of frequency shift keying of continuous phase, by the trellis of its phase."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from fractions import Fraction

import numpy as np

from denomae_training.limits.trellis import Trellis, trellis_log_ratio
from denomae_training.signals.definitions import ContinuousPhase
from denomae_training.signals.phase import pulse
from denomae_training.signals.pulses import SPAN

CUT = 1e-3  # of a symbol's turn, that a pulse cut to L symbols may lack at either end
INDEX_STEP = Fraction(1, 20)  # modulation indices that the trellis takes are multiples of it


def memory_of(definition: ContinuousPhase) -> int:
    """How many symbols L a sample depends on, the pulse being cut to them."""
    symbols = 1
    while pulse(definition, np.array([-symbols / 2]))[0] > CUT:
        symbols += 1
    return symbols


class KeyedFrame:
    """Frames of one modulation, to be made and to be recognised.

    The phase that symbols complete before the frame have left is known, and 0.

    Args:
        definition: complete, with an index that is a multiple of INDEX_STEP.
        times: when the frame's samples are, in symbols, rising from 0 on or later.
        memory: L; None: what `memory_of` says.
    """

    def __init__(
        self, definition: ContinuousPhase, times: np.ndarray, memory: int | None = None
    ) -> None:
        self.definition, self.times = definition, times
        self.memory = memory_of(definition) if memory is None else memory
        # An interval begins half a symbol before its middle symbol, or on a symbol if L is even.
        place = times - (0 if self.memory % 2 == 0 else -0.5)
        interval = np.floor(place).astype(int)
        self.first = int(interval[0])
        self.interval = interval - self.first
        self.sample = np.arange(len(times)) - np.searchsorted(self.interval, self.interval)
        self.intervals, self.longest = int(self.interval[-1]) + 1, int(self.sample.max()) + 1
        self.trellis = self._trellis(place - interval)

    def of_any_phase(self) -> KeyedFrame:
        """The same, but what older symbols have left of phase is unknown."""
        unknown = copy(self)
        start = np.full_like(self.trellis.log_start, -np.log(self.trellis.log_start.size))
        unknown.trellis = replace(self.trellis, log_start=start)
        return unknown

    @property
    def oldest(self) -> int:
        """The number of the oldest symbol that the first interval depends on."""
        return self.first - (self.memory - 1) // 2

    def frames(self, rng: np.random.Generator, frames: int) -> np.ndarray:
        """Draw frames with the whole pulse: complex64 [F, N]."""
        levels = np.array(self.definition.levels)
        numbers = np.arange(self.oldest - SPAN, int(self.times[-1]) + SPAN + 2)
        symbols = levels[rng.integers(len(levels), size=(frames, len(numbers)))]
        return self.waveform(symbols, numbers)

    def waveform(self, symbols: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """The frames of given symbols [F, K] with the given numbers: complex64 [F, N]."""
        risen = pulse(self.definition, self.times - numbers[:, None])
        risen = risen - (numbers < self.oldest)[:, None]  # those count from their end on
        phase = np.pi * self.definition.index * (symbols @ risen)
        return np.exp(1j * phase).astype(np.complex64)

    def log_ratio(self, samples: np.ndarray, noise_power: float) -> np.ndarray:
        """Log likelihood of complex64 [F, N], less that of noise alone: float64 [F]."""
        cut = np.zeros((len(samples), self.intervals, self.longest), dtype=np.complex64)
        cut[:, self.interval, self.sample] = samples
        return trellis_log_ratio(cut, self.trellis, noise_power)

    def _trellis(self, since: np.ndarray) -> Trellis:
        """Args: since: from the start of its interval to each sample, 0..1 symbol."""
        index = Fraction(self.definition.index).limit_denominator(1000)
        if (index / INDEX_STEP).denominator != 1:
            raise ValueError(
                f"modulation index {self.definition.index}; wanted a multiple of {INDEX_STEP}, so "
                "that the phase has few values"
            )
        levels, memory = np.array(self.definition.levels), self.memory
        phases = 2 * index.denominator
        number = np.arange(len(levels) ** memory)
        digits = number[:, None] // len(levels) ** np.arange(memory - 1, -1, -1) % len(levels)
        low, high = pulse(self.definition, np.array([-memory / 2, memory / 2]))
        time = since[:, None] + memory / 2 - 1 - np.arange(memory)  # of the oldest symbol first
        risen = (pulse(self.definition, time) - low) / (high - low)
        phase = np.pi * float(index) * (risen @ levels[digits].T)  # [N, M^L]
        branches = np.zeros((self.intervals, self.longest, len(number)), dtype=np.complex64)
        branches[self.interval, self.sample] = np.exp(1j * phase)
        memories = len(number) // len(levels)
        start = np.full((phases, memories), -np.inf)
        start[0] = -np.log(memories)
        return Trellis(
            branches,
            np.pi * np.arange(phases) / index.denominator,
            levels * index.numerator,
            start,
            np.full((self.intervals, len(levels)), -np.log(len(levels))),
        )
