# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing SigMF pairs: samples with their annotations, or annotations for a capture that is there.

A pair takes its names only once it is whole.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import denomae
from denomae.captures.annotations import GENERATOR, Annotation
from denomae.captures.capture import Capture, Segment
from denomae.captures.datatypes import parse_datatype
from denomae.captures.files import replacing
from denomae.captures.metadata import is_number
from denomae.captures.metawriter import check_free, in_order, pair_paths, write_metadata
from denomae.captures.sigmf import DATA_SUFFIX, META_SUFFIX
from denomae.errors import CaptureError
from denomae.rfc3339 import parse_rfc3339, rfc3339

RECORDER = f"denomae {denomae.__version__}"


def write_sigmf(
    path: str | Path,
    samples: np.ndarray | Iterable[np.ndarray],
    sample_rate_hz: float | None,
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
        sample_rate_hz: above 0; None where nobody knows it.
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
    meta_path, data_path = pair_paths(path)
    kind = parse_datatype(datatype)
    if kind.real:
        raise CaptureError(f"the datatype is {datatype!r}, wanted a complex one such as cf32_le")
    if sample_rate_hz is not None and not (
        is_number(sample_rate_hz) and 0 < sample_rate_hz <= 1e12
    ):
        raise CaptureError(f"the sample rate is {sample_rate_hz!r}, wanted Hz above 0, to 1e12")
    if center_frequency_hz is not None and not abs(center_frequency_hz) <= 1e12:
        raise CaptureError(f"the centre frequency is {center_frequency_hz!r}, wanted Hz to 1e12")
    if time is not None:
        time = rfc3339(*parse_rfc3339(time))
    check_free(overwrite, meta_path, data_path)
    digest, count, clipped = hashlib.sha512(), 0, 0
    with replacing(data_path, meta_path) as (file, meta_file):
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
            "core:sample_rate": None if sample_rate_hz is None else float(sample_rate_hz),
            "core:sha512": digest.hexdigest(),
            "core:recorder": RECORDER,
            "core:author": author,
            "core:description": description,
            **(extra or {}),
        }
        if clipped:
            top["denomae:clipped_numbers"] = clipped
        segment = Segment(0, count, 0, time, center_frequency_hz)
        write_metadata(meta_file, top, [segment], annotations)
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
    meta_path, data_path = pair_paths(path)
    check_not_own(capture, meta_path)
    in_place = data_path.exists() and data_path.samefile(capture.data_path)
    check_free(overwrite, meta_path, *([] if in_place else [data_path]))
    kept = (a for a in capture.annotations if not a.generator.startswith(f"{GENERATOR} "))
    top = {
        "core:datatype": capture.datatype.sigmf_name,
        "core:sample_rate": capture.sample_rate_hz,
        "core:recorder": RECORDER,
        "core:description": capture.description,
        **capture.about,
    }
    merged = heapq.merge(kept, in_order(annotations), key=lambda a: a.sample_start)
    with replacing(*([] if in_place else [data_path]), meta_path) as files:
        for raw in () if in_place else capture.raw_chunks():
            files[0].write(raw)
        write_metadata(files[-1], top, capture.segments, merged)
    return meta_path


def check_not_own(capture: Capture, meta_path: Path) -> None:
    """Raises CaptureError where that metadata file is the capture's own."""
    own = capture.path
    if own.name.endswith(DATA_SUFFIX):
        own = own.with_name(own.name.removesuffix(DATA_SUFFIX) + META_SUFFIX)
    if meta_path.exists() and own.exists() and meta_path.samefile(own):
        raise CaptureError(f"{meta_path} is the capture's own; give the output another name")
