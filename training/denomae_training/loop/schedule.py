# SPDX-License-Identifier: GPL-3.0-or-later
"""How long and how fast to learn, and on what machine."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    The rate rises over the first `warmup_frames`, stays, and falls to zero over the last
    `decay_share` of the steps. Before the fall it does not depend on where the end lies, so a run
    may be resumed with another end; what else hangs on the share that is done moves along.
    """

    frames: int = 200_000
    """Frames to see in all."""
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup_frames: int = 10_000
    decay_share: float = 0.25

    @property
    def steps(self) -> int:
        return max(1, math.ceil(self.frames / self.batch_size))

    @property
    def frames_seen(self) -> int:
        """Frames in whole batches."""
        return self.steps * self.batch_size

    def rate(self, step: int) -> float:
        """The learning rate of step `step`, counted from 0."""
        warm = min(1.0, (step + 1) * self.batch_size / max(self.warmup_frames, 1))
        left = (self.steps - step) / max(1.0, self.decay_share * self.steps)
        return self.learning_rate * warm * min(1.0, left)


@dataclass(frozen=True)
class Machine:
    """Where and how a run computes.

    On a CPU the result is the same to the bit whatever the workers and however often the run was
    stopped; another device, precision or number of threads rounds differently.
    """

    device: str = "auto"
    precision: str = "auto"
    """fp32, bf16, or auto: bf16 where the processor multiplies it natively."""
    workers: int = 1
    """Processes that synthesize frames."""
    threads: int = 0
    """CPU threads of torch; 0: as many as there are cores."""
    save_every_s: float = 120.0
    validate_every_s: float = 300.0
    compile: bool = False
