# SPDX-License-Identifier: GPL-3.0-or-later
"""Frequency shift keying of continuous phase, with rectangular and Gaussian frequency pulses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from denomae_training.signals.definitions import ContinuousPhase
from denomae_training.signals.interpolated import (
    accumulated,
    phase_table,
    symbols_needed,
    turned,
)
from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import (
    Modulator,
    draw_numbers,
    draw_samples_per_symbol,
)
from denomae_training.signals.pulses import gaussian_phase, rectangular_phase

USABLE_BAND = 0.9  # of the sampled bandwidth: the outer tones of wide FSK must fit in it


@dataclass(frozen=True)
class KeyedRange:
    """From where a class of keyed frequency draws its parameters.

    Attributes:
        levels: of the symbols.
        index: intervals of the modulation index; uniform over all of them together.
        bandwidth_time: interval of the Gaussian filter's; None: rectangular frequency pulses.
    """

    levels: tuple[int, ...]
    index: tuple[tuple[float, float], ...]
    bandwidth_time: tuple[float, float] | None = None


BINARY, QUATERNARY = (-1, 1), (-3, -1, 1, 3)
# No waveform belongs to two of these: pulses, levels or indices differ.
KEYED = {
    "2fsk": KeyedRange(BINARY, ((0.6, 2.0),)),
    "4fsk": KeyedRange(QUATERNARY, ((0.25, 1.0),)),
    "gfsk": KeyedRange(BINARY, ((0.25, 0.4), (0.6, 1.2)), (0.3, 0.8)),
    "gmsk": KeyedRange(BINARY, ((0.5, 0.5),), (0.2, 0.5)),
}


def waveform(
    definition: ContinuousPhase,
    levels: np.ndarray,
    count: int,
    samples_per_symbol: float,
    timing: float,
) -> np.ndarray:
    """The waveform of given symbols, of constant envelope 1: complex64 [count].

    Args:
        definition: with an index.
        levels: float32, `symbols_needed` or more, of the definition's levels; number j is at
            u = j - LEAD.
        timing: u of the first sample, in symbols, 0..1.
    """
    index = definition.index
    return turned(accumulated(levels, count, samples_per_symbol, timing, table(definition), index))


def table(definition: ContinuousPhase) -> np.ndarray:
    """The definition's phase pulse, as `accumulated` reads it."""
    if definition.bandwidth_time is None:
        return phase_table(rectangular_phase)
    return phase_table(gaussian_phase, definition.bandwidth_time)


def pulse(definition: ContinuousPhase, time: np.ndarray) -> np.ndarray:
    """The definition's phase pulse q at any times, in symbols: from 0 to 1."""
    if definition.bandwidth_time is None:
        return rectangular_phase(time)
    return gaussian_phase(time, definition.bandwidth_time)


def keyed_modulator(ranges: KeyedRange) -> Modulator:
    """Equiprobable symbols; the symbol rate is kept so low that the outer tones fit in the band."""
    levels = np.array(ranges.levels, dtype=np.float32)
    outer = max(ranges.levels)

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        index = _draw_index(rng, ranges.index)
        bandwidth_time = None
        if ranges.bandwidth_time is not None:
            low, high = ranges.bandwidth_time
            bandwidth_time = round(low + (high - low) * rng.random(), 2)
        low = max(samples_per_symbol[0], (1 + index * outer) / USABLE_BAND)
        sps = draw_samples_per_symbol(rng, low, max(low, samples_per_symbol[1]))
        timing = rng.random()
        needed = symbols_needed(count, sps, timing)
        symbols = levels.take(draw_numbers(rng, len(levels), needed))
        definition = ContinuousPhase(index, bandwidth_time, ranges.levels)
        drawn = Drawn(samples_per_symbol=sps, timing=timing, index=index)
        if bandwidth_time is not None:
            drawn["bandwidth_time"] = bandwidth_time
        return waveform(definition, symbols, count, sps, timing), drawn

    return modulate


def _draw_index(rng: np.random.Generator, intervals: tuple[tuple[float, float], ...]) -> float:
    widths = [high - low for low, high in intervals]
    place = rng.random() * sum(widths)
    for (low, _), width in zip(intervals, widths, strict=True):
        if place <= width:
            return low + place
        place -= width
    return intervals[-1][1]
