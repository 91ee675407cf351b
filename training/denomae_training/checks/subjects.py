# SPDX-License-Identifier: GPL-3.0-or-later
"""What is checked: every waveform that the recipes draw from, once, with explicit parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from denomae_training.signals import linear, modulators, phase
from denomae_training.signals.constellations import APSK16_RADII, APSK32_RADII
from denomae_training.signals.definitions import ContinuousPhase, Linear
from denomae_training.signals.interpolated import symbols_needed
from denomae_training.signals.modulator import draw_numbers
from denomae_training.signals.recipes import denomae10, radioml24

ROLLOFF = 0.35  # where a recipe draws it
TIMING = 159 / 512  # of a symbol: between two grid points of the tables

Shaper = Callable[[np.ndarray, int, float], np.ndarray]


@dataclass(frozen=True)
class LinearSubject:
    """A linear waveform: `make(symbols, count, timing)` is complex64 [count]."""

    recipe: str
    name: str
    variant: str
    definition: Linear
    samples_per_symbol: int
    make: Shaper

    @property
    def rolloff(self) -> float:
        return self.definition.rolloff or 0.0


@dataclass(frozen=True)
class KeyedSubject:
    """A continuous-phase waveform: `make(levels, count, timing)` is complex64 [count]."""

    recipe: str
    name: str
    definition: ContinuousPhase
    samples_per_symbol: int
    make: Shaper


def linear_subjects() -> list[LinearSubject]:
    """Of live with all variants, of radioml24 what live has not, and all of denomae10."""
    found = []
    variants = {"16apsk": tuple(APSK16_RADII), "32apsk": tuple(APSK32_RADII)}
    for name, definitions in modulators.LINEAR.items():
        for number, definition in enumerate(definitions):
            label = f"rate {variants[name][number]}" if name in variants else ""
            found.append(_plain_linear("live", name, label, definition))
    # what cutting the pulse costs at each recipe's smallest rolloff, where it is longest
    for recipe, name, rolloff in (("live", "256qam", 0.15), ("radioml24", "64qam", 0.1)):
        definition = replace(modulators.LINEAR[name][0], rolloff=rolloff)
        found.append(_plain_linear(recipe, name, f"rolloff {rolloff:g}", definition))
    for name, definition in radioml24.WAVEFORMS.items():
        if isinstance(definition, Linear) and name not in modulators.LINEAR:
            found.append(_plain_linear("radioml24", name, "", definition))
    for name, definition in denomae10.WAVEFORMS.items():
        if isinstance(definition, Linear):
            rate = denomae10.SAMPLES_PER_SYMBOL
            make = _linear_of_denomae10(definition)
            found.append(LinearSubject("denomae10", name, "", definition, rate, make))
    return found


def keyed_subjects() -> list[KeyedSubject]:
    """Of live at the edges of the ranges, and all of denomae10."""
    found = []
    for name, ranges in phase.KEYED.items():
        for index in _edges(ranges.index):
            times = _edges((ranges.bandwidth_time,)) if ranges.bandwidth_time else [None]
            for time in times:
                definition = ContinuousPhase(index, time, ranges.levels)
                found.append(KeyedSubject("live", name, definition, 8, _plain_keyed(definition)))
    for name, definition in denomae10.WAVEFORMS.items():
        if isinstance(definition, ContinuousPhase):
            make = _keyed_of_denomae10(definition)
            found.append(KeyedSubject("denomae10", name, definition, 8, make))
    return found


def numbers_for(
    rng: np.random.Generator, order: int, count: int, samples_per_symbol: int
) -> np.ndarray:
    """Equiprobable numbers of the symbols behind `count` samples: uint8; LEAD is at u = 0."""
    needed = symbols_needed(count, samples_per_symbol, 1.0) + samples_per_symbol
    return draw_numbers(rng, order, needed)


def _plain_linear(recipe: str, name: str, variant: str, definition: Linear) -> LinearSubject:
    if definition.pulse == "rectangle":
        definition = replace(definition, rolloff=0.0)
    elif definition.rolloff is None:
        definition = replace(definition, rolloff=ROLLOFF)
    rate = 4

    def make(symbols: np.ndarray, count: int, timing: float) -> np.ndarray:
        return linear.waveform(definition, symbols, count, rate, timing)

    return LinearSubject(recipe, name, variant, definition, rate, make)


def _linear_of_denomae10(definition: Linear) -> Shaper:
    def make(symbols: np.ndarray, count: int, timing: float) -> np.ndarray:
        return denomae10.shaped(definition, symbols, _step(timing))[:count]

    return make


def _plain_keyed(definition: ContinuousPhase) -> Shaper:
    def make(levels: np.ndarray, count: int, timing: float) -> np.ndarray:
        return phase.waveform(definition, levels, count, 8, timing)

    return make


def _keyed_of_denomae10(definition: ContinuousPhase) -> Shaper:
    def make(levels: np.ndarray, count: int, timing: float) -> np.ndarray:
        return denomae10.keyed(definition, levels, _step(timing))[:count]

    return make


def _step(timing: float) -> int:
    return round(timing * denomae10.TIMINGS)


def _edges(intervals: tuple[tuple[float, float], ...]) -> list[float]:
    return sorted({edge for interval in intervals for edge in interval})
