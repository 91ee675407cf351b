# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures: recordings of IQ samples, read in bounded memory and written with their labels.

`open_capture(path)` gives a `Capture`; `capture.frames(frame_length)` walks through it, and
`capture.place(offset, count)` says where and when a frame was taken. `write_sigmf` and
`write_annotated` write recordings, `copy_capture` writes one, or a span of one, as SigMF;
`annotate` makes annotations of labels. `read_collection` lists the recordings of a SigMF
collection. Sets of labelled frames such as RadioML are opened by `denomae.captures.datasets`.
"""

from __future__ import annotations

import os
from pathlib import Path

from denomae.captures.annotations import Annotation, Annotations, annotate
from denomae.captures.capture import Capture, Segment
from denomae.captures.collection import COLLECTION_SUFFIX, Collection, read_collection
from denomae.captures.copying import Copied, copy_capture
from denomae.captures.datasets import DATASET_SUFFIXES
from denomae.captures.metadata import is_number
from denomae.captures.raw import SUFFIXES, open_raw
from denomae.captures.sigmf import DATA_SUFFIX, META_SUFFIX, OPENERS
from denomae.captures.tim import TIM_SUFFIX, open_tim
from denomae.captures.wav import WAV_SUFFIXES, open_wav
from denomae.captures.writer import write_annotated, write_sigmf
from denomae.errors import CaptureError

_OPENERS = {**OPENERS, **dict.fromkeys(WAV_SUFFIXES, open_wav), TIM_SUFFIX: open_tim}

__all__ = [
    "SUFFIXES",
    "Annotation",
    "Annotations",
    "Capture",
    "CaptureError",
    "Collection",
    "Copied",
    "Segment",
    "annotate",
    "copy_capture",
    "open_capture",
    "read_collection",
    "write_annotated",
    "write_sigmf",
]


def open_capture(
    path: str | os.PathLike[str],
    datatype: str | None = None,
    sample_rate_hz: float | None = None,
    center_frequency_hz: float | None = None,
) -> Capture:
    """Opens a recording; no sample is read yet.

    Args:
        path: either file of a SigMF pair or their common base, a .sigmf archive, WAV, or raw
            samples.
        datatype: of raw samples; otherwise their suffix says it (`SUFFIXES`).
        sample_rate_hz: where given, it wins over what the metadata says.
        center_frequency_hz: the same.

    Raises:
        CaptureError: what is wrong, in one sentence that names the file or the field.
    """
    path = Path(path)
    if sample_rate_hz is not None and not (is_number(sample_rate_hz) and sample_rate_hz > 0):
        raise CaptureError(f"the sample rate is {sample_rate_hz!r}, wanted a number of Hz above 0")
    if center_frequency_hz is not None and not is_number(center_frequency_hz):
        raise CaptureError(
            f"the centre frequency is {center_frequency_hz!r}, wanted a number of Hz"
        )
    capture = _open(path, datatype)
    capture.override(sample_rate_hz, center_frequency_hz)
    return capture


def _open(path: Path, datatype: str | None) -> Capture:
    if "\0" in str(path):
        raise CaptureError(f"{str(path)!r} is no file name")
    suffix = path.suffix.lower()
    opener = _OPENERS.get(suffix)
    is_folder = os.path.isdir(path)
    if is_folder or (datatype is None and suffix in DATASET_SUFFIXES):
        raise CaptureError(
            f"{path.name} is a {'folder' if is_folder else 'set of labelled frames'}, wanted one"
            " recording; sets to train with and to evaluate on are opened by"
            " denomae.captures.datasets.open_dataset"
        )
    if suffix == COLLECTION_SUFFIX:
        raise CaptureError(
            f"{path.name} is a collection of recordings, wanted one of them: name its .sigmf-meta"
            " (`denomae capture info` lists them)"
        )
    if opener is None and not os.path.exists(path):
        for suffix in (META_SUFFIX, ".sigmf"):
            beside = path.with_name(path.name + suffix) if path.name else path
            if beside != path and os.path.exists(beside):
                path, opener = beside, OPENERS[suffix]
                break
    orphan = path.suffix == DATA_SUFFIX and not os.path.exists(path.with_suffix(META_SUFFIX))
    if opener is None or (orphan and datatype is not None):
        return open_raw(path, datatype)
    capture = opener(path)
    if datatype is not None and datatype != capture.datatype.name:
        capture.close()
        raise CaptureError(
            f"{path.name} says itself that it is {capture.datatype.name}, but {datatype!r} was"
            " asked for; leave the datatype away"
        )
    return capture
