# SPDX-License-Identifier: GPL-3.0-or-later
"""Waveforms of shaped symbols at any symbol rate and timing, from one matrix product.

The product of the symbols around each symbol with a table of the pulse is the waveform at `GRID`
points a symbol; the samples are read between two of these points along a straight line. For root
raised cosines that costs an error of 55 dB below the signal, less than cutting the pulse does;
rectangular frequency pulses come out exactly. Symbol j is at u = j - LEAD symbols on the first
sample's symbol clock.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from denomae_training.signals.pulses import SPAN, Pulse, root_raised_cosine

LEAD = SPAN  # symbols before time 0
TAPS = 2 * SPAN + 2  # symbols that a window of one symbol may need, half a symbol late too
GRID = 16  # points a symbol


def symbols_needed(count: int, samples_per_symbol: float, timing: float) -> int:
    """How many symbols `count` samples are made of, when the first is at u = timing (0..1)."""
    return int((count - 1) / samples_per_symbol + timing) + 1 + TAPS


@lru_cache(maxsize=512)
def pulse_table(pulse: Pulse, parameter: float | None = None, late: float = 0.0) -> np.ndarray:
    """A pulse, `late` symbols delayed and cut at SPAN symbols: float32 [TAPS, GRID + 1]."""

    def at(time: np.ndarray) -> np.ndarray:
        value = pulse(time) if parameter is None else pulse(time, parameter)
        return value * (np.abs(time) < SPAN)

    time = _times() - late
    value = at(time)
    if pulse is root_raised_cosine:
        # A chord of a curve lies inside of it, by a twelfth of its second difference on average.
        value = value - (at(time - 1 / GRID) - 2 * value + at(time + 1 / GRID)) / 12
    return tabulated(value)


@lru_cache(maxsize=512)
def phase_table(pulse: Pulse, parameter: float | None = None) -> np.ndarray:
    """A phase pulse, which rises from 0 to 1 within SPAN symbols: float32 [TAPS, GRID + 1]."""
    value = pulse(_times()) if parameter is None else pulse(_times(), parameter)
    return tabulated(value)


def tabulated(values: np.ndarray) -> np.ndarray:
    """Values as float32, those below 1e-9 as 0: products of denormal numbers take ten times."""
    return np.where(np.abs(values) < 1e-9, 0, values).astype(np.float32)


def _times() -> np.ndarray:
    """Row m, column g: from the symbol m of a window to the grid point g."""
    return np.arange(GRID + 1)[None, :] / GRID - (np.arange(TAPS)[:, None] - LEAD)


@lru_cache(maxsize=32)
def sample_numbers(count: int) -> np.ndarray:
    """0 .. count - 1, not to be written to: float64 [count]."""
    numbers = np.arange(count, dtype=np.float64)
    numbers.setflags(write=False)
    return numbers


def sampling(
    count: int, samples_per_symbol: float, timing: float
) -> tuple[np.ndarray, np.ndarray, int]:
    """Where the samples lie on the grid: int [count], float32 [count] beyond it, whole symbols."""
    position = sample_numbers(count) * (GRID / samples_per_symbol)
    position += timing * GRID
    cell = position.astype(np.int64)
    position -= cell
    whole = int(cell[-1]) // GRID + 1
    cell += cell >> (GRID.bit_length() - 1)  # GRID + 1 points a symbol
    return cell, position.astype(np.float32), whole


def _between(grid: np.ndarray, place: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    flat = grid.reshape(-1)
    left = flat.take(place)
    value = flat[1:].take(place)
    value -= left
    value *= beyond
    value += left
    return value


def shaped(
    symbols: np.ndarray,
    count: int,
    samples_per_symbol: float,
    timing: float,
    table: np.ndarray,
    late_table: np.ndarray | None = None,
) -> np.ndarray:
    """The waveform of shaped symbols: complex64 [count].

    Args:
        symbols: complex64, `symbols_needed` or more; number LEAD is at u = 0.
        timing: u of the first sample, 0..1.
        table: of the pulse, from `pulse_table`.
        late_table: of the imaginary part's pulse, where that is another.
    """
    place, beyond, whole = sampling(count, samples_per_symbol, timing)
    # both parts of the symbols around each symbol: [2, whole, TAPS]
    view = np.ndarray((2, whole, TAPS), np.float32, _checked(symbols, whole), 0, (4, 8, 8))
    windows = view.copy()
    wave = np.empty(count, dtype=np.complex64)
    wave.real = _between(windows[0] @ table, place, beyond)
    late = table if late_table is None else late_table
    wave.imag = _between(windows[1] @ late, place, beyond)
    return wave


def _checked(symbols: np.ndarray, whole: int) -> np.ndarray:
    """Symbols whose memory may be read as windows."""
    if len(symbols) < whole + TAPS - 1:
        raise ValueError(f"{len(symbols)} symbols; wanted {whole + TAPS - 1} or more")
    wanted = np.complex64 if np.iscomplexobj(symbols) else np.float32
    return np.ascontiguousarray(symbols, dtype=wanted)


def accumulated(
    levels: np.ndarray,
    count: int,
    samples_per_symbol: float,
    timing: float,
    table: np.ndarray,
    index: float,
) -> np.ndarray:
    """The phase of keyed frequency in half turns, less whole turns a symbol: float32 [count].

    Args:
        levels: float32, `symbols_needed` or more; number LEAD is at u = 0.
        table: of the phase pulse, which rises from 0 to 1, from `phase_table`.
        index: the modulation index.
    """
    place, beyond, whole = sampling(count, samples_per_symbol, timing)
    levels = _checked(levels, whole)
    grid = np.ndarray((whole, TAPS), np.float32, levels, 0, (4, 4)).copy() @ table
    grid *= np.float32(index)
    past = np.zeros(whole)
    np.cumsum(levels[: whole - 1], dtype=np.float64, out=past[1:])
    grid += np.remainder(past * index, 2).astype(np.float32)[:, None]
    return _between(grid, place, beyond)


def turned(half_turns: np.ndarray) -> np.ndarray:
    """exp(j pi x) of float32 [count]: complex64 [count]."""
    angle = half_turns * np.float32(np.pi)
    wave = np.empty(len(angle), dtype=np.complex64)
    np.cos(angle, out=wave.real)
    np.sin(angle, out=wave.imag)
    return wave
