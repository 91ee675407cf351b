# SPDX-License-Identifier: GPL-3.0-or-later
"""Chirps and pulse positions: through receivers of their own, against closed forms."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from denomae_training.checks import closed_forms, measures
from denomae_training.checks.effort import Effort
from denomae_training.checks.row import Row
from denomae_training.signals import chirp, ppm
from denomae_training.signals.interpolated import LEAD
from denomae_training.signals.modulator import draw_numbers

BATCH = 2000  # LoRa symbols at once
DEFINITION = "definition"


def chirps(effort: Effort) -> Iterator[Row]:
    """LoRa's symbols by dechirping and a transform; plain sweeps by the slope of frequency."""
    for factor, samples_per_chip in ((5, 4), (7, 2), (8, 1)):
        yield from _lora(factor, samples_per_chip, effort)
    for kind in chirp.SWEEP_KINDS:
        yield from _sweep(kind)


def _lora(factor: int, samples_per_chip: int, effort: Effort) -> Iterator[Row]:
    chips = 1 << factor
    rng = effort.rng("chirp", str(factor))
    sent = rng.integers(chips, size=effort.symbols)
    time = np.arange(chips) / chips
    up = np.exp(2j * np.pi * chips * (0.5 * time**2 - 0.5 * time))
    expected = closed_forms.orthogonal(chips)
    for wanted in effort.error_rates:
        gamma = closed_forms.gamma_for(expected, wanted)
        errors = 0
        for begin in range(0, effort.symbols, BATCH):
            symbols = sent[begin : begin + BATCH]
            count = len(symbols) * chips * samples_per_chip
            down = np.zeros(len(symbols) + 1, dtype=bool)
            wave = chirp.lora(np.append(symbols, 0), down, count, factor, 1 / samples_per_chip, 0.0)
            # one sample a chip: sweeps and their folds then fall on one line of the transform
            wave = wave[::samples_per_chip].reshape(-1, chips)
            noise = measures.white_noise(rng, wave.size, chips / gamma).reshape(wave.shape)
            lines = np.abs(np.fft.fft((wave + noise) * up.conj(), axis=1))
            errors += int(np.count_nonzero(lines.argmax(1) != symbols))
        decibels = 10 * math.log10(gamma)
        detail = (
            f"LoRa, spreading factor {factor}, {samples_per_chip} samples a chip, "
            f"E_s/N_0 {decibels:.2f} dB, {effort.symbols} symbols"
        )
        yield Row("live", "chirp", "symbol-error rate, dechirped", detail, errors / effort.symbols,
                  expected(gamma), "closed form", 0.1, errors=errors,
                  es_n0_db=decibels)  # fmt: skip


def _sweep(kind: str) -> Iterator[Row]:
    period, bandwidth, periods = 800.0, 0.4, 4
    wave = chirp.sweep(kind, int(period) * periods, period, bandwidth, 0.0)
    detail = f"plain, {kind}, {bandwidth:g} cycles a sample in {period:g} samples"
    frequency = np.angle(wave[1:] * wave[:-1].conj()) / (2 * np.pi)
    slopes, lowest, highest = [], [], []
    for number in range(periods):
        part = frequency[number * int(period) : (number + 1) * int(period) - 1]
        slope, start = np.polyfit(np.arange(len(part)) + 0.5, part, 1)
        slopes.append(slope * (-1 if kind == "triangle" and number % 2 else 1))
        edges = sorted((start, start + slope * period))
        lowest.append(edges[0])
        highest.append(edges[1])
    sign = -1 if kind == "down" else 1
    yield Row("live", "chirp", "slope of frequency (bandwidth a period)", detail,
              float(np.mean(slopes)) * period / bandwidth, float(sign), DEFINITION,
              0.001)  # fmt: skip
    width = float(np.mean(highest) - np.mean(lowest))
    yield Row("live", "chirp", "bandwidth (cycles a sample)", detail, width, bandwidth,
              DEFINITION, 0.001)  # fmt: skip
    level = 10 * math.log10(measures.power(wave))
    yield Row("live", "chirp", "power (dB)", detail, level, 0.0, DEFINITION, 0.001,
              "difference")  # fmt: skip


def pulses(effort: Effort) -> Iterator[Row]:
    """Bits by comparing a bit's halves, and the preamble's place and shape."""
    rate = 10  # samples a chip: a bit's half
    rng = effort.rng("ppm")
    bits = draw_numbers(rng, 2, effort.symbols)
    chips = np.zeros(2 * len(bits) + 64, dtype=np.complex64)
    chips[LEAD + 1 : LEAD + 1 + 2 * len(bits)] = ppm.chips_of(bits)[ppm.PREAMBLE_CHIPS :]
    count = 2 * rate * len(bits)
    # the first sample is the first one inside of the chip LEAD + 1, from u = 1/2 on
    clean = ppm.waveform(chips, count, rate, 0.5 + 0.5 / rate, 0.1)
    expected = closed_forms.orthogonal(2)
    # the middle of each half, where no edge is: 8 of its 10 samples, of amplitude 1
    inner = slice(1, rate - 1)
    length = rate - 2
    for wanted in effort.error_rates:
        gamma = closed_forms.gamma_for(expected, wanted)
        noise = measures.white_noise(rng, count, length / gamma)
        halves = np.abs((clean + noise).reshape(-1, 2, rate)[:, :, inner].sum(2))
        errors = int(np.count_nonzero((halves[:, 0] > halves[:, 1]) != bits))
        decibels = 10 * math.log10(gamma)
        detail = f"E_b/N_0 {decibels:.2f} dB, {len(bits)} bits, rise 0.1 of a pulse"
        yield Row("live", "ppm", "bit-error rate, stronger half", detail, errors / len(bits),
                  expected(gamma), "closed form", 0.1, errors=errors,
                  es_n0_db=decibels)  # fmt: skip
    yield from _preamble()


def _preamble() -> Iterator[Row]:
    rate = 20
    message = ppm.chips_of(np.ones(56, dtype=np.uint8))
    chips = np.zeros(len(message) + 64, dtype=np.complex64)
    chips[LEAD + 1 : LEAD + 1 + len(message)] = message
    wave = ppm.waveform(chips, rate * ppm.PREAMBLE_CHIPS, rate, 0.5 + 0.5 / rate, 0.1)
    rising = np.flatnonzero(np.diff((np.abs(np.append(0, wave)) > 0.5).astype(int)) == 1) / rate / 2
    for number, (found, wanted) in enumerate(zip(rising, (0.0, 1.0, 3.5, 4.5), strict=True)):
        yield Row("live", "ppm", "begin of a preamble pulse (us)", f"pulse {number + 1}",
                  float(found), wanted, "ICAO Annex 10, IV, 3.1.2.2", 0.05,
                  "difference")  # fmt: skip
    duration = float(np.count_nonzero(np.abs(wave) > 0.5)) / rate / 2 / 4
    yield Row("live", "ppm", "length of a pulse at half amplitude (us)", "mean of four", duration,
              0.5, "ICAO Annex 10, IV, 3.1.2.2", 0.05, "difference")  # fmt: skip
