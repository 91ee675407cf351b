# SPDX-License-Identifier: GPL-3.0-or-later
"""Waveforms that no class contains, to see whether a model says that it does not know them.

Nothing that trains or calibrates may use them. Why none is a member of a class:

- `mfsk16` has 16 tones; 2fsk has two and 4fsk four.
- `hopping` jumps among 24 to 64 channels, in a frame dozens of times, each time with a new phase:
  keyed frequency here has two or four levels and a continuous phase.
- `sc-fdma` precodes its carriers by a Fourier transform (3GPP TS 36.211, 5.3.3), so that their
  values are no constellation, as those of ofdm are; and it has cyclic prefixes, as no linear
  modulation has.
- `barker` sends one fixed word of 13 chips again and again with silence between; ook and ppm have
  random bits and no changes of phase within a pulse.
- `zadoff-chu` repeats one sequence of polyphase chips (3GPP TS 36.211, 5.5.1). Roots that would
  sweep steadily, as chirps do, are left out.
- `impulses` are short and rare; noise is Gaussian at every sample.
- `two-equal` is two linear modulations of one strength in one band; the neighbours of training are
  weaker or stand beside.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from denomae_training.data.source import generator
from denomae_training.signals import ppm
from denomae_training.signals.channel.filtering import filtered
from denomae_training.signals.channel.oscillator import carrier
from denomae_training.signals.constellations import psk
from denomae_training.signals.definitions import ContinuousPhase
from denomae_training.signals.front_end import TAPS, low_pass
from denomae_training.signals.interpolated import (
    pulse_table,
    sample_numbers,
    shaped,
    symbols_needed,
    turned,
)
from denomae_training.signals.item import Drawn
from denomae_training.signals.linear import linear_modulator
from denomae_training.signals.modulator import Modulator, draw_numbers, log_uniform
from denomae_training.signals.modulators import LINEAR
from denomae_training.signals.noise import white_noise
from denomae_training.signals.ofdm import waveform as carriers_waveform
from denomae_training.signals.phase import USABLE_BAND
from denomae_training.signals.phase import waveform as keyed_waveform
from denomae_training.signals.pulses import root_raised_cosine

BARKER_13 = np.array([1, 1, 1, 1, 1, -1, -1, 1, 1, -1, 1, -1, 1], np.complex64)
MFSK_LEVELS = tuple(range(-15, 16, 2))
PRIMES = (31, 61, 127, 139)
STEADY = 0.15  # cycles a chip: a root that changes the frequency by less sweeps like a chirp
OFFSET = 0.02  # largest, of the carrier, cycles a sample
FILTERED_SHARE, CUTOFF = 0.5, (0.36, 0.49)  # of the frames, behind a filter as receivers have


def mfsk16(rng: np.random.Generator, count: int, _: tuple[float, float]):
    """Sixteen orthogonal tones of continuous phase."""
    least = (1 + MFSK_LEVELS[-1]) / USABLE_BAND
    sps = log_uniform(rng, least, 3 * least)
    timing = rng.random()
    numbers = draw_numbers(rng, 16, symbols_needed(count, sps, timing))
    levels = np.asarray(MFSK_LEVELS, np.float32).take(numbers)
    definition = ContinuousPhase(1.0, None, MFSK_LEVELS)
    wave = keyed_waveform(definition, levels, count, sps, timing)
    return wave, Drawn(samples_per_symbol=sps, timing=timing)


def hopping(rng: np.random.Generator, count: int, _: tuple[float, float]):
    """A carrier that hops every 12 to 48 samples."""
    dwell = log_uniform(rng, 12.0, 48.0)
    channels = int(rng.integers(24, 65))
    timing = rng.random()
    which = (sample_numbers(count) / dwell + timing).astype(np.int64)
    number = rng.integers(channels, size=which[-1] + 1)
    place = ((number + 0.5) / channels - 0.5) * 0.9  # cycles a sample
    phase = rng.random(which[-1] + 1)
    cycles = sample_numbers(count) * place[which] + phase[which]
    wave = turned((2 * (cycles - np.rint(cycles))).astype(np.float32))
    return wave, Drawn(dwell=dwell, channels=channels, timing=timing)


def sc_fdma(rng: np.random.Generator, count: int, _: tuple[float, float]):
    """QPSK, precoded onto neighbouring carriers; 12 to 72 of them, as resource blocks."""
    active = 12 * int(rng.integers(1, 7))
    useful = math.ceil(active / log_uniform(rng, 0.25, 0.85))
    prefix, timing = 144 / 2048, rng.random()
    symbols = int(count / (useful * (1 + prefix)) + timing) + 1
    values = precoded(rng, symbols, active)
    numbers = np.arange(active) - active // 2
    wave = carriers_waveform(values, numbers, count, useful, prefix, timing)
    return wave, Drawn(active=active, useful_samples=useful, timing=timing)


def precoded(rng: np.random.Generator, symbols: int, active: int) -> np.ndarray:
    """Values of carriers whose sum is QPSK in time, of unit power: complex128 [symbols, active]."""
    points = psk(4).take(draw_numbers(rng, 4, symbols * active)).reshape(symbols, active)
    return np.fft.fft(points, axis=1, norm="ortho")


def barker(rng: np.random.Generator, count: int, _: tuple[float, float]):
    """Coherent radar pulses of Barker's word of 13 chips, two or more in a frame of 1,024."""
    samples_per_chip = log_uniform(rng, 2.0, 6.0)
    interval = int(rng.integers(2 * 13, max(27, int(400 / samples_per_chip))))  # chips
    timing, rise = rng.random(), 0.1
    needed = symbols_needed(count, samples_per_chip, timing)
    chips = np.zeros(needed + interval, np.complex64)
    for begin in range(0, len(chips) - 13, interval):
        chips[begin : begin + 13] = BARKER_13
    skipped = int(rng.integers(interval))
    chips = chips[skipped : skipped + needed]
    wave = ppm.waveform(chips, count, samples_per_chip, timing, rise)
    drawn = Drawn(samples_per_symbol=samples_per_chip, interval=interval, skipped=skipped)
    return wave, drawn


