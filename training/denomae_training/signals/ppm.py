# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulse position modulation as of Mode S replies and ADS-B.

ICAO Annex 10, volume IV, 3.1.2.2 (and RTCA DO-260B): pulses of 0.5 us; a preamble of pulses that
begin at 0, 1, 3.5 and 4.5 us; from 8 us on, 56 or 112 bits of 1 us, with the pulse in the first
half for a 1 and in the second half for a 0. Pulses rise in 0.05 to 0.1 us.
"""

from __future__ import annotations

import numpy as np

from denomae_training.signals.interpolated import pulse_table, shaped, symbols_needed
from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import Modulator, draw_numbers, draw_samples_per_symbol
from denomae_training.signals.pulses import rectangle

PREAMBLE_CHIPS = 16  # of 0.5 us each
PREAMBLE_PULSES = (0, 2, 7, 9)
MESSAGE_BITS = (56, 112)
RISE = (0.1, 0.2)  # of a pulse


def chips_of(bits: np.ndarray) -> np.ndarray:
    """A message, preamble first: complex64 [PREAMBLE_CHIPS + 2 * bits], 1 where a pulse is."""
    chips = np.zeros(PREAMBLE_CHIPS + 2 * len(bits), dtype=np.complex64)
    _put(chips, 0, bits, np.complex64(1))
    return chips


def _put(chips: np.ndarray, place: int, bits: np.ndarray, pulse: np.complex64) -> int:
    """Write a message's pulses to where there are zeros; where it ends."""
    for begin in PREAMBLE_PULSES:
        chips[place + begin] = pulse
    data = place + PREAMBLE_CHIPS
    end = data + 2 * len(bits)
    np.multiply(bits, pulse, out=chips[data:end:2])
    np.multiply(1 - bits, pulse, out=chips[data + 1 : end : 2])
    return end


def waveform(
    chips: np.ndarray, count: int, samples_per_chip: float, timing: float, rise: float
) -> np.ndarray:
    """The envelope of given chips: complex64 [count].

    Args:
        chips: complex pulse amplitudes; chip j lasts from u = j - LEAD - 1/2 to u = j - LEAD + 1/2.
        timing: u of the first sample, in chips, 0..1.
        rise: how much of a pulse its edge takes.
    """
    table = pulse_table(rectangle, round(rise, 2))
    return shaped(chips, count, samples_per_chip, timing, table)


def ppm_modulator(longest_gap: float = 20.0, rise: tuple[float, float] = RISE) -> Modulator:
    """Messages one after another with gaps between, each with its own phase.

    Args:
        longest_gap: between two messages, microseconds; so short that every frame holds pulses.
        rise: of the pulses' edges, in pulses.
    """

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        sps = draw_samples_per_symbol(rng, *samples_per_symbol)
        timing = rng.random()
        edge = round(rise[0] + (rise[1] - rise[0]) * rng.random(), 2)
        needed = symbols_needed(count, sps / 2, timing)
        skipped = int(rng.random() * (PREAMBLE_CHIPS + 2 * MESSAGE_BITS[0]))
        end = skipped + needed
        bits = draw_numbers(rng, 2, end)
        chips = np.zeros(end + PREAMBLE_CHIPS + 2 * MESSAGE_BITS[1], np.complex64)
        place = 0
        while place < end:
            phase = np.complex64(np.exp(2j * np.pi * rng.random()))
            message = bits[place // 2 : place // 2 + MESSAGE_BITS[rng.random() < 0.5]]
            place = _put(chips, place, message, phase) + int(2 * longest_gap * rng.random())
        chips = chips[skipped:end]
        wave = waveform(chips, count, sps / 2, timing, edge)
        return wave, Drawn(samples_per_symbol=sps, timing=timing, rise=edge)

    return modulate
