# SPDX-License-Identifier: GPL-3.0-or-later
"""One SigMF pair while it grows: its metadata tell at any time what its data hold."""

from __future__ import annotations

import os
import time
from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from denomae.captures import Annotation, Segment, annotate
from denomae.captures.metawriter import annotation_line, pair_paths, write_document
from denomae.captures.writer import RECORDER
from denomae.errors import CaptureError
from denomae.labels import Label
from denomae.rfc3339 import advance

from .timeline import Timeline

META_INTERVAL_S = 1.0
_COST_SHARE = 0.05  # of the time goes into metadata, however many annotations they have
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(order=True)
class _Entry:
    offset: int  # of the label's frame, in the stream
    label: Label = field(compare=False)
    line: tuple[int, bytes] | None = field(default=None, compare=False)  # by its file sample


class Recording:
    """A file of samples, which somebody else writes, and the metadata beside it.

    Args:
        base: path of the pair without a suffix; no such file may be there.
        start: offset in the stream of the first sample.
        timeline: of the stream.
        host_time: RFC 3339 of the first sample by the host's clock, where no tag tells; or None.
        description: for people.

    Raises:
        OSError, CaptureError: the files cannot be made; then nothing is left of them.
    """

    def __init__(
        self,
        base: Path,
        start: int,
        timeline: Timeline,
        host_time: str | None,
        description: str = "",
    ) -> None:
        self.meta_path, self.data_path = pair_paths(base)
        self.fd = os.open(self.data_path, _FLAGS, 0o666)
        self.start = start
        self.until = start  # what is wanted of the stream, in this file or another behind it
        self.end: int | None = None  # once nothing more is written
        self.number = 0  # of the stretch that fills it
        self.written = self.dropped = self.annotations = 0
        self.done_at = 0.0
        self._position = start
        self._gaps: list[Any] = []
        self._lost = [0]  # before the first gap, the second, ...
        self._timeline, self._host_time, self._description = timeline, host_time, description
        self._entries: list[_Entry] = []
        self._changed = True
        self._next_write = 0.0
        try:
            if self.meta_path.exists():
                raise FileExistsError(17, "there is a file of that name", str(self.meta_path))
            self.write_metadata()
        except BaseException:
            self.remove()
            raise

    def holds(self, offset: int) -> bool:
        """Whether that sample of the stream is, or may still come to be, in the file."""
        return self.start <= offset and (self.end is None or offset < self.end)

    def take(self, label: Label) -> None:
        """Annotates the label's frame, if it begins in the file, with what of it lies there."""
        if self.holds(label.sample_offset):
            insort(self._entries, _Entry(label.sample_offset, label))
            self._changed = True

    def update(self, state: Any) -> None:
        """Heeds what `stretch_sink.state` says of its stretch."""
        self.written, self.dropped = state.written, state.dropped
        self._position = state.position
        if len(state.gaps) != len(self._gaps) or self._gaps:
            self._gaps = state.gaps
            self._lost = [0, *accumulate(gap.count for gap in self._gaps)]
        if self.end is None:
            self._changed = True

    def close(self) -> None:
        """Nothing more is written to the file; labels of its samples may still come."""
        os.close(self.fd)
        self.end = self._position
        self.done_at = time.monotonic()
        self._changed = True

    def remove(self) -> None:
        """Takes both files away, instead of `close` or after it."""
        if self.end is None:
            os.close(self.fd)
            self.end = self._position
        for path in (self.data_path, self.meta_path):
            path.unlink(missing_ok=True)

    def is_due(self, now: float) -> bool:
        """Whether the metadata should be written again, at that `time.monotonic`."""
        return self._changed and now >= self._next_write

    @property
    def changed(self) -> bool:
        """Whether there is something that the metadata on disk do not say."""
        return self._changed

    def write_metadata(self) -> None:
        """Replaces the metadata in one step, so that they are whole whenever somebody looks.

        Raises:
            OSError: they cannot be written; those that are there stay.
        """
        began = time.monotonic()
        self._next_write = began + META_INTERVAL_S
        lines = sorted([*self._label_lines(), *self._gap_lines()], key=lambda line: line[0])
        rate = self._timeline.at(self.start).rate_hz
        top = {
            "core:datatype": "cf32_le",
            "core:sample_rate": rate,
            "core:recorder": RECORDER,
            "core:description": self._description,
        }
        part = self.meta_path.with_name(self.meta_path.name + ".part")
        try:
            with open(part, "wb") as file:
                write_document(file, top, list(self._segments(rate)), (line for _, line in lines))
            os.replace(part, self.meta_path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        self._changed = False
        cost_s = time.monotonic() - began
        self._next_write = began + max(META_INTERVAL_S, cost_s / _COST_SHARE)

    def _file_sample(self, offset: int) -> int:
        """Of a sample of the stream; of the one behind the gap, where it was dropped."""
        before = bisect_right(self._gaps, offset, key=lambda gap: gap.offset - gap.count)
        if before and offset < self._gaps[before - 1].offset:
            return self._gaps[before - 1].file_sample
        return offset - self.start - self._lost[before]

    def _label_lines(self) -> Iterator[tuple[int, bytes]]:
        kept = []
        for entry in self._entries:
            stop = entry.offset + entry.label.sample_count
            if entry.line is None and (stop <= self._position or self.end is not None):
                first = self._file_sample(entry.offset)
                count = min(self._file_sample(min(stop, self._position)), self.written) - first
                if count <= 0:  # dropped, or behind the end after all
                    continue
                try:
                    entry.line = first, _line(entry.label, first, count)
                except CaptureError:  # a number beyond what JSON writes
                    continue
                self.annotations += 1
            kept.append(entry)
            if entry.line is not None:
                yield entry.line
        self._entries = kept

    def _gap_lines(self) -> Iterator[tuple[int, bytes]]:
        for gap in self._gaps:
            mark = Annotation(
                min(gap.file_sample, self.written),
                0,
                comment=f"dropped {gap.count} samples before this one",
                generator=RECORDER,
                extra={"denomae:dropped_samples": gap.count},
            )
            yield mark.sample_start, annotation_line(mark)

    def _segments(self, rate_hz: float | None) -> Iterator[Segment]:
        cuts = {0: self.start}
        for gap in self._gaps:
            cuts[gap.file_sample] = gap.offset
        for offset in self._timeline.changes(self.start, self._position):
            cuts.setdefault(self._file_sample(offset), offset)
        for sample in sorted(cuts):
            if sample and sample >= self.written:
                continue
            offset = cuts[sample]
            mark = self._timeline.at(offset)
            when = mark.time_at(offset)
            if when is None and self._host_time is not None:
                passed = offset - self.start
                when = advance(self._host_time, passed, rate_hz) if rate_hz else None
            yield Segment(sample, 0, 0, when, mark.frequency_hz, offset)


def _line(label: Label, start: int, count: int) -> bytes:
    made = next(annotate([label]))
    return annotation_line(replace(made, sample_start=start, sample_count=count))
