# SPDX-License-Identifier: GPL-3.0-or-later
"""The thread that takes frames from the sampler, has them labelled and gives the labels away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from denomae.labels import Label

from .labeller import Labeller
from .pacing import BatchPacer
from .system_port import GRACE_S

_POLL_S = 0.05  # how often an idle worker looks whether the stream has ended
_START_POLL_S = 0.002


class Worker:
    """Works through one run of a flowgraph, from its start to its end or to `stop`.

    At the end of the stream it calls `end` once, after the last label was given away. Whatever goes
    wrong while labelling is reported by `fail` once; from then on frames are thrown away, so that
    the radio goes on and the flowgraph can end.

    Args:
        sampler: the frame sampler.
        run: the sampler's run that this worker belongs to.
        labeller: turns frames into labels.
        give: takes each label; called from this worker's thread.
        end: the stream is at its end.
        fail: takes the sentence that says what went wrong.
        tick: called several times a second.
        earlier: a worker of a run before, which may still be busy with its last batch or be waiting
            for one that is.
    """

    def __init__(
        self,
        sampler: Any,
        run: int,
        labeller: Labeller,
        *,
        give: Callable[[Label], None],
        end: Callable[[], None],
        fail: Callable[[str], None],
        tick: Callable[[], None],
        earlier: Worker | None,
    ) -> None:
        self._sampler, self._run, self._labeller = sampler, run, labeller
        self._give, self._end, self._fail, self._tick = give, end, fail, tick
        self._earlier = earlier
        self._pacer = BatchPacer(labeller.engine.max_batch)
        self._sequence = 0
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._giving = threading.Lock()  # between giving a label, or failing, and stopping

    def start(self) -> None:
        threading.Thread(target=self._work, name="denomae-worker", daemon=True).start()

    def stop(self, within_s: float) -> Worker | None:
        """Abandon what waits; the worker that is still busy after `within_s`, this or an earlier.

        No label is given away after this returns, and no failure is reported, also when the model
        ends later.
        """
        self._stopping.set()
        # not join(): on a thread of GNU Radio's it leaves an entry in Python's table of threads
        self._ended.wait(within_s)
        with self._giving:
            return self._last_unfinished()

    def _last_unfinished(self) -> Worker | None:
        worker: Worker | None = self
        while worker is not None and worker._ended.is_set():
            worker = worker._earlier
        return worker

    def _work(self) -> None:
        try:
            self._await_begin()
            try:
                self._label_until_the_end()
            except Exception as error:  # of any kind: the radio must not stand still for it
                with self._giving:
                    if not self._stopping.is_set():  # or it would be the next run's failure
                        self._fail(f"{type(error).__name__}: {error}")
                self._discard_until_the_end()
            if not self._stopping.wait(GRACE_S):
                self._end()
        finally:
            self._ended.set()

    def _await_begin(self) -> None:
        # the engine serves one thread at a time; a worker that was stopped while it waited here has
        # ended before the one it waited for
        while self._earlier is not None and not self._stopping.is_set():
            if self._earlier._ended.wait(_POLL_S):
                self._earlier = self._earlier._last_unfinished()
        # blocks start in any order; until the sampler has, frames of the run before may lie in it
        while self._sampler.run() < self._run and not self._stopping.wait(_START_POLL_S):
            pass

    def _label_until_the_end(self) -> None:
        while not self._stopping.is_set():
            batch = self._sampler.pop(self._pacer.size, _POLL_S)
            if len(batch.frames):
                self._label(batch)
            elif self._sampler.finished(self._run):
                return
            self._tick()

    def _label(self, batch: Any) -> None:
        began = time.monotonic()
        dropped = self._sampler.counters().dropped
        labels = self._labeller.labels(batch, self._sequence, dropped)
        self._pacer.took(len(labels), time.monotonic() - began)
        with self._giving:
            if self._stopping.is_set():
                return
            for label in labels:
                self._give(label)
        self._sequence += len(labels)

    def _discard_until_the_end(self) -> None:
        while not (self._stopping.wait(_POLL_S / 5) or self._sampler.finished(self._run)):
            self._sampler.discard()
            self._tick()
