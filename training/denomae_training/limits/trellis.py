# SPDX-License-Identifier: GPL-3.0-or-later
"""The likelihood of a modulation with memory: the forward algorithm over its trellis.

In the interval of one symbol the waveform depends on the newest L symbols and on the phase that all
older symbols have left behind. With M levels there are M^L such branches, numbered in base M with
the oldest symbol as the highest digit, and P phases. At the end of an interval its oldest symbol
is complete and turns the phase; the other L - 1 are the next interval's memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trellis:
    """A modulation of constant amplitude 1, over I intervals of at most S samples.

    Attributes:
        branches: complex64 [I, S, M^L]: the waveform from phase 0; 0 where an interval is shorter.
        phases: float [P] in radians.
        steps: int [M], by how many places in `phases` (round and round) a complete symbol turns.
        log_start: float [P, M^(L-1)], of phase and memory before the first interval.
        log_prior: float [I, M], of the symbol that each interval brings.
    """

    branches: np.ndarray
    phases: np.ndarray
    steps: np.ndarray
    log_start: np.ndarray
    log_prior: np.ndarray

    @property
    def energy(self) -> float:
        return float(np.sum(np.abs(self.branches[:, :, 0]) ** 2))


@np.errstate(divide="ignore")  # the logarithm of paths that have died out is minus infinity
def trellis_log_ratio(intervals: np.ndarray, trellis: Trellis, noise_power: float) -> np.ndarray:
    """Log likelihood of frames, less that of noise alone, summed over all symbols: float64 [F].

    Args:
        intervals: the frames complex64 [F, I, S], cut as the trellis's branches are.
        noise_power: of the complex noise in a sample.
    """
    frames, levels = len(intervals), len(trellis.steps)
    phases, memories = trellis.log_start.shape
    turn_back = np.stack([np.cos(trellis.phases), np.sin(trellis.phases)]).astype(np.float32)
    # For each level: the phase that a path had, which that symbol's end has turned to phase p.
    came_from = (np.arange(phases) - trellis.steps[:, None]) % phases
    # [I, F, M^L]; the trellis loop takes its real part turned back by each phase
    likeness = np.matmul(intervals.transpose(1, 0, 2), trellis.branches.conj())
    likeness *= np.float32(2 / noise_power)
    score = np.broadcast_to(trellis.log_start, (frames, phases, memories)).astype(np.float32)
    total = np.full(frames, -trellis.energy / noise_power)
    for number, one in enumerate(likeness):
        metric = one.real[:, None] * turn_back[0][:, None]  # [F, P, M^L]
        metric += one.imag[:, None] * turn_back[1][:, None]
        split = metric.reshape(frames, phases, memories, levels)
        split += score[..., None]
        split += trellis.log_prior[number].astype(np.float32)
        largest = metric.max((1, 2))
        metric -= largest[:, None, None]
        weight = np.exp(metric, out=metric).reshape(frames, phases, levels, memories)
        score = weight[:, came_from[0], 0]
        for level in range(1, levels):
            score += weight[:, came_from[level], level]
        score = np.log(score, out=score)
        total += largest
    highest = score.max((1, 2)).astype(float)
    rest = np.exp(score - highest[:, None, None].astype(np.float32)).sum((1, 2), dtype=float)
    return total + highest + np.log(rest)
