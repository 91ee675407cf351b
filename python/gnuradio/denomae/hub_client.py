# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hub serves: the frames of one sink, with what is to be done with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import numpy as np

from denomae.labels import Place

from .allowance import Allowance

_PATIENCE_S = 5.0  # with a receiver that acknowledges nothing, at the end of a stream
POLL_S = 0.05  # how often an idle hub looks whether a stream has ended


class Task(Protocol):
    """What a block wants done with its frames."""

    @property
    def compute(self) -> Callable[[np.ndarray, list[Place]], Sequence[Any]]:
        """Frames [B, N] and their places to B answers. Tasks whose `compute` is equal, such as one
        method of one engine, have their frames computed in one batch."""

    def places(self, batch: Any) -> list[Place]:
        """Where the frames of what `frame_sink.pop` gave began."""

    def items(self, batch: Any, answers: Sequence[Any], sequence: int, dropped: int) -> list[Any]:
        """What is to be given away for a batch, in its order, counted from `sequence`;
        `dropped`: frames that the sink has dropped so far."""


class Client:
    """One run of one sink at a hub, from its start to the stream's end or to `Hub.leave`.

    At the end of the stream `end` is called once, after the last item was given away. Whatever goes
    wrong is reported by `fail` once; from then on frames are thrown away, so that the radio goes on
    and the flowgraph can end. All are called from the hub's thread.

    Args:
        sink: the frame sink.
        run: the sink's run that is served; frames of an earlier one are not.
        task: what to do with its frames.
        give: takes each item.
        end: the stream is at its end.
        fail: takes the sentence that says what went wrong.
        tick: called several times a second.
        allowance: how many frames may be taken; None: any number.
    """

    def __init__(
        self,
        sink: Any,
        run: int,
        task: Task,
        *,
        give: Callable[[Any], None],
        end: Callable[[], None],
        fail: Callable[[str], None],
        tick: Callable[[], None],
        allowance: Allowance | None = None,
    ) -> None:
        self.sink, self.run, self.task = sink, run, task
        self.end, self.tick = end, tick
        self._allowance = allowance
        self._bell: Any = None
        self.failed = False
        self.ends_at: float | None = None
        self.idle = threading.Event()  # the hub's thread is not at work on us
        self.idle.set()
        self._give, self._fail = give, fail
        self._sequence = 0
        self._stopped = False
        self._giving = threading.Lock()  # between giving, or failing, and stopping

    @property
    def kind(self) -> Hashable:
        """Frames of one kind go into one batch."""
        return self.task.compute, self.sink.frame_length()

    def hear(self, bell: Any) -> None:
        """Have the sink ring this bell, but not for frames that may not be taken anyway."""
        wanted = None if self._allowance is not None and self._allowance.room() < 1 else bell
        if wanted is not self._bell:
            self._bell = wanted
            self.sink.set_bell(wanted)

    def pop(self, most: int) -> Any:
        """At most so many of the frames that wait, and no more than are allowed; may be None."""
        if self._allowance is not None:
            most = int(min(most, self._allowance.room()))
        if most < 1:
            return None
        batch = self.sink.pop(most, 0.0)
        if self._allowance is not None and len(batch):
            self._allowance.sent(len(batch))
        return batch

    def wait_s(self) -> float:
        """How long nothing need be done for it, unless its bell rings."""
        if self._allowance is None or not self.sink.counters().queued:
            return POLL_S
        return min(POLL_S, self._allowance.wait_s())

    def is_forsaken(self) -> bool:
        """Whether its stream has ended, and nobody acknowledges what makes room for the rest."""
        over = self._allowance is not None and self.sink.current_run() > self.run
        return over and self._allowance.stuck_s() > _PATIENCE_S

    def stop(self) -> None:
        """Nothing is given away and no failure reported after this returns."""
        with self._giving:
            self._stopped = True

    def take(self, batch: Any, answers: Sequence[Any]) -> None:
        """Give away what was computed of a batch."""
        with self._giving:
            if self._stopped or self.failed:
                return
            dropped = self.sink.counters().dropped
            for item in self.task.items(batch, answers, self._sequence, dropped):
                self._give(item)
                self._sequence += 1

    def report(self, error: Exception) -> None:
        """Fail, once."""
        with self._giving:
            if not self._stopped and not self.failed:
                self.failed = True
                self._fail(f"{type(error).__name__}: {error}")
