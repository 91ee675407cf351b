# SPDX-License-Identifier: GPL-3.0-or-later
"""Modulations whose waveform is a sum of shaped symbols: ASK, PAM, PSK, QAM, APSK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from denomae_training.signals.definitions import Linear
from denomae_training.signals.interpolated import (
    pulse_table,
    shaped,
    symbols_needed,
    turned,
)
from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import (
    Modulator,
    draw_numbers,
    draw_samples_per_symbol,
)
from denomae_training.signals.pulses import rectangle, root_raised_cosine

PULSES = {"root_raised_cosine": root_raised_cosine, "rectangle": rectangle}


def waveform(
    definition: Linear,
    symbols: np.ndarray,
    count: int,
    samples_per_symbol: float,
    timing: float,
) -> np.ndarray:
    """The waveform of given symbols: complex64 [count].

    Args:
        definition: with a rolloff.
        symbols: complex64, already turned (`rotated`); symbol j is at u = j - LEAD.
        timing: u of the first sample, in symbols, 0..1; its further ones follow by
            1 / samples_per_symbol.
    """
    pulse, rolloff = PULSES[definition.pulse], definition.rolloff
    late = pulse_table(pulse, rolloff, definition.offset) if definition.offset else None
    table = pulse_table(pulse, rolloff)
    return shaped(symbols, count, samples_per_symbol, timing, table, late)


def rotated(symbols: np.ndarray, rotation: float, turns: int = 0) -> np.ndarray:
    """Symbol k turned by (k + turns) * rotation radians: complex64 [K]."""
    return symbols * _turns(rotation, turns + len(symbols))[turns:]


@lru_cache(maxsize=64)
def _turns(rotation: float, number: int) -> np.ndarray:
    return turned(np.remainder(np.arange(number) * (rotation / np.pi), 2).astype(np.float32))


def differential(steps: np.ndarray) -> np.ndarray:
    """Symbols whose ratio from one to the next is the step: complex64 [K], the product so far.

    Args:
        steps: complex [K] on the unit circle.
    """
    return np.exp(1j * np.cumsum(np.angle(steps))).astype(np.complex64)


def linear_modulator(
    definitions: Linear | Sequence[Linear],
    rolloff: tuple[float, float] = (0.15, 0.5),
    widest: float = 0.5,
) -> Modulator:
    """Equiprobable symbols at a random rate and timing.

    Args:
        definitions: one, or several of which each frame draws one (`Drawn`'s "variant").
        rolloff: of root raised cosines whose definition leaves it open.
        widest: edge of rectangles whose definition leaves it open, in symbols; drawn from 0 up.
    """
    variants = (definitions,) if isinstance(definitions, Linear) else tuple(definitions)

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        variant = int(rng.random() * len(variants)) if len(variants) > 1 else 0
        definition = variants[variant]
        sps = draw_samples_per_symbol(rng, *samples_per_symbol)
        drawn = Drawn(samples_per_symbol=sps, timing=rng.random(), variant=variant)
        if definition.rolloff is None:
            low, high = (0.0, widest) if definition.pulse == "rectangle" else rolloff
            definition = replace(definition, rolloff=round(low + (high - low) * rng.random(), 2))
        drawn["rolloff"] = definition.rolloff
        points = definition.points
        needed = symbols_needed(count, sps, drawn["timing"])
        symbols = points.take(draw_numbers(rng, len(points), needed))
        if definition.rotation:
            drawn["turns"] = int(rng.integers(2))
            symbols = rotated(symbols, definition.rotation, drawn["turns"])
        return waveform(definition, symbols, count, sps, drawn["timing"]), drawn

    return modulate
