# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides which samples are recorded: it hears labels, on a thread of its own."""

from __future__ import annotations

import atexit
import re
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from denomae.errors import DenomaeError

from .denomae_python import doorbell
from .pdu import label_of
from .record_trigger import Trigger
from .recordings import FOREVER, Recordings, Shelf
from .timeline import Timeline

NOMINAL_RATE_HZ = 1e6  # where nobody says the rate, for what is given in seconds
MOST_SAMPLES = 2**31  # in the memory: 16 GiB
_TICK_S = 0.05
_MOST_MESSAGES = 65536
_MOST_KINDS = 16
_STOP_GATHER_S = 0.2  # for the other blocks of a flowgraph that is stopped
_STOP_WRITE_S = 0.5
_STUCK_S = 10.0  # a disk that takes nothing for so long at the end of a stream is given up


@dataclass(frozen=True)
class Plan:
    """What the user wants now."""

    shelf: Shelf
    trigger: Trigger
    pre_trigger_s: float
    post_trigger_s: float
    buffer_s: float
    record: bool

    @property
    def always(self) -> bool:
        """Whether everything is recorded."""
        return self.record and self.trigger.kind == "always"


class Recorder:
    """Asks a stretch sink for the samples that labels are reason to record.

    Args:
        sink: the stretch sink, in the same flowgraph.
        plan: may be replaced at any time, as attribute `plan`.
        timeline: of the stream.
        warn: takes a sentence for the log.
    """

    def __init__(
        self, sink: Any, plan: Plan, timeline: Timeline, warn: Callable[[str], None]
    ) -> None:
        self.plan = plan
        self._sink, self._timeline, self._warn = sink, timeline, warn
        self._bell = doorbell()
        sink.set_bell(self._bell)
        self._recordings = Recordings(sink, timeline, warn)
        self._messages: deque[Any] = deque()
        self._said: deque[tuple[Callable[[int, float | None], None], int, float | None]] = deque()
        self._labels_open = False
        self._kinds: set[str] = set()
        self._refused = self._missed = self._received = 0
        self._ended: threading.Event | None = None  # of the thread, where there is one

    def counters(self) -> dict[str, int]:
        """What `sigmf_recorder.counters` documents."""
        counters = self._recordings.counters()
        return {**counters, "refused": self._refused, "missed": self._missed}

    def say_rate(self, rate_hz: float | None) -> None:
        """The user says what the rate is from here on; None: what tags say."""
        self._sink.set_rate_boundaries(rate_hz is None)
        self._said.append((self._timeline.say_rate, self._sink.set_boundary(), rate_hz))

    def say_frequency(self, frequency_hz: float | None) -> None:
        """The user says what the centre frequency is from here on; None: what tags say."""
        self._said.append((self._timeline.say_frequency, self._sink.head(), frequency_hz))

    def begin(self, end: Callable[[], None]) -> None:
        """A new run of the flowgraph; `end` is called once all is on disk after its stream."""
        self._messages.clear()
        self._stopping = self._begun = False
        self._run = self._sink.current_run()
        self._ended = threading.Event()
        work = threading.Thread(
            target=self._work, args=[self._ended, end], name="denomae-recorder", daemon=True
        )
        _running.add(self)
        work.start()

    def stop(self) -> None:
        """Closes all files, within about a second where the flowgraph was stopped."""
        _running.discard(self)
        ended, self._ended = self._ended, None
        self._stopping = True
        self._bell.ring()
        if ended is not None:
            ended.wait()  # a join would leave an entry for GNU Radio's thread, which calls this
            self._sink.halt()

    def open_labels(self) -> None:
        """Somebody is going to give labels: the run does not end before `close_labels`."""
        self._labels_open = True

    def close_labels(self) -> None:
        """All labels have been given."""
        self._labels_open = False
        self._bell.ring()

    def give(self, message: Any) -> None:
        """Takes a message that should be a label's; never waits."""
        if len(self._messages) < _MOST_MESSAGES:
            self._messages.append(message)
        else:
            self._missed += 1

    def _work(self, ended: threading.Event, end: Callable[[], None]) -> None:
        try:
            while not self._stopping and not self._at_end():
                rings = self._bell.rings()
                self._tick()
                if not self._stopping and not self._at_end():
                    self._bell.wait(rings, _TICK_S)
            self._finish()
        except Exception as error:  # the flowgraph must still end
            self._warn(f"nothing more is recorded: {type(error).__name__}: {error}")
            self._sink.halt()
            self._recordings.close_all()
        end()
        ended.set()  # last: what `end` posts must not reach the next run

    def _at_end(self) -> bool:
        return self._sink.ended(self._run) and not self._labels_open

    def _tick(self) -> None:
        sink, plan = self._sink, self.plan
        if not self._begun:
            if sink.run() < self._run or sink.head() == sink.first():
                return
            self._begun = True
            self._timeline.begin(sink.first())
            self._recordings.begin(sink.first())
            self._said.clear()
            self._always_from: int | None = sink.first()
            self._was_always = False
        self._timeline.take(sink.take_events())
        while self._said:
            say, offset, value = self._said.popleft()
            say(offset, value)
        rate = self._timeline.at(sink.head()).rate_hz or NOMINAL_RATE_HZ
        capacity = min(max(1, round(rate * plan.buffer_s)), MOST_SAMPLES)
        sink.set_capacity(capacity)
        self._take_labels(plan, rate, capacity)
        if not plan.record or (self._was_always and not plan.always):
            self._recordings.end(sink.head())
        self._was_always = plan.always
        if not plan.always:
            self._always_from = None
        elif not self._recordings.is_recording:
            start = sink.head() if self._always_from is None else self._always_from
            self._always_from = None
            self._recordings.want(start, FOREVER, plan.shelf)
        self._recordings.step(plan.shelf, round(plan.pre_trigger_s * rate), capacity // 2)
        self._timeline.forget(min(self._recordings.first_needed, sink.oldest()))

    def _take_labels(self, plan: Plan, rate_hz: float, capacity: int) -> None:
        before, behind = (round(s * rate_hz) for s in (plan.pre_trigger_s, plan.post_trigger_s))
        for _ in range(len(self._messages)):
            message = self._messages.popleft()
            try:
                label = label_of(message)
            except DenomaeError as error:
                self._refuse(str(error))
                continue
            start, stop = label.sample_offset, label.sample_offset + label.sample_count
            if start > self._sink.head() + capacity:  # of another stream
                self._missed += 1
                continue
            if not self._recordings.hear(label):
                self._missed += 1
            elif plan.record and plan.trigger.wants(label):
                self._recordings.want(max(0, start - before), stop + behind, plan.shelf)

    def _refuse(self, sentence: str) -> None:
        self._refused += 1
        kind = re.sub(r"'[^']*'|\d+", "", sentence)[:60]
        if kind not in self._kinds and len(self._kinds) < _MOST_KINDS:
            self._kinds.add(kind)
            self._warn(f"ignored, and so are others like it: {sentence}")

    def _finish(self) -> None:
        """Closes all files; nobody waits for a radio at the end of a stream, but at a stop."""
        stopped = self._stopping and not self._at_end()
        gathered_by = time.monotonic() + _STOP_GATHER_S
        self._wait(lambda: self._at_end() or time.monotonic() >= gathered_by)
        self._tick()
        if not self._begun:
            return
        recordings, sink = self._recordings, self._sink
        recordings.end(sink.head())
        progress = recordings.counters()["recorded_samples"]
        give_up_at = time.monotonic() + (_STOP_WRITE_S if stopped else _STUCK_S)
        while unfinished := recordings.unfinished():
            rings = self._bell.rings()
            recordings.step(self.plan.shelf, 0, 0)
            if not recordings.unfinished():
                break
            now = time.monotonic()
            recorded = recordings.counters()["recorded_samples"]
            if recorded > progress and not stopped:
                progress, give_up_at = recorded, now + _STUCK_S
            if now >= give_up_at:
                for number in unfinished:
                    sink.abandon(number)
            self._bell.wait(rings, _TICK_S)
        recordings.forget_all()

    def _wait(self, happened: Callable[[], bool]) -> None:
        while True:
            rings = self._bell.rings()
            if happened():
                return
            self._bell.wait(rings, _TICK_S)


_running: weakref.WeakSet[Recorder] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A program that ends in the middle of a run closes its files too; and a thread that came back
    from C++ to no interpreter would abort."""
    for recorder in list(_running):
        recorder.stop()
