# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a recorder: opened, prolonged, rotated and closed, on one thread."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from denomae.errors import DenomaeError
from denomae.labels import Label
from denomae.rfc3339 import NANOSECONDS, parse_rfc3339

from .places import host_time
from .recording import Recording
from .timeline import Timeline

FOREVER = 2**63 - 1  # a sample that never comes
RETRY_S = 5.0  # after a file that could not be written
_LABELS_MAY_COME_S = 10.0
_MOST_HEARD = 65536
_MOST_NAMES = 10_000
_HALT_S = 0.5


@dataclass(frozen=True)
class Shelf:
    """Where files go and how long one may be: `most_samples` of the sample rate in Hz, or None."""

    directory: Path
    basename: str
    max_file_mb: float
    max_file_s: float
    description: str

    def most_samples(self, rate_hz: float) -> int:
        """Samples of 8 bytes that a file may hold, at least 1."""
        limits = [FOREVER]
        if self.max_file_mb:
            limits.append(int(min(self.max_file_mb * 1e6 / 8, FOREVER)))
        if self.max_file_s:
            limits.append(int(min(self.max_file_s * rate_hz, FOREVER)))
        return max(1, min(limits))


class Recordings:
    """The file that is being written, and those before it whose labels may still come.

    Args:
        sink: the stretch sink.
        timeline: of its stream.
        warn: takes a sentence for the log.
    """

    def __init__(self, sink: Any, timeline: Timeline, warn: Callable[[str], None]) -> None:
        self._sink, self._timeline, self._warn = sink, timeline, warn
        self._number = 0
        self._totals = dict.fromkeys(("recorded", "dropped", "files", "annotations"), 0)
        self.failures = 0
        self.begin(0)

    def begin(self, offset: int) -> None:
        """A new stream; nothing of the last one is open any more."""
        self._live: list[Recording] = []
        self._current: Recording | None = None
        self._earliest = offset  # nothing before it is recorded, or recorded twice
        self._heard: deque[Label] = deque(maxlen=_MOST_HEARD)
        self._heard_to = 0
        self._retry_at = 0.0
        self._failing = False
        self._host: tuple[int, int, float] | None = None  # (offset, its ns since 1970, Hz)

    def counters(self) -> dict[str, int]:
        """Totals since this was made."""
        live, totals = list(self._live), self._totals
        return {
            "recorded_samples": totals["recorded"] + sum(r.written for r in live),
            "dropped_samples": totals["dropped"] + sum(r.dropped for r in live),
            "files": totals["files"] + len(live),
            "annotations": totals["annotations"] + sum(r.annotations for r in live),
            "failures": self.failures,
        }

    @property
    def is_recording(self) -> bool:
        """Whether there is a file that can go on, or reason to wait before the next."""
        return self._current is not None or time.monotonic() < self._retry_at

    @property
    def first_needed(self) -> int:
        """The first sample whose rate, frequency and time may still be asked for."""
        return min([r.start for r in self._live], default=FOREVER)

    def want(self, start: int, stop: int, shelf: Shelf) -> None:
        """Asks for the samples from `start` to `stop`; what is there already is prolonged."""
        if self._current is not None and start > self._current.until:
            self._retire()
        if self._current is not None:
            self._current.until = max(self._current.until, stop)
            self._sink.extend(self._current.number, self._current.until)
        elif time.monotonic() >= self._retry_at:
            start = max(start, self._earliest)
            self._current = self._open(start, stop, shelf)
            if self._current is not None:  # what had left the memory before it was asked for
                self._totals["dropped"] += self._current.start - start

    def hear(self, label: Label) -> bool:
        """A label for every file in which its frame begins; whether its samples can be had."""
        offset = label.sample_offset
        self._heard_to = max(self._heard_to, offset + label.sample_count)
        for recording in self._live:
            recording.take(label)
        oldest = self._sink.oldest()
        while self._heard and self._heard[0].sample_offset < oldest:
            self._heard.popleft()
        self._heard.append(label)
        return offset >= oldest or any(r.holds(offset) and offset < r.until for r in self._live)

    def step(self, shelf: Shelf, linger: int, slack: int) -> None:
        """Sees what has become of the files.

        Args:
            shelf: for the next file.
            linger: a file that has all that is wanted goes on being prolonged until labels have
                come this many samples behind its end,
            slack: or samples have come this many behind it.
        """
        for recording in [r for r in self._live if r.end is None]:
            state = self._sink.state(recording.number)
            recording.update(state)
            if state.done:
                self._finished(recording, state, shelf)
        current, heard, head = self._current, self._heard_to, self._sink.head()
        if current is not None and max(heard - linger, head - slack) >= current.until:
            self._retire()
        now = time.monotonic()
        for recording in list(self._live):
            late = recording.end is not None and now - recording.done_at > _LABELS_MAY_COME_S
            told = recording.end is not None and self._heard_to > recording.end + linger
            if recording.is_due(now) or (late and recording.changed):
                self._write(recording)
            if late or (told and not recording.changed):
                self._forget(recording)

    def end(self, offset: int) -> None:
        """Nothing from that sample on is wanted."""
        if self._current is not None:
            self._current.until = min(self._current.until, offset)
            self._retire()
        self._earliest = max(self._earliest, offset)

    def unfinished(self) -> list[int]:
        """The stretches that are being written."""
        return [r.number for r in self._live if r.end is None]

    def forget_all(self) -> None:
        """Writes all metadata a last time; all files must be finished."""
        for recording in list(self._live):
            if recording.changed:
                self._write(recording)
            self._forget(recording)

    def close_all(self) -> None:
        """Closes the files as they are; the sink must have given up its stretches."""
        for recording in self._live:
            if recording.end is None:
                recording.close()

    def _retire(self) -> None:
        """No more is asked of the current file than was."""
        self._sink.finish(self._current.number, self._current.until)
        self._earliest = max(self._earliest, self._current.until)
        self._current = None

    def _open(self, start: int, until: int, shelf: Shelf) -> Recording | None:
        start = max(start, self._sink.oldest())
        rate = self._timeline.at(start).rate_hz
        limit = min(start + shelf.most_samples(rate or 1e6), FOREVER)
        by_host = self._host_time(start, rate)
        when = self._timeline.at(start).time_at(start) or by_host
        try:
            recording = self._make(shelf, start, when, by_host)
        except (OSError, DenomaeError) as error:
            self._fail(f"{shelf.directory}: {getattr(error, 'strerror', None) or error}")
            self._earliest = max(self._earliest, self._sink.head())
            return None
        recording.until = until
        recording.number = self._sink.open(recording.fd, start, min(until, limit), limit)
        state = self._sink.state(recording.number)
        recording.start = state.start  # the oldest may have gone meanwhile
        recording.update(state)
        for label in self._heard:
            recording.take(label)
        self._live.append(recording)
        return recording

    def _host_time(self, offset: int, rate_hz: float | None) -> str | None:
        """Counted from when the first file of the run was opened, so that times never run back;
        anew where the stream has come to a halt meanwhile."""
        if rate_hz is None:
            return None
        now = time.time_ns() - round((self._sink.head() - offset) * NANOSECONDS / rate_hz)
        if self._host is not None and self._host[2] == rate_hz:
            counted = self._host[1] + round((offset - self._host[0]) * NANOSECONDS / rate_hz)
            now = counted if now - counted < _HALT_S * NANOSECONDS else now
        self._host = offset, now, rate_hz
        return host_time(now, 0, rate_hz)

    def _make(self, shelf: Shelf, start: int, when: str | None, by_host: str | None) -> Recording:
        shelf.directory.mkdir(parents=True, exist_ok=True)
        seconds = time.time() if when is None else parse_rfc3339(when)[0]
        stamp = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        for _ in range(_MOST_NAMES):
            base = shelf.directory / f"{shelf.basename}_{stamp}_{self._number:04d}"
            self._number += 1
            try:
                return Recording(base, start, self._timeline, by_host, shelf.description)
            except FileExistsError:
                continue
        raise DenomaeError(f"{_MOST_NAMES} names such as {base.name} are taken")

    def _finished(self, recording: Recording, state: Any, shelf: Shelf) -> None:
        self._sink.forget(recording.number)
        recording.close()
        was_current = recording is self._current
        if was_current:
            self._current = None
            self._earliest = max(self._earliest, state.position)
        if not state.written:
            self._live.remove(recording)
            self._totals["dropped"] += recording.dropped
            recording.remove()
        if state.error:
            self._fail(f"{recording.data_path}: {os.strerror(state.error)}")
            return
        self._failing = self._failing and not state.written
        if recording.until > state.position:  # rotation, or another rate
            after = self._open(state.position, recording.until, shelf)
            if after is not None:
                self._totals["dropped"] += after.start - state.position
                if was_current:
                    self._current = after
                else:
                    self._sink.finish(after.number, after.until)

    def _fail(self, sentence: str) -> None:
        self.failures += 1
        self._retry_at = time.monotonic() + RETRY_S
        if not self._failing:
            self._failing = True
            self._warn(
                f"cannot record to {sentence}; tried again when there is reason to,"
                f" {RETRY_S:g} s from now at the earliest"
            )

    def _write(self, recording: Recording) -> None:
        try:
            recording.write_metadata()
        except OSError as error:
            if not self._failing:
                self._failing = True
                self._warn(
                    f"cannot bring {recording.meta_path} up to date: {error.strerror or error}"
                )

    def _forget(self, recording: Recording) -> None:
        self._live.remove(recording)
        totals = self._totals
        totals["recorded"] += recording.written
        totals["dropped"] += recording.dropped
        totals["files"] += 1
        totals["annotations"] += recording.annotations
