# SPDX-License-Identifier: GPL-3.0-or-later
"""One's own recordings as a set: the frames of SigMF recordings under annotations with a label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from denomae.captures.annotations import GENERATOR
from denomae.captures.capture import Capture
from denomae.captures.datasets.labelled import LabelledFrames, Truth
from denomae.captures.datasets.names import OURS
from denomae.captures.sigmf import ARCHIVE_SUFFIX, META_SUFFIX, OPENERS
from denomae.errors import CaptureError

RECORDING_LIMIT = 10_000
FRAME_LIMIT = 20_000_000


class AnnotatedFrames(LabelledFrames):
    """Contiguous frames from the start of each annotation, in order of file, then of sample."""

    def __init__(
        self,
        path: Path,
        frame_length: int,
        recordings: Sequence[Path],
        classes: Sequence[str],
        places: np.ndarray,
        notes: Sequence[str],
    ) -> None:
        ours = [name if name in OURS else None for name in classes]
        super().__init__(path, "annotated SigMF", classes, ours, frame_length, notes)
        self._recordings = recordings
        self._places = places  # int64 [3, F]: recording, first sample, class
        self._open: tuple[int, Capture] | None = None

    def __len__(self) -> int:
        return self._places.shape[1]

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _read_truth(self) -> Truth:
        recording, _, classes = self._places
        _, captures = np.unique(recording, return_inverse=True)
        unknown = np.full(len(self), np.nan, np.float32)
        return Truth(classes.astype(np.int16), unknown, captures.reshape(-1).astype(np.int32))

    def _read_frames(self, indices: np.ndarray) -> np.ndarray:
        frames = np.empty((len(indices), self.frame_length), np.complex64)
        for at in np.argsort(indices, kind="stable").tolist():
            recording, start, _ = self._places[:, indices[at]].tolist()
            frames[at] = self._capture(recording).read(start, self.frame_length)
        return frames

    def _capture(self, number: int) -> Capture:
        if self._open is None or self._open[0] != number:
            self.close()
            self._open = number, _open(self._recordings[number])
        return self._open[1]


def open_annotated(path: Path, frame_length: int) -> AnnotatedFrames:
    """The labelled frames of the SigMF recordings in a folder.

    Labels that `denomae classify` wrote are no truth and are left out, and so is what lies under
    two different labels at once.

    Raises:
        CaptureError: a recording that cannot be read, or no labelled frame in any.
    """
    recordings = sorted(p for p in path.iterdir() if p.name.endswith((META_SUFFIX, ARCHIVE_SUFFIX)))
    if len(recordings) > RECORDING_LIMIT:
        raise CaptureError(f"{path} holds more than {RECORDING_LIMIT} recordings")
    names: dict[str, int] = {}
    rows: list[np.ndarray] = []
    ambiguous = count = 0
    for number, recording in enumerate(recordings):
        with _open(recording) as capture:
            for start, stop, label in _spans(capture):
                if label is None:
                    ambiguous += 1
                    continue
                starts = np.arange(start, stop - frame_length + 1, frame_length)
                if not len(starts):
                    continue
                index = names.setdefault(label, len(names))
                rows.append(np.stack([np.full_like(starts, number), starts, starts * 0 + index]))
                count += len(starts)
                if count > FRAME_LIMIT:
                    raise CaptureError(f"{path} holds more than {FRAME_LIMIT} labelled frames")
    if not rows:
        raise CaptureError(
            f"{path}: none of its {len(recordings)} recordings has an annotation with a core:label"
            f" over {frame_length} samples or more"
        )
    notes = []
    if ambiguous:
        notes.append(f"{path}: {ambiguous} stretches lie under different labels; they are left out")
    places = np.concatenate(rows, axis=1).astype(np.int64)
    classes = sorted(names)
    rank = np.array([classes.index(name) for name in names])
    places[2] = rank[places[2]]
    return AnnotatedFrames(path, frame_length, recordings, classes, places, notes)


def _open(path: Path) -> Capture:
    return OPENERS[META_SUFFIX if path.name.endswith(META_SUFFIX) else ARCHIVE_SUFFIX](path)


def _spans(capture: Capture) -> list[tuple[int, int, str | None]]:
    """Stretches within one segment under one label; None for those under several."""
    marks = [
        (mark.sample_start, _stop(capture, mark.sample_start, mark.sample_stop), mark.label)
        for mark in capture.annotations
        if mark.label and not mark.generator.startswith(f"{GENERATOR} ")
    ]
    edges = [(start, 1, label) for start, _, label in marks]
    edges += [(stop, -1, label) for _, stop, label in marks]
    edges += [(segment.sample_start, 0, "") for segment in capture.segments]
    edges.sort(key=lambda edge: edge[0])
    spans: list[tuple[int, int, str | None]] = []
    active: dict[str, int] = {}
    before = 0
    for at, change, label in edges:
        if at > before and active:
            spans.append((before, at, next(iter(active)) if len(active) == 1 else None))
        before = at
        if change:
            active[label] = active.get(label, 0) + change
            if not active[label]:
                del active[label]
    return spans


def _stop(capture: Capture, start: int, stop: int | None) -> int:
    """An annotation without a count goes on to the end of its segment."""
    if stop is not None:
        return stop
    return next(s.sample_stop for s in capture.segments if s.sample_stop > start)