def zadoff_chu(rng: np.random.Generator, count: int, _: tuple[float, float]):
    """A sequence of a prime length, again and again."""
    length = PRIMES[int(rng.integers(len(PRIMES)))]
    roots = lively_roots(length)
    root = roots[int(rng.integers(len(roots)))]
    samples_per_chip = log_uniform(rng, 2.0, 6.0)
    timing = rng.random()
    needed = symbols_needed(count, samples_per_chip, timing)
    place = int(rng.integers(length)) + np.arange(needed)
    chips = sequence(root, length).take(place % length).astype(np.complex64)
    rolloff = round(0.15 + 0.35 * rng.random(), 2)
    table = pulse_table(root_raised_cosine, rolloff)
    wave = shaped(chips, count, samples_per_chip, timing, table)
    drawn = Drawn(samples_per_symbol=samples_per_chip, length=length, root=root, rolloff=rolloff)
    return wave, drawn


def sequence(root: int, length: int) -> np.ndarray:
    """The Zadoff-Chu sequence of an odd length: complex128 [length] of amplitude 1.

    Source: Chu, IEEE Transactions on Information Theory 18 (4), 1972.
    """
    number = np.arange(length)
    return np.exp(-1j * np.pi * (root * number * (number + 1) % (2 * length)) / length)


@lru_cache(maxsize=len(PRIMES))
def lively_roots(length: int) -> tuple[int, ...]:
    """Roots whose frequency moves by `STEADY` or more from chip to chip, of a half turn at most."""
    roots = range(1, length)
    return tuple(r for r in roots if STEADY <= min(r, length - r) / length <= 0.5 - STEADY / 2)


def impulses(rng: np.random.Generator, count: int, _: tuple[float, float]):
    """Bernoulli-Gaussian impulses, each ringing through a short filter (as of engines and mains).

    Source: Ghosh, IEEE Transactions on Communications 44 (2), 1996.
    """
    share = log_uniform(rng, 0.005, 0.03)
    ring = np.exp(-np.arange(12) / log_uniform(rng, 0.5, 3.0)).astype(np.complex64)
    ring *= np.exp(2j * np.pi * 0.2 * (2 * rng.random() - 1) * np.arange(12)).astype(np.complex64)
    length = count + len(ring) - 1
    struck = rng.random(length) < share
    struck[rng.integers(length // 4, length // 2)] = True  # one at least
    heights = white_noise(rng, length) * struck.astype(np.float32)
    return filtered(heights, ring), Drawn(share=share)


_LINEAR = {name: linear_modulator(LINEAR[name]) for name in ("bpsk", "qpsk", "8psk", "16qam")}


def parts(
    rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]
) -> list[np.ndarray]:
    """Two linear modulations of rates and carriers of their own, each of unit power."""
    found = []
    for _ in range(2):
        modulate = list(_LINEAR.values())[int(rng.integers(len(_LINEAR)))]
        wave, _ = modulate(rng, count, samples_per_symbol)
        wave = wave * carrier(count, 2 * math.pi * rng.random(), 0.01 * (2 * rng.random() - 1))
        found.append(wave / np.float32(np.sqrt(np.mean(np.abs(wave) ** 2))))
    return found


def two_equal(rng: np.random.Generator, count: int, samples_per_symbol: tuple[float, float]):
    """Two signals in one band, equally strong."""
    low, high = max(samples_per_symbol[0], 3.0), min(samples_per_symbol[1], 12.0)
    return sum(parts(rng, count, (low, high))), Drawn()


KINDS: dict[str, Modulator] = {
    "mfsk16": mfsk16,
    "hopping": hopping,
    "sc-fdma": sc_fdma,
    "barker": barker,
    "zadoff-chu": zadoff_chu,
    "impulses": impulses,
    "two-equal": two_equal,
}


def unknown_frame(kind: str, seed: int, index: int, snr_db: tuple[float, float], count: int):
    """Frame `index` of a kind, behind carrier offset, receiver's filter and noise.

    Args:
        snr_db: from, to; drawn uniformly.
        count: samples.

    Returns:
        complex64 [count] and its SNR in dB.
    """
    rng = generator(seed, f"unknown {kind}", index)
    wave, _ = KINDS[kind](rng, count + TAPS - 1, (2.0, 16.0))
    offset, phase = OFFSET * (2 * rng.random() - 1), 2 * math.pi * rng.random()
    wave = wave.astype(np.complex64) * carrier(len(wave), phase, offset)
    if rng.random() < FILTERED_SHARE:
        low, high = CUTOFF
        wave = filtered(wave, low_pass(round(low + (high - low) * rng.random(), 3)))
    wave = wave[:count]
    level_db = snr_db[0] + (snr_db[1] - snr_db[0]) * rng.random()
    power = float(np.mean(np.abs(wave) ** 2)) or 1.0
    noise = white_noise(rng, count, power * 10 ** (-level_db / 10))
    return wave + noise, level_db
