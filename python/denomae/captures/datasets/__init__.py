# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of labelled frames that people bring: RadioML 2016 and 2018, CSPB.ML.2018, and their own.

`open_dataset(path)` gives `LabelledFrames`, for training and evaluation. They are no recordings:
their frames stand side by side without time, so that `open_capture` does not open them.
"""

from __future__ import annotations

import os
from pathlib import Path

from denomae.captures.collection import COLLECTION_SUFFIX, read_collection
from denomae.captures.datasets.labelled import LabelledFrames, Truth
from denomae.errors import CaptureError

__all__ = ["DATASET_SUFFIXES", "LabelledFrames", "Truth", "open_dataset"]

FRAME_LENGTH_LIMIT = 2**20
PICKLE_SUFFIXES = (".pkl", ".pickle")  # and .dat, which may be anything else too
HDF5_SUFFIXES = (".hdf5", ".h5", ".hdf")
DATASET_SUFFIXES = (*PICKLE_SUFFIXES, *HDF5_SUFFIXES)


def open_dataset(
    path: str | os.PathLike[str],
    classes: list[str] | None = None,
    frame_length: int | None = None,
) -> LabelledFrames:
    """Opens a set of labelled frames; no frame is read yet.

    Args:
        path: the pickle of RadioML 2016; the HDF5 file of RadioML 2018; the folder of the .tim
            files of CSPB.ML.2018 with their list, or that list; or a folder or a collection of
            SigMF recordings whose annotations say the class.
        classes: names of the one-hot columns of an HDF5 file that is not RadioML 2018.01A itself.
        frame_length: into which recordings are cut, 1024 by default. RadioML has its own.

    Raises:
        CaptureError: what is wrong, in one sentence that names the file or the field.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in (".txt", COLLECTION_SUFFIX):
        _unused(path, classes=classes)
        return _open_folder(path, 1024 if frame_length is None else frame_length)
    _unused(path, frame_length=frame_length)
    if suffix in HDF5_SUFFIXES:
        from denomae.captures.datasets.radioml2018 import open_radioml_2018

        return open_radioml_2018(path, classes)
    _unused(path, classes=classes)
    if suffix in (*PICKLE_SUFFIXES, ".dat"):
        from denomae.captures.datasets.radioml2016 import open_radioml_2016

        return open_radioml_2016(path)
    raise CaptureError(
        f"{path.name} is no set of labelled frames by its name, wanted .pkl or .dat (RadioML 2016),"
        " .hdf5 (RadioML 2018), or a folder or collection of recordings"
    )


def _open_folder(path: Path, frame_length: int) -> LabelledFrames:
    if type(frame_length) is not int or not 1 <= frame_length <= FRAME_LENGTH_LIMIT:
        raise CaptureError(
            f"the frame length is {frame_length!r}, wanted 1 to {FRAME_LENGTH_LIMIT} samples"
        )
    try:
        if path.suffix == COLLECTION_SUFFIX:
            from denomae.captures.datasets.annotated import open_annotated

            return open_annotated(path, frame_length, read_collection(path).recordings)
        if path.is_dir() and any(
            p.name.endswith((".sigmf-meta", ".sigmf")) for p in path.iterdir()
        ):
            from denomae.captures.datasets.annotated import open_annotated

            return open_annotated(path, frame_length)
        from denomae.captures.datasets.cspb import open_cspb

        return open_cspb(path, frame_length)
    except OSError as error:
        raise CaptureError(f"{path} cannot be looked through: {error.strerror or error}") from None


def _unused(path: Path, **options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise CaptureError(f"{name} is {value!r}, but {path.name} has its own; leave it away")
