# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop that pretraining and fine-tuning share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae_training.feeds.feed import Feed
from denomae_training.feeds.sample import Sample
from denomae_training.loop.average import Average
from denomae_training.loop.distributed import Group, group_of
from denomae_training.loop.faults import Stop, explain, not_a_number, out_of_memory, too_large
from denomae_training.loop.log import Interval, Log, numbers
from denomae_training.loop.optimizer import optimizer_of, set_rate
from denomae_training.loop.progress import Bar, Clock
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.state import StateError, load_state, save_state
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
        self.device, self.precision, self.group = device, precision, group
        model.to(device)
        self.optimizer = optimizer_of(model, run.schedule)
        self.average = Average(model, run.schedule.ema) if run.schedule.ema else None
        self.done = load_state(run.folder, model, self.optimizer, self.average)
        self.loss = group.wrap(_Loss(objective, model, run.machine.compile))
        self.whole = True  # whether weights, moments and average all are of the step `done`

    def go_on(self, after: Callable[[int], dict[str, float]] | None) -> None:
        """To the schedule's end."""
        run, machine, last = self.run, self.run.machine, self.run.schedule.steps
        first, writes = self.done, self.group.writes
        size = run.schedule.batch_size
        log = Log(run.folder, first, machine.tensorboard) if writes else None
        clock, interval = Clock(), Interval(machine.log_every)
        saved = validated = time.monotonic()
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
                    if now - saved > machine.save_every_s or ended or stopping:
                        self._save()
                        saved = now
                    if stopping and not ended:
                        raise KeyboardInterrupt
            except Exception as error:
                self._fail(error, stop)
            finally:
                if log is not None:
                    log.close()
            bar.closing(clock)

    def measured(self, after: Callable[[int], dict[str, float]]) -> dict[str, float]:
        """What `after` says of the model, with the average inside if there is one."""
        self.model.eval()
        with self.average.shown(self.model) if self.average else nullcontext():
            found = after(self.done)
        self.model.train()
        return found

    def _step(self, sample: Sample, stop: Stop) -> tuple[dict[str, float], bool]:
        """One step of the optimizer: the loss and its parts, and whether to stop behind it."""
        schedule, step = self.run.schedule, self.done
        set_rate(self.optimizer, schedule.rate(step))
        try:
            values = self._gradients(sample, step)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            values = {}
        if not values:  # outside of `except`, which holds on to all the tensors that were too many
            raise self._too_large(self._fitting(sample))
        size = nn.utils.clip_grad_norm_(self.model.parameters(), schedule.clip or math.inf)
        told = torch.tensor([float(stop.asked), *values.values()])
        asked, *means = self.group.mean(told).tolist()
        values = dict(zip(values, means, strict=True))
        if not (math.isfinite(values["loss"]) and math.isfinite(size)):
            raise not_a_number(self.feed, step, self.run.seed, values["loss"], float(size))
        self.whole = False
        self.optimizer.step()
        self.done = step + 1
        if self.average is not None:
            self.average.update(self.model, self.done)
        self.whole = True
        return values, asked > 0

    def _gradients(self, sample: Sample, step: int) -> dict[str, float]:
        """Leave the batch's gradient in the parameters; the loss and its parts."""
        seed, parts, share = self.run.seed, self.run.schedule.accumulate, self.group.share
        self.optimizer.zero_grad(set_to_none=True)
        torch.manual_seed(split_seed(seed, "dropout") + step * share.ranks + share.rank)
        sums: dict[str, float] = {}
        size = len(sample) // parts
        for number in range(parts):
            piece = _rows(sample, number * size, size)
            generator = torch.Generator().manual_seed(split_seed(seed, "masks") + step)
            with self.group.apart(self.loss) if number < parts - 1 else nullcontext():
                with self._autocast():
                    loss, told = self.loss(piece, generator, step / self.run.schedule.steps)
                (loss / parts).backward()
            for name, value in numbers(loss, told).items():
                sums[name] = sums.get(name, 0.0) + value / parts
        return sums

    def _autocast(self) -> torch.autocast:
        enabled = self.precision != torch.float32
        return torch.autocast(self.device.type, self.precision, enabled=enabled)

    def _fitting(self, sample: Sample) -> int | None:
        """How many rows fit at once, by halves; 0: not even one. None: not to be tried, because
        other processes would have to try with this one."""
        if self.group.share.ranks > 1:
            return None
        self.optimizer.zero_grad(set_to_none=True)
        size = len(sample) // self.run.schedule.accumulate // 2
        while size:
            generator = torch.Generator().manual_seed(0)
            try:
                moments = [
                    torch.empty_like(p)
                    for p in (() if self.optimizer.state else self.model.parameters())
                    for _ in range(2)
                ]
                with self._autocast():
                    loss, _ = self.loss(_rows(sample, 0, size), generator, 0.0)
                loss.backward()
                del moments, loss
                return size
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
            finally:
                self.optimizer.zero_grad(set_to_none=True)
            size //= 2
        return 0

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

    def _fail(self, error: Exception, stop: Stop) -> NoReturn:
        """Save what can be saved, and say what happened."""
        sentence = self._too_large(None) if out_of_memory(error) else explain(error)
        if sentence is None:
            raise error
        if self.whole and not isinstance(error, StateError):
            self._save()
        if stop.asked:  # and so were the processes that make frames, perhaps
            raise KeyboardInterrupt from error
        raise DenomaeError(str(sentence)) from error


class _Loss(nn.Module):
    """An objective's loss as a module, which is what several processes share."""

    def __init__(self, objective: Objective, model: nn.Module, compiled: bool) -> None:
        super().__init__()
        self.objective = objective
        self.model = torch.compile(model) if compiled else model

    def forward(
        self, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        loss, parts = self.objective.loss(self.model, sample, generator, share)
        return loss, {name: part.detach() for name, part in parts.items()}


def _rows(sample: Sample, first: int, size: int) -> Sample:
    """Some of a sample's rows, still as rows of its whole batch."""
    part, start = slice(first, first + size), sample.rows.start + first
    return replace(
        sample,
        views={name: values[part] for name, values in sample.views.items()},
        class_index=sample.class_index[part],
        snr_db=sample.snr_db[part],
        rows=slice(start, start + size),
    )
