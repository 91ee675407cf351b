# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing SigMF pairs: samples with their annotations, or annotations for a capture that is there.

Samples go first and the metadata last, each under a `.part` name until it is whole.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

import denomae
from denomae.captures.annotations import GENERATOR, Annotation
from denomae.captures.capture import Capture, Segment
from denomae.captures.datatypes import parse_datatype
from denomae.captures.metadata import is_number
from denomae.captures.sigmf import DATA_SUFFIX, META_SUFFIX
from denomae.errors import CaptureError
from denomae.rfc3339 import parse_rfc3339, rfc3339

SIGMF_VERSION = "1.2.0"  # the oldest whose keys suffice
EXTENSION = {"name": "denomae", "version": "1.0.0", "optional": True}


def write_sigmf(
    path: str | Path,
    samples: np.ndarray | Iterable[np.ndarray],
    sample_rate_hz: float,
    center_frequency_hz: float | None = None,
    annotations: Iterable[Annotation] = (),
    description: str = "",
    datatype: str = "cf32_le",
    time: str | None = None,
    author: str = "",
    extra: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Writes a SigMF pair of one segment.

    Args:
        path: with or without `.sigmf-meta`; the samples come beside it, as `.sigmf-data`.
        samples: complex [S], or pieces of it one by one.
        sample_rate_hz: above 0.
        center_frequency_hz: or None.
        annotations: a list in any order, or an iterator in order of `sample_start`.
        description: for people.
        datatype: any complex one of SigMF; samples are clipped to an integer one's full scale 1.
        time: of the first sample, RFC 3339.
        author: for people.
        extra: further keys of SigMF's `global`, with their namespace.
        overwrite: whether files of these names may be replaced.

    Returns:
        The path of the .sigmf-meta file.

    Raises:
        CaptureError: a value that SigMF cannot hold, or files that are there already.
    """
    meta_path, data_path = _paths(path)
    kind = parse_datatype(datatype)
    if kind.real:
        raise CaptureError(f"the datatype is {datatype!r}, wanted a complex one such as cf32_le")
    if not is_number(sample_rate_hz) or not 0 < sample_rate_hz <= 1e12:
        raise CaptureError(f"the sample rate is {sample_rate_hz!r}, wanted Hz above 0, to 1e12")
    if center_frequency_hz is not None and not abs(center_frequency_hz) <= 1e12:
        raise CaptureError(f"the centre frequency is {center_frequency_hz!r}, wanted Hz to 1e12")
    if time is not None:
        time = rfc3339(*parse_rfc3339(time))
    _check_free(overwrite, meta_path, data_path)
    digest, count, clipped = hashlib.sha512(), 0, 0
    with _replacing(data_path) as file:
        for piece in [samples] if isinstance(samples, np.ndarray) else samples:
            if np.ndim(piece) != 1:
                raise CaptureError(f"samples have the shape {np.shape(piece)}, wanted one axis")
            for start in range(0, len(piece), 2**18):
                raw, over = kind.encode(piece[start : start + 2**18])
                file.write(raw)
                digest.update(raw)
                clipped += over
            count += len(piece)
    top = {
        "core:datatype": datatype,
        "core:version": SIGMF_VERSION,
        "core:sample_rate": float(sample_rate_hz),
        "core:sha512": digest.hexdigest(),
        "core:recorder": f"denomae {denomae.__version__}",
        "core:author": author,
        "core:description": description,
        **(extra or {}),
    }
    if clipped:
        top["denomae:clipped_numbers"] = clipped
    segment = Segment(0, count, 0, time, center_frequency_hz)
    _write_metadata(meta_path, top, [segment], annotations)
    return meta_path


def write_annotated(
    capture: Capture,
    path: str | Path,
    annotations: Iterable[Annotation],
    overwrite: bool = False,
) -> Path:
    """Writes a capture's SigMF pair anew, with further annotations.

    The samples are copied: a recording that is made anew under its old name must not change under
    these annotations. The capture's own annotations stay (their core keys), but for those that an
    earlier run of this library made.

    Args:
        capture: open.
        path: as for `write_sigmf`.
        annotations: as for `write_sigmf`; an iterator is consumed while the file is written.
        overwrite: whether files of these names may be replaced; the capture's own never are.

    Returns:
        The path of the .sigmf-meta file.

    Raises:
        CaptureError: files that are there already, or that cannot be written.
    """
    meta_path, data_path = _paths(path)
    if meta_path.exists() and capture.path.exists() and _is_own(capture, meta_path):
        raise CaptureError(f"{meta_path} is the capture's own; give the output another name")
    in_place = data_path.exists() and data_path.samefile(capture.data_path)
    _check_free(overwrite, meta_path, *([] if in_place else [data_path]))
    if not in_place:
        with _replacing(data_path) as file:
            for raw in capture.raw_chunks():
                file.write(raw)
    kept = (a for a in capture.annotations if not a.generator.startswith(f"{GENERATOR} "))
    top = {
        "core:datatype": capture.datatype.sigmf_name,
        "core:version": SIGMF_VERSION,
        "core:sample_rate": capture.sample_rate_hz,
        "core:recorder": f"denomae {denomae.__version__}",
        "core:description": capture.description,
    }
    merged = heapq.merge(kept, _in_order(annotations), key=lambda a: a.sample_start)
    _write_metadata(meta_path, top, capture.segments, merged)
    return meta_path


def _paths(path: str | Path) -> tuple[Path, Path]:
    path = Path(path)
    for suffix in (META_SUFFIX, DATA_SUFFIX):
        if path.name.endswith(suffix):
            path = path.with_name(path.name.removesuffix(suffix))
    if not path.name:
        raise CaptureError(f"{str(path)!r} names no file to write to")
    return path.with_name(path.name + META_SUFFIX), path.with_name(path.name + DATA_SUFFIX)


def _is_own(capture: Capture, meta_path: Path) -> bool:
    own = capture.path
    if own.name.endswith(DATA_SUFFIX):
        own = own.with_name(own.name.removesuffix(DATA_SUFFIX) + META_SUFFIX)
    return own.exists() and meta_path.samefile(own)


def _check_free(overwrite: bool, *paths: Path) -> None:
    for path in paths:
        if path.exists() and not overwrite:
            raise CaptureError(f"{path} exists already; choose another name or overwrite it")


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name only once it is whole."""
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            yield file
        os.replace(part, path)
    except BrokenPipeError:  # of the annotations' maker: no file of ours is a pipe
        part.unlink(missing_ok=True)
        raise
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CaptureError(f"{path} cannot be written: {error.strerror or error}") from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _in_order(annotations: Iterable[Annotation]) -> Iterator[Annotation]:
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


def _write_metadata(
    path: Path,
    top: Mapping[str, Any],
    segments: Sequence[Segment],
    annotations: Iterable[Annotation],
) -> None:
    top = {key: value for key, value in top.items() if value not in (None, "")}
    declared = [e for e in top.get("core:extensions", []) if e.get("name") != EXTENSION["name"]]
    top["core:extensions"] = [*declared, EXTENSION]
    with _replacing(path) as file:
        file.write(b'{\n    "global": ' + _json(top, 4) + b',\n    "captures": ')
        file.write(_json([_segment_object(segment) for segment in segments], 4))
        file.write(b',\n    "annotations": [')
        mark = b"\n        "
        # Whoever made the iterator may raise; then no half a file is left.
        for annotation in _in_order(annotations):
            file.write(mark + _json(_annotation_object(annotation), None))
            mark = b",\n        "
        file.write(b"\n    ]\n}\n")


def _segment_object(segment: Segment) -> dict[str, Any]:
    values: dict[str, Any] = {"core:sample_start": segment.sample_start}
    if segment.center_frequency_hz is not None:
        values["core:frequency"] = float(segment.center_frequency_hz)
    if segment.time is not None:
        values["core:datetime"] = segment.time
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
    return {**values, **annotation.extra}


def _json(value: Any, indent: int | None) -> bytes:
    try:
        text = json.dumps(value, indent=indent, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CaptureError(f"SigMF metadata cannot hold {str(value)[:60]}: {error}") from None
    if indent:
        text = text.replace("\n", "\n    ")
    return text.encode()
