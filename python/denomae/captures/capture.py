# SPDX-License-Identifier: GPL-3.0-or-later
"""A capture that is open: its samples in pieces, and where and when each of them was taken."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from denomae.captures.analytic import REACH, analytic
from denomae.captures.annotations import Annotation, Annotations
from denomae.captures.datatypes import Datatype
from denomae.errors import CaptureError
from denomae.labels import Place
from denomae.rfc3339 import advance

_CHUNK_SAMPLES = 2**15  # decoded at a time: what is read stays in the cache until it is decoded
_COPIED_SAMPLES = 2**18


@dataclass(frozen=True)
class Segment:
    """A stretch of a capture without a gap, of one frequency.

    Attributes:
        sample_start: of its first sample in the capture.
        sample_count: may be 0.
        byte_start: where its first sample lies in the file.
        time: of its first sample, RFC 3339, or None.
        center_frequency_hz: or None.
        global_index: of its first sample in the stream that was recorded, or None.
    """

    sample_start: int
    sample_count: int
    byte_start: int
    time: str | None = None
    center_frequency_hz: float | None = None
    global_index: int | None = None

    @property
    def sample_stop(self) -> int:
        """The first sample after it."""
        return self.sample_start + self.sample_count


class Capture:
    """Samples in a file. Use it in a `with` statement, or call `close`.

    Attributes:
        path: the file that was named when it was opened.
        data_path: the file that holds the samples.
        datatype: how they lie there; real ones are read as their analytic signal, whose 0 Hz is
            the centre frequency and whose signal lies above it.
        sample_count: whole samples.
        sample_rate_hz: or None where nobody said it.
        segments: in order, from the first sample to the last.
        annotations: in order of `sample_start`.
        description: or empty.
        format: of the file, in words.
        about: what SigMF says of its author, licence and hardware, by SigMF's keys.
        notes: what the reader saw and lived with, one sentence each.
    """

    def __init__(
        self,
        path: Path,
        data_path: Path,
        file: BinaryIO,
        datatype: Datatype,
        segments: Sequence[Segment],
        sample_rate_hz: float | None = None,
        annotations: Sequence[Annotation] | None = None,
        description: str = "",
        notes: Sequence[str] = (),
        about: Mapping[str, str] | None = None,
        format: str = "raw samples",
    ) -> None:
        self.path = path
        self.data_path = data_path
        self.datatype = datatype
        self.segments = tuple(segments)
        self.sample_count = self.segments[-1].sample_stop if self.segments else 0
        self.sample_rate_hz = sample_rate_hz
        self.annotations = Annotations() if annotations is None else annotations
        self.description = description
        self.about = dict(about or {})
        self.format = format
        self.notes = tuple(notes)
        self._file = file
        self._starts = [segment.sample_start for segment in self.segments]

    @property
    def center_frequency_hz(self) -> float | None:
        """Of the first segment."""
        return self.segments[0].center_frequency_hz if self.segments else None

    @property
    def datetime(self) -> str | None:
        """When the first segment began, RFC 3339."""
        return self.segments[0].time if self.segments else None

    def override(self, sample_rate_hz: float | None, center_frequency_hz: float | None) -> None:
        """Replaces what the metadata says where a value is given; times follow the new rate."""
        if sample_rate_hz is not None:
            self.sample_rate_hz = float(sample_rate_hz)
        if center_frequency_hz is not None:
            self.segments = tuple(
                replace(segment, center_frequency_hz=float(center_frequency_hz))
                for segment in self.segments
            )

    def close(self) -> None:
        """Closes the file; a second time does nothing."""
        self._file.close()

    def __enter__(self) -> Capture:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, start: int, count: int) -> np.ndarray:
        """`count` samples from `start` on, segments one after the other.

        Returns:
            complex64 [count].

        Raises:
            CaptureError: samples outside the capture, or the file has shrunk.
        """
        self._check_range(start, count)
        samples = np.empty(count, np.complex64)
        self._read_into(start, samples)
        return samples

    def _read_into(self, start: int, samples: np.ndarray) -> None:
        count, done = len(samples), 0
        while done < count:
            segment = self._segment_at(start + done)
            within = start + done - segment.sample_start
            chunk = min(count - done, segment.sample_count - within, _CHUNK_SAMPLES)
            if self.datatype.real:
                samples[done : done + chunk] = self._analytic(segment, within, chunk)
            else:
                self._stored(segment, within, samples[done : done + chunk])
            done += chunk

    def raw_chunks(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray]:
        """The samples' bytes as SigMF stores them (`Datatype.sigmf_name`), without headers.

        Args:
            start: the first sample.
            stop: the first one after them; None: up to the end.

        Returns:
            An iterator of uint8, pieces of 4 MiB at most.

        Raises:
            CaptureError: samples outside the capture, or the file has shrunk.
        """
        stop = self.sample_count if stop is None else stop
        self._check_range(start, stop - start)
        return self._raw_chunks(start, stop)

    def _raw_chunks(self, start: int, stop: int) -> Iterator[np.ndarray]:
        size = self.datatype.sample_bytes
        while start < stop:
            segment = self._segment_at(start)
            within = start - segment.sample_start
            chunk = min(stop - start, segment.sample_count - within, _COPIED_SAMPLES)
            raw = self._read_bytes(segment.byte_start + within * size, chunk * size)
            yield self.datatype.sigmf_bytes(raw)
            start += chunk

    def place(self, offset: int, count: int) -> Place:
        """Where and when the `count` samples from `offset` on were taken.

        Time and frequency are those of the segment that holds the first of them.

        Raises:
            CaptureError: samples outside the capture.
        """
        self._check_range(offset, count)
        time = frequency = None
        if offset < self.sample_count:
            segment = self._segment_at(offset)
            frequency = segment.center_frequency_hz
            within = offset - segment.sample_start
            if segment.time is not None and (within == 0 or self.sample_rate_hz is not None):
                time = advance(segment.time, within, self.sample_rate_hz or 1.0)
        return Place(offset, count, time, frequency, self.sample_rate_hz)

    def stop_of(self, mark: Annotation) -> int:
        """The first sample after an annotation; without a count it goes on to its segment's end."""
        if mark.sample_stop is not None:
            return mark.sample_stop
        return self._segment_at(mark.sample_start).sample_stop

    def frame_count(self, frame_length: int, hop: int | None = None) -> int:
        """How many frames `frames` gives."""
        hop = _check_frames(frame_length, hop, 1)
        return sum(_frames_in(segment, frame_length, hop) for segment in self.segments)

    def left_over(self, frame_length: int, hop: int | None = None) -> int:
        """Samples after the last frame of each segment, which `frames` gives in no frame."""
        hop = _check_frames(frame_length, hop, 1)
        samples = 0
        for segment in self.segments:
            frames = _frames_in(segment, frame_length, hop)
            used = (frames - 1) * hop + frame_length if frames else 0
            samples += segment.sample_count - used
        return samples

    def frames(
        self, frame_length: int, hop: int | None = None, batch_size: int = 32
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Frames in order; none spans the start of a segment, where framing begins anew.

        Args:
            frame_length: samples in a frame, N ≥ 1.
            hop: samples from frame to frame, ≥ 1; None: contiguous frames.
            batch_size: frames at a time, ≥ 1; the last batch may have fewer.

        Returns:
            An iterator of complex64 [B, N] and int64 [B], the offset of each frame. Both are new
            for each batch.

        Raises:
            CaptureError: an argument is out of range, or the file has shrunk.
        """
        hop = _check_frames(frame_length, hop, batch_size)
        return self._frames(frame_length, hop, batch_size)

    def _frames(
        self, frame_length: int, hop: int, batch_size: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        batch_size = min(batch_size, max(1, self.frame_count(frame_length, hop)))
        filled = 0
        for segment in self.segments:
            start, left = segment.sample_start, _frames_in(segment, frame_length, hop)
            while left:
                if not filled:
                    frames = np.empty((batch_size, frame_length), np.complex64)
                    offsets = np.empty(batch_size, np.int64)
                taken = min(left, batch_size - filled)
                self._cut(start, hop, frames[filled : filled + taken])
                offsets[filled : filled + taken] = start + hop * np.arange(taken)
                filled, left, start = filled + taken, left - taken, start + taken * hop
                if filled == batch_size:
                    yield frames, offsets
                    filled = 0
        if filled:
            yield frames[:filled], offsets[:filled]

    def _cut(self, start: int, hop: int, frames: np.ndarray) -> None:
        count, length = frames.shape
        if hop > 2 * length:  # sparse: what lies between is not worth reading
            for i in range(count):
                frames[i] = self.read(start + i * hop, length)
            return
        if hop == length:
            self._read_into(start, frames.reshape(-1))  # a view: the frames lie side by side
            return
        samples = self.read(start, (count - 1) * hop + length)
        frames[:] = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]

    def _stored(self, segment: Segment, within: int, samples: np.ndarray) -> None:
        size = self.datatype.sample_bytes
        raw = self._read_bytes(segment.byte_start + within * size, len(samples) * size)
        self.datatype.decode_into(raw, samples)

    def _analytic(self, segment: Segment, within: int, count: int) -> np.ndarray:
        """Of real samples; the filter sees zeros beyond the segment, whose neighbour is a gap."""
        first = max(0, within - REACH)
        stop = min(segment.sample_count, within + count + REACH)
        around = np.zeros(count + 2 * REACH, np.float32)
        place = first - (within - REACH)
        self._stored(segment, first, around[place : place + stop - first])
        return analytic(around)

    def _segment_at(self, offset: int) -> Segment:
        # Of several segments that start here, the last: those before it are empty.
        return self.segments[bisect_right(self._starts, offset) - 1]

    def _check_range(self, start: int, count: int) -> None:
        if start < 0 or count < 0 or start + count > self.sample_count:
            raise CaptureError(
                f"samples {start} to {start + count} were asked of {self.path.name}, which has"
                f" {self.sample_count}"
            )

    def _read_bytes(self, position: int, count: int) -> np.ndarray:
        raw = np.empty(count, np.uint8)
        view, done = memoryview(raw), 0
        while done < count:
            try:
                if not done:
                    self._file.seek(position)
                got = self._file.readinto(view[done:])
            except OSError as error:
                raise CaptureError(
                    f"{self.data_path.name} cannot be read at byte {position + done}:"
                    f" {error.strerror or error}"
                ) from None
            if not got:
                raise CaptureError(
                    f"{self.data_path.name} ended at byte {position + done} while it was read; it"
                    " has shrunk since it was opened"
                )
            done += got
        return raw


def _frames_in(segment: Segment, frame_length: int, hop: int) -> int:
    return max(0, (segment.sample_count - frame_length) // hop + 1)


def _check_frames(frame_length: int, hop: int | None, batch_size: int) -> int:
    hop = frame_length if hop is None else hop
    for name, value in (("frame length", frame_length), ("hop", hop), ("batch size", batch_size)):
        if value < 1:
            raise CaptureError(f"the {name} is {value}, wanted 1 or more")
    return hop
