# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten different waveforms under the ten names of the published benchmark.

1,024 samples, 8 a symbol, unit power, random phase and timing, white noise and nothing else. The
timing is a multiple of 1/512 of a symbol, so that a frame is one matrix product with a table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from denomae_training.signals import phase
from denomae_training.signals.constellations import ask, pam, psk, square_qam, unit_power
from denomae_training.signals.definitions import ContinuousPhase, Definition, Linear
from denomae_training.signals.interpolated import LEAD, TAPS, tabulated, turned
from denomae_training.signals.item import Drawn, Item
from denomae_training.signals.linear import PULSES, rotated
from denomae_training.signals.modulator import draw_numbers
from denomae_training.signals.pulses import SPAN
from denomae_training.signals.recipe import Recipe

ROLLOFF = 0.35
WAVEFORMS: dict[str, Definition] = {
    "ook": Linear(unit_power(ask(2)), rolloff=ROLLOFF),
    "4ask": Linear(unit_power(ask(4)), rolloff=ROLLOFF),
    "8ask": Linear(unit_power(ask(8)), rolloff=ROLLOFF),
    "oqpsk": Linear(unit_power(square_qam(4)), rolloff=ROLLOFF, offset=0.5),
    "cpfsk": ContinuousPhase(1.0),
    "gfsk": ContinuousPhase(0.7, bandwidth_time=0.5),
    "4pam": Linear(unit_power(pam(4)), rolloff=ROLLOFF),
    "dqpsk": Linear(unit_power(psk(4)), rolloff=ROLLOFF, rotation=math.pi / 4, differential=True),
    "16pam": Linear(unit_power(pam(16)), rolloff=ROLLOFF),
    "gmsk": ContinuousPhase(0.5, bandwidth_time=0.3),
}
SAMPLES_PER_SYMBOL = 8
TIMINGS = 512  # a symbol
_LEVELS = {(-1, 1): np.array([-1, 1], dtype=np.float32)}


@dataclass(frozen=True)
class Denomae10(Recipe):
    """Every frame has a mean power of 1.

    A frame's Drawn holds `timing` (in symbols, 0..1, of the first sample), `phase` (radians),
    `gain` (by which the waveform of `WAVEFORMS` was multiplied) and, of dqpsk, `turns`.
    """

    def item(self, rng: np.random.Generator, class_index: int, snr_db: float) -> Item:
        definition = WAVEFORMS[self.classes[class_index]]
        count = self.frame_length
        timing = int(TIMINGS * rng.random())
        angle = 2 * math.pi * rng.random()
        drawn = Drawn(timing=timing / TIMINGS, phase=angle)
        blocks = -(-count // SAMPLES_PER_SYMBOL)
        if isinstance(definition, Linear):
            numbers = draw_numbers(rng, len(definition.points), blocks + TAPS)
            symbols = definition.points.take(numbers[1:])
            if definition.rotation:
                drawn["turns"] = int(numbers[0] & 1)
                symbols = rotated(symbols, definition.rotation, drawn["turns"])
            wave = shaped(definition, symbols, timing)[:count]
        else:
            levels = _LEVELS[definition.levels]
            symbols = levels.take(draw_numbers(rng, len(levels), blocks + TAPS - 1))
            wave = keyed(definition, symbols, timing)[:count]
        parts = wave.view(np.float32)
        gain = math.sqrt(count / float(np.dot(parts, parts)))
        drawn["gain"] = gain
        clean = wave * np.complex64(gain * complex(math.cos(angle), math.sin(angle)))
        noise = rng.standard_normal(2 * count, dtype=np.float32)
        noise *= np.float32(math.sqrt(0.5) * 10 ** (-snr_db / 20))
        noise = noise.view(np.complex64)
        return Item(clean + noise, clean, noise, class_index, snr_db, drawn)


def shaped(definition: Linear, symbols: np.ndarray, timing: int) -> np.ndarray:
    """A linear waveform, 8 samples a symbol: complex64 [8 * (K - TAPS + 1)].

    Args:
        symbols: complex64 [K]; number LEAD is at u = 0.
        timing: u of the first sample, in 1 / TIMINGS of a symbol.
    """
    table = _pulse(definition.pulse, definition.rolloff, 0.0)[timing]
    blocks = len(symbols) - TAPS + 1
    windows = np.ndarray((2, blocks, TAPS), np.float32, symbols, 0, (4, 8, 8)).copy()
    wave = np.empty((blocks, SAMPLES_PER_SYMBOL), dtype=np.complex64)
    wave.real = windows[0] @ table
    if definition.offset:
        table = _pulse(definition.pulse, definition.rolloff, definition.offset)[timing]
    wave.imag = windows[1] @ table
    return wave.reshape(-1)


def keyed(definition: ContinuousPhase, levels: np.ndarray, timing: int) -> np.ndarray:
    """A continuous-phase waveform, 8 samples a symbol: complex64 [8 * (K - TAPS + 1)].

    Args:
        levels: float32 [K]; number LEAD is at u = 0. The phase counts from number 0 on.
        timing: u of the first sample, in 1 / TIMINGS of a symbol.
    """
    table = _phase(definition)[timing]  # in half turns
    blocks = len(levels) - TAPS + 1
    windows = np.ndarray((blocks, TAPS), np.float32, levels, 0, (4, 4)).copy()
    half_turns = windows @ table
    past = np.add.accumulate(levels[: blocks - 1])
    past *= np.float32(definition.index)
    half_turns[1:] += past[:, None]
    return turned(half_turns.reshape(-1))


def _times() -> np.ndarray:
    """[TIMINGS, TAPS, 8]: from the symbol m of a window to the sample j of its block."""
    start = np.arange(TIMINGS)[:, None, None] / TIMINGS
    symbol = np.arange(TAPS)[None, :, None] - LEAD
    return start + np.arange(SAMPLES_PER_SYMBOL) / SAMPLES_PER_SYMBOL - symbol


@lru_cache(maxsize=8)
def _pulse(pulse: str, rolloff: float, late: float) -> np.ndarray:
    time = _times() - late
    return tabulated(PULSES[pulse](time, rolloff) * (np.abs(time) < SPAN))


@lru_cache(maxsize=8)
def _phase(definition: ContinuousPhase) -> np.ndarray:
    return tabulated(definition.index * phase.pulse(definition, _times()))


DENOMAE10 = Denomae10(
    name="denomae10",
    classes=tuple(WAVEFORMS),
    frame_length=1024,
    samples_per_symbol=(SAMPLES_PER_SYMBOL, SAMPLES_PER_SYMBOL),
    snr_db=(-20.0, 20.0),
)
