# SPDX-License-Identifier: GPL-3.0-or-later
"""One's own recordings as a set: the frames of SigMF recordings under annotations with a label."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from denomae.captures.annotations import GENERATOR
from denomae.captures.capture import Capture, Segment
from denomae.captures.datasets.labelled import LabelledFrames, Truth
from denomae.captures.datasets.names import OURS
from denomae.captures.datatypes import Datatype
from denomae.captures.files import open_plain_file
from denomae.captures.sigmf import ARCHIVE_SUFFIX, META_SUFFIX, OPENERS
from denomae.errors import CaptureError

RECORDING_LIMIT = 10_000
FRAME_LIMIT = 20_000_000


@dataclass(frozen=True)
class _Recording:
    """What reading takes, so that a recording's metadata is parsed once and not for each frame."""

    path: Path
    data_path: Path
    datatype: Datatype
    segments: tuple[Segment, ...]

    def open(self) -> Capture:
        file, _ = open_plain_file(self.data_path)
        return Capture(self.path, self.data_path, file, self.datatype, self.segments)


class AnnotatedFrames(LabelledFrames):
    """Contiguous frames from the start of each annotation, in order of file, then of sample."""

    def __init__(
        self,
        path: Path,
        frame_length: int,
        recordings: Sequence[_Recording],
        classes: Sequence[str],
        places: np.ndarray,
        snr_db: np.ndarray,
        notes: Sequence[str],
    ) -> None:
        ours = [name if name in OURS else None for name in classes]
        super().__init__(path, "annotated SigMF", classes, ours, frame_length, notes)
        self._recordings = recordings
        self._places = places  # int64 [3, F]: recording, first sample, class
        self._snr_db = snr_db
        self._open: tuple[int, int, Capture] | None = None  # by whom, which, and itself

    def __len__(self) -> int:
        return self._places.shape[1]

    def close(self) -> None:
        if self._open is not None:
            self._open[2].close()
            self._open = None

    def _read_truth(self) -> Truth:
        recording, _, classes = self._places
        _, captures = np.unique(recording, return_inverse=True)
        captures = captures.reshape(-1).astype(np.int32)
        return Truth(classes.astype(np.int16), self._snr_db, captures)

    def _read_frames(self, indices: np.ndarray) -> np.ndarray:
        frames = np.empty((len(indices), self.frame_length), np.complex64)
        for at in np.argsort(indices, kind="stable").tolist():
            recording, start, _ = self._places[:, indices[at]].tolist()
            frames[at] = self._capture(recording).read(start, self.frame_length)
        return frames

    def _capture(self, number: int) -> Capture:
        process = os.getpid()  # a forked one must not share the file's position
        if self._open is None or self._open[:2] != (process, number):
            self.close()
            self._open = process, number, self._recordings[number].open()
        return self._open[2]


def open_annotated(
    path: Path, frame_length: int, recordings: Sequence[Path] | None = None
) -> AnnotatedFrames:
    """The labelled frames of the SigMF recordings in a folder.

    Labels that `denomae classify` wrote are no truth and are left out, and so is what lies under
    two different labels at once. The SNR is what an annotation says by `denomae:snr_db`.

    Args:
        path: the folder, or what named the recordings.
        frame_length: samples in a frame.
        recordings: SigMF files; None: all of the folder.

    Raises:
        CaptureError: a recording that cannot be read, or no labelled frame in any.
    """
    if recordings is None:
        recordings = sorted(
            p for p in path.iterdir() if p.name.endswith((META_SUFFIX, ARCHIVE_SUFFIX))
        )
    if len(recordings) > RECORDING_LIMIT:
        raise CaptureError(f"{path} holds more than {RECORDING_LIMIT} recordings")
    found: list[_Recording] = []
    names: dict[str, int] = {}
    rows: list[np.ndarray] = []
    ratios: list[np.ndarray] = []
    ambiguous = count = 0
    for number, recording in enumerate(recordings):
        with _open(recording) as capture:
            found.append(
                _Recording(recording, capture.data_path, capture.datatype, capture.segments)
            )
            for start, stop, label, snr_db in _spans(capture):
                if label is None:
                    ambiguous += 1
                    continue
                index = names.setdefault(label, len(names))
                starts = np.arange(start, stop - frame_length + 1, frame_length)
                rows.append(np.stack([np.full_like(starts, number), starts, starts * 0 + index]))
                ratios.append(np.full(len(starts), snr_db, np.float32))
                count += len(starts)
                if count > FRAME_LIMIT:
                    raise CaptureError(f"{path} holds more than {FRAME_LIMIT} labelled frames")
    if not count:
        raise CaptureError(
            f"{path}: none of its {len(recordings)} recordings has an annotation with a core:label"
            f" over {frame_length} samples or more"
        )
    notes = []
    if ambiguous:
        notes.append(f"{path}: {ambiguous} stretches lie under different labels; they are left out")
    places = np.concatenate(rows, axis=1).astype(np.int64)
    classes = sorted(names)
    rank = np.empty(len(names), np.int64)
    for place, name in enumerate(classes):
        rank[names[name]] = place
    places[2] = rank[places[2]]
    short = set(classes) - {classes[number] for number in np.unique(places[2])}
    if short:
        notes.append(
            f"{path}: no annotation {', '.join(map(repr, sorted(short)))} is as long as a frame of"
            f" {frame_length} samples, so that such a class has no frames"
        )
    return AnnotatedFrames(
        path, frame_length, found, classes, places, np.concatenate(ratios), notes
    )


def _open(path: Path) -> Capture:
    return OPENERS[META_SUFFIX if path.name.endswith(META_SUFFIX) else ARCHIVE_SUFFIX](path)


def _spans(capture: Capture) -> list[tuple[int, int, str | None, float]]:
    """Stretches within one segment under one label, with their SNR in dB, which is NaN unless all
    annotations there say the same; a label None for those under several."""
    edges: list[tuple[int, int, str, float | None]] = []
    for mark in capture.annotations:
        if mark.label and not mark.generator.startswith(f"{GENERATOR} "):
            edges.append((mark.sample_start, 1, mark.label, mark.snr_db))
            edges.append((capture.stop_of(mark), -1, mark.label, mark.snr_db))
    edges += [(segment.sample_start, 0, "", None) for segment in capture.segments]
    edges.sort(key=lambda edge: (edge[0], -edge[1]))  # a mark of no samples begins before it ends
    spans: list[tuple[int, int, str | None, float]] = []
    labels: dict[str, int] = {}
    ratios: dict[float | None, int] = {}
    before = 0
    for at, change, label, snr_db in edges:
        if at > before and labels:
            ratio = next(iter(ratios)) if len(ratios) == 1 else None
            alone = next(iter(labels)) if len(labels) == 1 else None
            spans.append((before, at, alone, np.nan if ratio is None else ratio))
        before = at
        if change:
            _count(labels, label, change)
            _count(ratios, snr_db, change)
    return spans


def _count(table: dict, key: object, change: int) -> None:
    table[key] = table.get(key, 0) + change
    if not table[key]:
        del table[key]
