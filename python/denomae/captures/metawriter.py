# SPDX-License-Identifier: GPL-3.0-or-later
"""A .sigmf-meta document, written piece by piece: annotations may come one by one for hours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from denomae.captures.annotations import Annotation
from denomae.captures.capture import Segment
from denomae.captures.sigmf import DATA_SUFFIX, META_SUFFIX
from denomae.errors import CaptureError

SIGMF_VERSION = "1.2.0"  # the oldest whose keys suffice
EXTENSION = {"name": "denomae", "version": "1.0.0", "optional": True}


def pair_paths(path: str | Path) -> tuple[Path, Path]:
    """The metadata and the samples of a pair, whatever of it is named."""
    path = Path(path)
    for suffix in (META_SUFFIX, DATA_SUFFIX):
        if path.name.endswith(suffix):
            path = path.with_name(path.name.removesuffix(suffix))
    if not path.name:
        raise CaptureError(f"{str(path)!r} names no file to write to")
    return path.with_name(path.name + META_SUFFIX), path.with_name(path.name + DATA_SUFFIX)


def check_free(overwrite: bool, *paths: Path) -> None:
    """Raises CaptureError where something is there that may not be overwritten."""
    for path in paths:
        if path.exists() and not overwrite:
            raise CaptureError(f"{path} exists already; choose another name or overwrite it")


def write_metadata(
    file: BinaryIO,
    top: Mapping[str, Any],
    segments: Sequence[Segment],
    annotations: Iterable[Annotation],
) -> None:
    """Writes a whole document.

    Args:
        file: open for writing.
        top: SigMF's `global` without `core:version` and `core:extensions`; keys whose value is
            None or empty are left out.
        segments: in order.
        annotations: a list in any order, or an iterator in order of `sample_start`.

    Raises:
        CaptureError: a value that SigMF cannot hold, or annotations out of order.
    """
    write_document(file, top, segments, map(annotation_line, in_order(annotations)))


def write_document(
    file: BinaryIO,
    top: Mapping[str, Any],
    segments: Sequence[Segment],
    lines: Iterable[bytes],
) -> None:
    """`write_metadata` of annotations that are `annotation_line`s already, in order."""
    top = {"core:version": SIGMF_VERSION, **top}
    top = {key: value for key, value in top.items() if value not in (None, "")}
    declared = [e for e in top.get("core:extensions", []) if e.get("name") != EXTENSION["name"]]
    top["core:extensions"] = [*declared, EXTENSION]
    file.write(b'{\n    "global": ' + _json(top, 4) + b',\n    "captures": ')
    file.write(_json([_segment_object(segment) for segment in segments], 4))
    file.write(b',\n    "annotations": [')
    mark = b"\n        "
    for line in lines:
        file.write(mark + line)
        mark = b",\n        "
    file.write(b"\n    ]\n}\n")


def annotation_line(annotation: Annotation) -> bytes:
    """An annotation as SigMF has it, on one line; raises CaptureError where it cannot hold it."""
    return _json(_annotation_object(annotation), None)


def in_order(annotations: Iterable[Annotation]) -> Iterator[Annotation]:
    """A list in any order, or an iterator that is in order; raises CaptureError if it is not."""
    if isinstance(annotations, Sequence):
        annotations = sorted(annotations, key=lambda a: a.sample_start)
    before = 0
    for annotation in annotations:
        if annotation.sample_start < before:
            raise CaptureError(
                f"an annotation at sample {annotation.sample_start} follows one at {before}, wanted"
                " them in order"
            )
        before = annotation.sample_start
        yield annotation


def _segment_object(segment: Segment) -> dict[str, Any]:
    values: dict[str, Any] = {"core:sample_start": segment.sample_start}
    if segment.center_frequency_hz is not None:
        values["core:frequency"] = float(segment.center_frequency_hz)
    if segment.time is not None:
        values["core:datetime"] = segment.time
    if segment.global_index is not None:
        values["core:global_index"] = int(segment.global_index)
    return values


def _annotation_object(annotation: Annotation) -> dict[str, Any]:
    values: dict[str, Any] = {"core:sample_start": int(annotation.sample_start)}
    if annotation.sample_count is not None:
        values["core:sample_count"] = int(annotation.sample_count)
    if annotation.freq_lower_edge_hz is not None and annotation.freq_upper_edge_hz is not None:
        values["core:freq_lower_edge"] = float(annotation.freq_lower_edge_hz)
        values["core:freq_upper_edge"] = float(annotation.freq_upper_edge_hz)
    for key in ("label", "comment", "generator"):
        if getattr(annotation, key):
            values[f"core:{key}"] = getattr(annotation, key)
    if annotation.snr_db is not None:
        values["denomae:snr_db"] = float(annotation.snr_db)
    return {**values, **annotation.extra}


def _json(value: Any, indent: int | None) -> bytes:
    try:
        text = json.dumps(value, indent=indent, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CaptureError(f"SigMF metadata cannot hold {str(value)[:60]}: {error}") from None
    if indent:
        text = text.replace("\n", "\n    ")
    return text.encode()
