# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop that pretraining and fine-tuning share."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae_training.signals.dataset import Batch, batches, split_seed
from denomae_training.signals.recipe import Recipe
from denomae_training.state import load_state, save_state

Loss = Callable[[nn.Module, Batch, torch.Generator, float], tuple[Tensor, Mapping[str, Tensor]]]


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


@dataclass(frozen=True)
class Run:
    """What is trained on, how long, and where it is kept."""

    recipe: Recipe
    split: str
    """Names the seed of the training frames."""
    seed: int
    folder: Path
    """Gets `log.jsonl` and states."""
    schedule: Schedule
    machine: Machine


def train(
    model: nn.Module,
    loss_of: Loss,
    run: Run,
    device: torch.device,
    precision: torch.dtype,
    after: Callable[[int], dict[str, float]] | None = None,
) -> None:
    """Train `model` in place, from the folder's newest state to the schedule's end.

    Args:
        loss_of: (model, batch, mask generator, share of the schedule done) to (loss, parts to log).
        after: called with the step now and then and at the end; what it returns is logged.

    Raises:
        DenomaeError: the folder's state lies beyond the schedule's end, or the loss is no number.
    """
    schedule, machine = run.schedule, run.machine
    model.to(device)
    optimizer = torch.optim.AdamW(
        _groups(model, schedule.weight_decay), lr=schedule.learning_rate, betas=(0.9, 0.95)
    )
    first = load_state(run.folder, model, optimizer)
    if first > schedule.steps:
        raise DenomaeError(
            f"{run.folder} has seen {first * schedule.batch_size} frames already, more than the "
            f"{schedule.frames} wanted; ask for more frames, or choose another folder"
        )
    compute = torch.compile(model) if machine.compile else model
    log = (run.folder / "log.jsonl").open("a", encoding="utf-8", buffering=1)
    saved = validated = time.monotonic()
    model.train()
    with log, _progress() as bar:
        task = bar.add_task(run.split, total=schedule.steps, completed=first, note="")
        source = batches(
            run.recipe,
            split_seed(run.seed, run.split),
            schedule.batch_size,
            first,
            schedule.steps,
            machine.workers,
        )
        for step, batch in enumerate(source, start=first):
            began = time.monotonic()
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(step)
            generator = torch.Generator().manual_seed(split_seed(run.seed, "masks") + step)
            with torch.autocast(device.type, precision, enabled=precision != torch.float32):
                loss, parts = loss_of(compute, batch.to(device), generator, step / schedule.steps)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            size = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            if not torch.isfinite(loss + size):
                raise DenomaeError(
                    f"the loss is {loss.item()} and its gradient {size.item()} at step {step + 1}; "
                    "resume with a lower learning rate in another folder"
                )
            optimizer.step()
            now, done = time.monotonic(), step + 1
            row = {"step": done, "frames": done * schedule.batch_size, "loss": loss.item()}
            row |= {name: part.item() for name, part in parts.items()}
            row |= {
                "rate": schedule.rate(step),
                "frames_per_s": schedule.batch_size / (now - began),
            }
            if after and (now - validated > machine.validate_every_s or done == schedule.steps):
                model.eval()
                row |= after(done)
                model.train()
                validated = time.monotonic()
            log.write(json.dumps(row) + "\n")
            bar.update(task, completed=done, note=f"loss {row['loss']:.4f}")
            if now - saved > machine.save_every_s or done == schedule.steps:
                save_state(run.folder, model, optimizer, done)
                saved = now
        if first == schedule.steps and after:  # nothing was left to do but to say so
            model.eval()
            after(first)
    model.eval()


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay for matrices only, as in MAE."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    return Progress(*columns, console=Console(stderr=True))
