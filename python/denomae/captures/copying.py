# SPDX-License-Identifier: GPL-3.0-or-later
"""A capture, or a span of it, written as a SigMF pair with its annotations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from denomae.captures.annotations import Annotation
from denomae.captures.capture import Capture, Segment
from denomae.captures.datatypes import Datatype, parse_datatype
from denomae.captures.files import replacing
from denomae.captures.metawriter import check_free, pair_paths, write_metadata
from denomae.captures.writer import RECORDER, check_not_own
from denomae.errors import CaptureError

_DECODED_SAMPLES = 2**18  # at a time, where samples are stored in another datatype


@dataclass(frozen=True)
class Copied:
    """What was written.

    Attributes:
        path: of the .sigmf-meta file.
        sample_count: whole samples.
        annotation_count: of the copy.
        clipped_numbers: parts of samples beyond the full scale of an integer datatype.
    """

    path: Path
    sample_count: int
    annotation_count: int
    clipped_numbers: int


def copy_capture(
    capture: Capture,
    path: str | Path,
    span: tuple[int, int] | None = None,
    datatype: str | None = None,
    overwrite: bool = False,
    mark: str = "",
) -> Copied:
    """Writes a capture's samples from `span[0]` to before `span[1]`, and the annotations on them.

    Samples and annotations are counted anew from the span's first sample; annotations are cut at
    its edges, times follow, and gaps stay where they were.

    Args:
        capture: open.
        path: of the pair, with or without suffix.
        span: None: all samples.
        datatype: a complex one of SigMF; None: as they are stored, to the byte.
        overwrite: whether files of these names may be replaced; the capture's own never are.
        mark: a label for all of the copy, beside the annotations that it has; empty: none.

    Raises:
        CaptureError: a span that the capture does not have, files that are there already, or that
            cannot be written. Then nothing is left of them.
    """
    start, stop = (0, capture.sample_count) if span is None else span
    if not 0 <= start < stop <= capture.sample_count:
        raise CaptureError(
            f"samples {start} to {stop} were asked of {capture.path.name}, wanted one or more of"
            f" its {capture.sample_count}"
        )
    kind = None if datatype is None else parse_datatype(datatype)
    if kind is not None and kind.real:
        raise CaptureError(f"the datatype is {datatype!r}, wanted a complex one such as cf32_le")
    meta_path, data_path = pair_paths(path)
    check_not_own(capture, meta_path)
    if data_path.exists() and data_path.samefile(capture.data_path):
        raise CaptureError(f"{data_path} is the capture's own; give the output another name")
    check_free(overwrite, meta_path, data_path)
    digest, clipped, marks = hashlib.sha512(), 0, 0

    def counted() -> Iterator[Annotation]:
        nonlocal marks
        if mark:
            marks += 1
            yield Annotation(0, stop - start, mark)
        for kept in _annotations(capture, start, stop):
            marks += 1
            yield kept

    with replacing(data_path, meta_path) as (file, meta_file):
        for raw, over in _stored(capture, start, stop, kind):
            file.write(raw)
            digest.update(raw)
            clipped += over
        top = {
            "core:datatype": datatype or capture.datatype.sigmf_name,
            "core:sample_rate": capture.sample_rate_hz,
            "core:sha512": digest.hexdigest(),
            "core:recorder": RECORDER,
            "core:description": capture.description,
            **capture.about,
        }
        if clipped:
            top["denomae:clipped_numbers"] = clipped
        write_metadata(meta_file, top, _segments(capture, start, stop), counted())
    return Copied(meta_path, stop - start, marks, clipped)


def _stored(
    capture: Capture, start: int, stop: int, kind: Datatype | None
) -> Iterator[tuple[np.ndarray, int]]:
    """The bytes to store, piece by piece, and how many numbers were clipped in each."""
    if kind is None:
        for raw in capture.raw_chunks(start, stop):
            yield raw, 0
        return
    for at in range(start, stop, _DECODED_SAMPLES):
        yield kind.encode(capture.read(at, min(_DECODED_SAMPLES, stop - at)))


def _segments(capture: Capture, start: int, stop: int) -> list[Segment]:
    segments = []
    for segment in capture.segments:
        first = max(segment.sample_start, start)
        count = min(segment.sample_stop, stop) - first
        if count > 0:
            place = capture.place(first, count)
            segments.append(Segment(first - start, count, 0, place.time, place.center_frequency_hz))
    return segments


def _annotations(capture: Capture, start: int, stop: int) -> Iterator[Annotation]:
    """Those that have a sample in the span, or stand on one without any, in order."""
    for mark in capture.annotations:
        if mark.sample_start >= stop:
            return
        end = capture.stop_of(mark)
        if end <= start and not mark.sample_start == end == start:
            continue
        first = max(mark.sample_start, start)
        uncut = first == mark.sample_start and end <= stop
        count = mark.sample_count if uncut else min(end, stop) - first
        yield replace(mark, sample_start=first - start, sample_count=count)
