# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a run goes, how long it waits for data, and the bar that shows it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

T = TypeVar("T")


class Clock:
    """Time since the first batch came, and the part of it that went by waiting for another.

    The first batch is counted apart: processes that make frames have to start.

    Attributes:
        start_up_s: from the beginning to the first batch.
    """

    def __init__(self) -> None:
        self.start_up_s = 0.0
        self._waited = 0.0
        self._began: float | None = None
        self._paused = 0.0
        self._mark = (0.0, 0.0)

    def over(self, samples: Iterable[T]) -> Iterator[T]:
        """The samples, each waited for on this clock."""
        source = iter(samples)
        while True:
            asked = time.monotonic()
            try:
                sample = next(source)
            except StopIteration:
                return
            now = time.monotonic()
            if self._began is None:
                self._began, self.start_up_s = now, now - asked
            else:
                self._waited += now - asked
            yield sample

    def pause(self, seconds: float) -> None:
        """Leave out what did not train, such as a validation."""
        self._paused += seconds

    @property
    def seconds(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began - self._paused

    @property
    def waiting(self) -> float:
        """The share of the time so far, 0..1."""
        return self._waited / max(self.seconds, 1e-9)

    def lap(self) -> tuple[float, float]:
        """Seconds since the last lap, and the share of them that was waited."""
        seconds, waited = self.seconds, self._waited
        before, waited_before = self._mark
        self._mark = (seconds, waited)
        lasted = max(seconds - before, 1e-9)
        return lasted, (waited - waited_before) / lasted


class Bar:
    """The bar on standard error, and the line that stays when it is done."""

    def __init__(self, name: str, steps: int, done: int, batch_size: int, shown: bool) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self.name, self.batch_size, self.first, self.done = name, batch_size, done, done
        self._console = Console(stderr=True)
        self._progress = Progress(*columns, console=self._console, disable=not shown)
        self._shown = shown
        self._task = self._progress.add_task(name, total=steps, completed=done, note="")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, done: int) -> None:
        self.done = done
        self._progress.update(self._task, completed=done)

    def note(self, loss: float, frames_per_s: float, waiting: float) -> None:
        text = f"loss {loss:.4f}, {frames_per_s:.0f} frames/s, {waiting:.0%} waiting for data"
        self._progress.update(self._task, note=text)

    def closing(self, clock: Clock) -> None:
        """One line: what this call did, how fast, and how much of it was waiting."""
        frames = (self.done - self.first) * self.batch_size
        if self._shown and frames:
            self._console.print(
                f"{self.name}: {frames} frames in {clock.seconds:.1f} s, "
                f"{frames / max(clock.seconds, 1e-9):.0f} frames/s, {clock.waiting:.1%} of it "
                f"waiting for data ({clock.start_up_s:.1f} s until the first batch)",
                highlight=False,
                soft_wrap=True,
            )
