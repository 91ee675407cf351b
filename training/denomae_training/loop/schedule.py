# SPDX-License-Identifier: GPL-3.0-or-later
"""How long and how fast to learn, and on what machine."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    The rate rises over the first `warmup_frames`. A `trapezoid` then stays, and falls to zero over
    the last `decay_share` of the steps: before the fall it does not depend on where the end lies,
    so a run may be resumed with another end; what else hangs on the share that is done moves along.
    A `cosine` falls to zero along half a cosine, as in MAE; another end is another curve.
    """

    frames: int = 200_000
    """Frames to see in all."""
    batch_size: int = 64
    """Frames of one step of the optimizer, over all processes."""
    accumulate: int = 1
    """Into how many equal parts a process cuts its rows of a batch: less memory, the same gradient
    to rounding (but for a model that looks at its batch, as batch normalisation does)."""
    learning_rate: float = 1e-3
    shape: Literal["trapezoid", "cosine"] = "trapezoid"
    warmup_frames: int = 10_000
    decay_share: float = 0.25
    """Of a trapezoid."""
    weight_decay: float = 0.05
    """Of matrices; biases, norms and embeddings have none."""
    optimizer: Literal["adamw", "muon"] = "adamw"
    """muon: the matrices of transformer blocks move by their orthogonal momentum (see `muon`), all
    else by AdamW; at the same rate."""
    beta2: float = 0.95
    """AdamW's memory of squared gradients; that of gradients is 0.9."""
    layer_decay: float = 1.0
    """By how much the rate falls from each encoder block to the one below it."""
    clip: float = 1.0
    """The largest norm of the gradient; 0: any."""
    ema: float = 0.0
    """How much an exponential moving average of the weights keeps at each step; it is what is
    validated, and what the checkpoint gets. 0: the weights themselves are."""

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
        if self.shape == "cosine":
            rise = self.warmup_frames / self.batch_size
            done = max(0.0, step - rise) / max(1.0, self.steps - rise)
            return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * done))
        left = (self.steps - step) / max(1.0, self.decay_share * self.steps)
        return self.learning_rate * warm * min(1.0, left)


def spare_cores() -> int:
    """Cores that a process may use beside the one that it trains with, 1 to 8; with `torchrun`, its
    part of them."""
    cores = len(os.sched_getaffinity(0)) // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return max(1, min(cores - 1, 8))


@dataclass(frozen=True)
class Machine:
    """Where and how a run computes.

    On a CPU the result is the same to the bit whatever the workers and however often the run was
    stopped; another device, precision, number of threads or of processes rounds differently.
    """

    device: str = "auto"
    precision: str = "auto"
    """fp32, bf16, or auto: bf16 where the processor multiplies it natively."""
    workers: int = field(default_factory=spare_cores)
    """Processes that synthesize frames, beside each process that trains; 0: that one does it
    itself. As a rule as many as there are cores to spare, up to eight."""
    threads: int = 0
    """CPU threads of torch; 0: as many as there are cores."""
    save_every_s: float = 120.0
    """0: after each step. Else more seldom where saving would take over a twentieth of the time."""
    validate_every_s: float = 300.0
    log_every: int = 20
    """Steps from one line of the log to the next, unless 5 s have passed before."""
    compile: bool = False
    """Compile the model. Two CPU cores pretrain 1.15 times as fast with it, after 80 s of
    compiling: worth it for runs of more than ten minutes."""
    tensorboard: bool = True
    """Write the log for TensorBoard too, where that package is installed."""
