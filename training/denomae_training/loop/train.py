# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop that pretraining and fine-tuning share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import torch
from torch import nn

from denomae.errors import DenomaeError
from denomae_training.feeds.feed import Feed
from denomae_training.feeds.sample import Sample
from denomae_training.loop.average import Average
from denomae_training.loop.distributed import Group, group_of
from denomae_training.loop.faults import (
    NotANumber,
    Stop,
    explain,
    not_a_number,
    out_of_memory,
    too_large,
)
from denomae_training.loop.gradients import Gradients
from denomae_training.loop.log import Interval, Log
from denomae_training.loop.optimizer import optimizer_of, set_rate
from denomae_training.loop.progress import Bar, Clock
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.state import StateError, load_state, save_state
from denomae_training.objectives.objective import Objective


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

    With a moving average of the weights, `after` sees the model with the average inside, and that
    is what the model has at the end.

    Args:
        objective: whose `model` gave the model.
        feed: batches of the schedule's size; of several processes each takes its share.
        after: called with the step now and then and at the end; what it returns is logged. Of
            several processes the first alone calls it.

    Raises:
        DenomaeError: the run cannot go on; the state after the last good step is saved.
        KeyboardInterrupt: it was asked to stop; the state is saved.
    """
    group = group_of(device)
    _check(run.schedule, group)
    training = _Training(model, objective, feed, run, device, precision, group)
    first, last = training.done, run.schedule.steps
    if first > last:
        raise DenomaeError(
            f"{run.folder} has seen {first * run.schedule.batch_size} frames already, more than "
            f"the {run.schedule.frames} wanted; ask for more frames, or choose another folder"
        )
    if first < last:
        training.go_on(after)
    elif after and group.writes:  # nothing was left to do but to say so
        training.measured(after)
    model.eval()
    if training.average is not None:
        model.load_state_dict(training.average.values)


def _check(schedule: Schedule, group: Group) -> None:
    ranks, size, parts = group.share.ranks, schedule.batch_size, schedule.accumulate
    if size % ranks:
        raise DenomaeError(
            f"a batch of {size} does not divide among {ranks} processes; choose a batch size that "
            f"does, such as {math.ceil(size / ranks) * ranks}"
        )
    if parts < 1 or (size // ranks) % parts:
        raise DenomaeError(
            f"{size // ranks} frames a process do not divide into {parts} equal parts; choose "
            "another --schedule.accumulate"
        )


def _pause(machine: Machine, seconds: float) -> float:
    """How long to wait for the next state, in seconds, where saving the last one took so many."""
    return machine.save_every_s and max(machine.save_every_s, 20 * seconds)


class _Training:
    """A run under way.

    Attributes:
        done: steps that are behind it.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        feed: Feed,
        run: Run,
        device: torch.device,
        precision: torch.dtype,
        group: Group,
    ) -> None:
        self.model, self.objective, self.feed, self.run = model, objective, feed, run
        self.device, self.group = device, group
        model.to(device)
        self.optimizer = optimizer_of(model, run.schedule)
        self.average = Average(model, run.schedule.ema) if run.schedule.ema else None
        self.done = load_state(run.folder, model, self.optimizer, self.average)
        self.gradients = Gradients(
            model, objective, run.schedule, run.seed, precision, group, run.machine.compile
        )
        self.saved = self.done
        self.whole = True  # whether all there is to step `done` is behind us
        own = model.state_dict()
        self.buffers = [value for name, value in model.named_buffers() if name in own]
        self.kept = [value.clone() for value in self.buffers]  # a step that fails has changed them

    def go_on(self, after: Callable[[int], dict[str, float]] | None) -> None:
        """To the schedule's end."""
        run, machine, last = self.run, self.run.machine, self.run.schedule.steps
        first, writes = self.done, self.group.writes
        size = run.schedule.batch_size
        log = Log(run.folder, first, machine.tensorboard) if writes else None
        clock, interval = Clock(), Interval(machine.log_every)
        saved = validated = time.monotonic()
        pause = machine.save_every_s
        self.model.train()
        with Stop() as stop, Bar(run.name, last, first, size, writes) as bar:
            try:
                for sample in clock.over(self.feed.samples(first, last)):
                    values, stopping = self._step(sample, stop)
                    interval.add(values)
                    bar.step(self.done)
                    now, ended = time.monotonic(), self.done == last
                    waited = not run.evaluations and now - validated > machine.validate_every_s
                    measure = after and (waited or run.evaluates(self.done) or ended)
                    if writes and (measure or ended or stopping or interval.due):
                        row = self._row(interval, clock)
                        bar.note(row["loss"], row["frames_per_s"], row["waiting"])
                        if measure:
                            row |= self.measured(after)
                            validated = time.monotonic()
                            clock.pause(validated - now)
                        log.write(row)
                    if now - saved > pause or ended or stopping:
                        began = time.monotonic()
                        self._save()
                        saved = time.monotonic()
                        pause = _pause(machine, saved - began)
                    if stopping and not ended:
                        self.group.wait()
                        raise KeyboardInterrupt
            except Exception as error:
                self._fail(error, stop)
            finally:
                if log is not None:
                    log.close()
            bar.closing(clock)

    def measured(self, after: Callable[[int], dict[str, float]]) -> dict[str, float]:
        """What `after` says of the model, with the average inside if there is one."""
        self.whole = False  # a state saved now would leave this out when the run goes on
        self.model.eval()
        with self.average.shown(self.model) if self.average else nullcontext():
            found = after(self.done)
        self.model.train()
        self.whole = True
        return found

    def _step(self, sample: Sample, stop: Stop) -> tuple[dict[str, float], bool]:
        """One step of the optimizer: the loss and its parts, and whether to stop behind it."""
        schedule, step = self.run.schedule, self.done
        set_rate(self.optimizer, schedule.rate(step))
        try:
            values = self.gradients.of(sample, step)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            values = {}
        if not values:  # outside of `except`, which holds on to all the tensors that were too many
            raise self._too_large(self.gradients.fitting(sample, moments=not self.optimizer.state))
        size = nn.utils.clip_grad_norm_(self.model.parameters(), schedule.clip or math.inf)
        told = torch.tensor([float(stop.asked), *values.values()])
        asked, *means = self.group.mean(told).tolist()
        values = dict(zip(values, means, strict=True))
        if not (math.isfinite(values["loss"]) and math.isfinite(size)):
            raise not_a_number(self.feed, step, self.run.seed, values["loss"], float(size))
        self.whole = False
        fresh = not self.optimizer.state  # then the step makes the moments, twice the weights
        if not self._moved():
            if fresh:
                self.optimizer.state.clear()  # those that there was room for
            raise self._too_large(self.gradients.fitting(sample, moments=fresh))
        self.done = step + 1
        if self.average is not None:
            self.average.update(self.model, self.done)
        self.kept = [value.clone() for value in self.buffers]
        self.whole = True
        return values, asked > 0

    def _moved(self) -> bool:
        """The optimizer's step; False where there was no memory for it."""
        try:
            self.optimizer.step()
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            return False
        return True

    def _too_large(self, fits: int | None) -> DenomaeError:
        size = self.run.schedule.batch_size
        return too_large(self.device, size, size // self.group.share.ranks, fits)

    def _row(self, interval: Interval, clock: Clock) -> dict[str, float]:
        size, count = self.run.schedule.batch_size, interval.steps
        seconds, waiting = clock.lap()
        row: dict[str, float] = {"step": self.done, "frames": self.done * size}
        return (
            row
            | interval.take()
            | {
                "rate": self.run.schedule.rate(self.done - 1),
                "frames_per_s": count * size / seconds,
                "waiting": waiting,
            }
        )

    def _save(self) -> None:
        if self.group.writes:
            save_state(self.run.folder, self.done, self.model, self.optimizer, self.average)
        self.saved = self.done

    def _fail(self, error: Exception, stop: Stop) -> NoReturn:
        """Save what can be saved, and say what happened."""
        if self.whole and self.saved != self.done and not isinstance(error, StateError):
            for value, before in zip(self.buffers, self.kept, strict=True):
                value.copy_(before)
            self._save()
        if isinstance(error, NotANumber):  # in all processes, of which the first is saving
            self.group.wait()
        if stop.asked:  # and so were the processes that make frames, perhaps
            raise KeyboardInterrupt from error
        sentence = self._too_large(None) if out_of_memory(error) else explain(error)
        if sentence is None:
            raise error
        raise DenomaeError(str(sentence)) from error
