# SPDX-License-Identifier: GPL-3.0-or-later
"""The likelihood classifier of `paper10`, with its power and without.

It knows the SNR, the drift of the phase, and by how much the power of this frame's symbols differs
from their mean. The phase jitter of 1e-4 is left in.
"""

from __future__ import annotations

import numpy as np

from denomae_training.limits.symbols import noise_log_likelihood, symbol_log_ratio
from denomae_training.limits.trellis import Trellis, trellis_log_ratio
from denomae_training.limits.trials import Trials
from denomae_training.signals.recipes.paper10 import (
    GMSK_SAMPLES_PER_SYMBOL,
    GMSK_SPAN,
    Paper10,
    gmsk_filter,
)

RATE, SPAN = GMSK_SAMPLES_PER_SYMBOL, GMSK_SPAN
MEMORY = 2 * SPAN + 1  # symbols that a sample of GMSK depends on
FRAMES_AT_ONCE = 16

KNOWS = "the SNR, the phase, the frame's power relative to its class's mean, and its length"


def paper10_trials(
    recipe: Paper10, seed: int, snr_db: float, frames: int, ignore_length: bool = True
) -> Trials:
    """Frames of each class and their log likelihoods.

    In the limit itself 8,192 samples are gmsk. The view `length ignored`, with `ignore_length`,
    lets every class have frames of either length, and takes most of the time.
    """
    likelihoods = [
        class_log_likelihoods(recipe, index, seed, snr_db, frames, ignore_length)
        for index in range(len(recipe.classes))
    ]
    table = np.concatenate(likelihoods)
    truth = np.repeat(np.arange(len(recipe.classes)), frames)
    is_gmsk = np.array(recipe.classes) == "gmsk"
    possible = is_gmsk[truth][:, None] == is_gmsk
    known = np.where(possible, table, -np.inf)
    return Trials(known, truth, views={"length ignored": table} if ignore_length else {})


def class_log_likelihoods(
    recipe: Paper10,
    index: int,
    seed: int,
    snr_db: float,
    frames: int,
    ignore_length: bool = True,
) -> np.ndarray:
    """Frames of one class under every class: float64 [frames, classes].

    Without `ignore_length` the length alone tells gmsk, whose row and column stand at 0.
    """
    rng = np.random.default_rng([seed, round(100 * snr_db) % 2**32, index])
    items = [recipe.item(rng, index, snr_db) for _ in range(frames)]
    slope = np.array([item.drawn["phase_slope"] for item in items])
    samples = np.stack([item.noisy for item in items])
    samples = samples * np.exp(-1j * slope[:, None] * np.arange(samples.shape[1]))
    name = recipe.classes[index]
    mean = 1.0 if name == "gmsk" else np.mean(np.abs(recipe.points(name)) ** 2)
    relative = np.array([item.drawn["power"] for item in items]) / mean
    found: dict[bytes, np.ndarray] = {}  # so that equal waveforms have equal numbers
    columns = []
    for other in recipe.classes:
        points = np.array([]) if other == "gmsk" else recipe.points(other)
        key = points.tobytes()
        if key not in found:
            if not ignore_length and "gmsk" in (name, other):
                found[key] = np.zeros(frames)
            elif other == "gmsk":
                found[key] = gmsk_log_likelihood(samples, 10 ** (-snr_db / 10))
            else:
                found[key] = _points_log_likelihood(recipe, points, samples, snr_db, relative)
        columns.append(found[key])
    return np.stack(columns, 1)


def _points_log_likelihood(
    recipe: Paper10, points: np.ndarray, samples: np.ndarray, snr_db: float, relative: np.ndarray
) -> np.ndarray:
    energy = np.abs(points) ** 2
    power = np.mean(energy) * np.where(np.ptp(energy) > 1e-9, relative, 1.0)  # [F]
    if recipe.power == "unit":
        points = points / np.sqrt(power)[:, None]
        power = np.ones(len(samples))
    noise_power = power * 10 ** (-snr_db / 10)
    ratio = symbol_log_ratio(samples, points, noise_power)
    return ratio + noise_log_likelihood(samples, noise_power)


def gmsk_log_likelihood(samples: np.ndarray, noise_power: float) -> np.ndarray:
    """Log likelihood of complex [F, 8 B] as B bits of the published GMSK: float64 [F]."""
    trellis = gmsk_trellis(samples.shape[1] // RATE)
    intervals = samples.astype(np.complex64).reshape(len(samples), -1, RATE)
    ratio = [
        trellis_log_ratio(intervals[first : first + FRAMES_AT_ONCE], trellis, noise_power)
        for first in range(0, len(samples), FRAMES_AT_ONCE)
    ]
    return np.concatenate(ratio) + noise_log_likelihood(samples, noise_power)


def gmsk_trellis(bits: int) -> Trellis:
    """The published GMSK as it begins, runs and ends, nothing left out.

    Each sample depends on nine bits, and a bit in the middle leaves two whole turns behind, which
    is none. But the phase is summed from the frame's first sample on, so the first bits lack what
    their pulses had before: that depends on `SPAN` bits, stays for good, and stands for the
    trellis's phase. Bits before and behind the frame are 0.
    """
    # Phase that a bit of 1 has added by sample d, counted from its own first sample.
    pulse = np.convolve(np.ones(RATE), gmsk_filter())
    risen = np.concatenate([[0.0], 0.5 * np.pi * np.cumsum(pulse)])  # [d + SPAN * RATE + 1]
    window = np.arange(2**MEMORY)[:, None] >> np.arange(MEMORY - 1, -1, -1) & 1  # oldest first
    sample = np.arange(RATE)[:, None] + RATE * (MEMORY - 1 - np.arange(MEMORY))
    phase = (risen[sample + 1] @ window.T).astype(float)  # [RATE, 2^MEMORY]
    branches = np.broadcast_to(np.exp(1j * phase).astype(np.complex64), (bits, *phase.shape))
    first = np.arange(2**SPAN)[:, None] >> np.arange(SPAN - 1, -1, -1) & 1  # bits 0 .. SPAN - 1
    missing = risen[RATE * (SPAN - np.arange(SPAN))]
    log_start = np.full((2**SPAN, 2 ** (MEMORY - 1)), -np.inf)
    known = np.arange(2**SPAN)  # the memory: SPAN zeros, then these bits
    log_start[known, known] = -SPAN * np.log(2)
    log_prior = np.full((bits, 2), -np.log(2))
    log_prior[-SPAN:] = [0.0, -np.inf]
    return Trellis(branches, -(first @ missing), np.zeros(2, dtype=int), log_start, log_prior)
