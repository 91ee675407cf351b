# SPDX-License-Identifier: GPL-3.0-or-later
"""Swept carriers: plain linear sweeps, and the shifted sweeps of LoRa.

LoRa: a symbol s of 0 .. 2^SF - 1 is a linear sweep over the bandwidth B that lasts 2^SF / B and
begins s steps above the band's lower edge, folding back at its upper edge (Semtech AN1200.22;
Vangelista, "Frequency Shift Chirp Modulation: The LoRa Modulation", IEEE Signal Processing
Letters 24 (12), 2017). Every symbol begins and ends with phase 0, so the phase is continuous.
"""

from __future__ import annotations

import math

import numpy as np

from denomae_training.signals.interpolated import sample_numbers, turned
from denomae_training.signals.item import Drawn
from denomae_training.signals.modulator import Modulator, log_uniform

SPREADING_FACTORS = (5, 12)
LORA_PREAMBLE = 8  # unshifted sweeps before a packet, then 2 shifted and 2 downward ones
SWEEP_KINDS = ("up", "down", "triangle")


def lora(
    symbols: np.ndarray,
    down: np.ndarray,
    count: int,
    spreading_factor: int,
    bandwidth: float,
    timing: float,
) -> np.ndarray:
    """The waveform of given LoRa symbols: complex64 [count].

    Args:
        symbols: int [K]; number 0 is the one of the first sample.
        down: bool [K]; these sweeps run downwards.
        bandwidth: cycles a sample.
        timing: where in its symbol the first sample lies, 0..1.
    """
    chips = 1 << spreading_factor
    time = sample_numbers(count) * (bandwidth / chips) + timing  # in symbols
    which = time.astype(np.int64)
    time -= which
    start = symbols[which] / chips
    # cycles: the integral of chips * (start - 1/2 + time), less chips behind the fold
    cycles = time * (start - 0.5 + 0.5 * time) - np.maximum(time + start - 1, 0)
    cycles *= np.where(down[which], -chips, chips)
    cycles -= np.rint(cycles)
    return turned(cycles.astype(np.float32) * np.float32(2))


def sweep(kind: str, count: int, period: float, bandwidth: float, timing: float) -> np.ndarray:
    """Linear sweeps over a bandwidth, one after another: complex64 [count].

    Args:
        kind: of SWEEP_KINDS; a triangle runs up in one period and down in the next.
        period: samples a sweep.
        bandwidth: cycles a sample.
        timing: periods from a sweep's start to the first sample, 0..2.
    """
    time = sample_numbers(count) / period + timing
    which = time.astype(np.int64)
    time -= which
    cycles = 0.5 * bandwidth * period * time * (time - 1)
    if kind == "triangle":
        cycles *= 1 - 2 * (which & 1)
    elif kind == "down":
        cycles *= -1
    cycles -= np.rint(cycles)
    return turned(cycles.astype(np.float32) * np.float32(2))


def chirp_modulator(
    bandwidth: tuple[float, float] = (0.05, 0.9),
    lora_share: float = 0.6,
    sweeps_per_frame: tuple[float, float] = (0.25, 16.0),
    least_product: float = 16.0,
) -> Modulator:
    """LoRa packets cut anywhere, and plain sweeps.

    Args:
        bandwidth: cycles a sample, log-uniform.
        lora_share: of the frames; the others are plain.
        sweeps_per_frame: of plain sweeps, log-uniform.
        least_product: of a plain sweep's bandwidth and length; below it a sweep is no sweep.
    """

    def modulate(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
        least, most = SPREADING_FACTORS
        if rng.random() < lora_share:
            # one whole symbol of the smallest spreading factor must fit into the frame
            width = log_uniform(rng, max(bandwidth[0], 2**least / count), bandwidth[1])
            most = min(most, int(math.log2(width * count)))
            factor = int(rng.integers(least, most + 1))
            timing = rng.random()
            symbols, down = _packet(rng, int(width / (1 << factor) * count) + 2, factor)
            wave = lora(symbols, down, count, factor, width, timing)
            drawn = Drawn(spreading_factor=factor, bandwidth=width, timing=timing)
            return wave, drawn
        low, high = sweeps_per_frame
        kind = int(rng.integers(len(SWEEP_KINDS)))
        period = count / log_uniform(rng, low, high)
        width = log_uniform(rng, max(bandwidth[0], least_product / period), bandwidth[1])
        timing = 2 * rng.random()
        drawn = Drawn(sweep=kind, period=period, bandwidth=width, timing=timing)
        return sweep(SWEEP_KINDS[kind], count, period, width, timing), drawn

    return modulate


def _packet(rng: np.random.Generator, number: int, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """Symbols of a packet from a random place on: half of the frames lie wholly in its data."""
    symbols = rng.integers(1 << factor, size=number)
    down = np.zeros(number, dtype=bool)
    if rng.random() < 0.5:
        end = int(rng.integers(-3, LORA_PREAMBLE + 1))  # unshifted sweeps in the frame
        symbols[: max(end, 0)] = 0
        down[max(end + 2, 0) : max(end + 4, 0)] = True
        symbols[down] = 0
    return symbols, down
