# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop that pretraining and fine-tuning share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn

from denomae.errors import DenomaeError
from denomae_training.feeds.feed import Feed
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.state import load_state, save_state
from denomae_training.objectives.objective import Objective
from denomae_training.signals.dataset import split_seed


@dataclass(frozen=True)
class Run:
    """What one call of `train` is given besides the model.

    Attributes:
        name: shown beside the progress bar.
        seed: of the masks.
        folder: gets `log.jsonl` and states.
        evaluations: `after` is called at the end of each of so many equal parts of the schedule,
            the same whenever it is run; 0: now and then by the clock, and at the end.
    """

    name: str
    seed: int
    folder: Path
    schedule: Schedule
    machine: Machine
    evaluations: int = 0

    def evaluates(self, done: int) -> bool:
        """Whether a part of the schedule ends with the step that was `done` as the last one."""
        steps, parts = self.schedule.steps, self.evaluations
        return done * parts // steps > (done - 1) * parts // steps


def train(
    model: nn.Module,
    objective: Objective,
    feed: Feed,
    run: Run,
    device: torch.device,
    precision: torch.dtype,
    after: Callable[[int], dict[str, float]] | None = None,
) -> None:
    """Train `model` in place, from the folder's newest state to the schedule's end.

    Args:
        objective: whose `model` gave the model.
        feed: batches of the schedule's size.
        after: called with the step now and then and at the end, before the state is saved; what
            it returns is logged.

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
        task = bar.add_task(run.name, total=schedule.steps, completed=first, note="")
        for step, sample in enumerate(feed.samples(first, schedule.steps), start=first):
            began = time.monotonic()
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(step)
            generator = torch.Generator().manual_seed(split_seed(run.seed, "masks") + step)
            with torch.autocast(device.type, precision, enabled=precision != torch.float32):
                loss, parts = objective.loss(compute, sample, generator, step / schedule.steps)
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
            waited = not run.evaluations and now - validated > machine.validate_every_s
            if after and (waited or run.evaluates(done) or done == schedule.steps):
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
