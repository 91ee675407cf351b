# SPDX-License-Identifier: GPL-3.0-or-later
"""RadioML 2018.01A and HDF5 files of its form: X [F, N, 2], Y one-hot [F, classes], Z [F, 1] in dB.

RadioML's file is sorted by class and SNR: a slice of it holds one class. Frames are read by their
numbers, in whatever order somebody wants them, and never more than those. A file that
`denomae-train synth` wrote names its classes itself, in the attribute `denomae`, and its frames are
independent of each other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from denomae.captures.datasets.labelled import LabelledFrames, Truth, blocks_in_order
from denomae.captures.datasets.names import OURS, RADIOML_2018, our_names
from denomae.captures.files import open_plain_file
from denomae.errors import CaptureError, DenomaeError

FRAME_LIMIT = 20_000_000
CHUNK_BYTES_LIMIT = 64 * 2**20
_FRAME_LENGTH_LIMIT = 2**20
_CLASS_LIMIT = 1000
_ROW_BYTES = 2**23  # of Y and Z at a time
WRITTEN = "denomae"  # an attribute: JSON with "classes"
_WRITTEN_LIMIT = 2**15  # bytes; HDF5 keeps larger ones elsewhere
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}


class RadioML2018(LabelledFrames):
    """The set in an open HDF5 file, in the file's order."""

    def __init__(self, path: Path, classes: Sequence[str] | None) -> None:
        self._file = _open(path)
        self._opened_by = os.getpid()
        self._found: dict[str, Any] = {}
        try:
            frames = self._dataset("X", 3)
            self._count, length, _ = frames.shape
            written = self._written_classes()
            classes = written if classes is None else classes
            if classes is None:
                classes = list(RADIOML_2018)
                columns = self._dataset("Y", 2).shape[1]
                if columns != len(classes):
                    raise CaptureError(
                        f"{path.name}: Y has {columns} columns, and RadioML 2018.01A has"
                        f" {len(classes)}; name the classes of this file, in order"
                    )
            self._check(length, list(classes))
        except BaseException:
            self._file.close()
            raise
        self.captures_are_guessed = written is None
        if written is None:
            kind, ours = "RadioML 2018", our_names(classes, RADIOML_2018)
        else:
            kind, ours = "synthesized", [name if name in OURS else None for name in classes]
        super().__init__(path, kind, classes, ours, length, ())

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        self._file.close()

    def _check(self, length: int, classes: list[str]) -> None:
        name, shapes = self._name, {}
        for key, axes in (("X", 3), ("Y", 2), ("Z", None)):
            shapes[key] = list(self._dataset(key, axes).shape)
        frames = shapes["X"][0]
        wanted = {
            "X": [frames, length, 2],
            "Y": [frames, len(classes)],
            "Z": [frames] if len(shapes["Z"]) == 1 else [frames, 1],
        }
        for key, shape in wanted.items():
            if shapes[key] != shape:
                raise CaptureError(f"{name}: {key} has the shape {shapes[key]}, wanted {shape}")
        if not 1 <= length <= _FRAME_LENGTH_LIMIT or frames > FRAME_LIMIT:
            raise CaptureError(
                f"{name} has {frames} frames of {length} samples, wanted at most {FRAME_LIMIT} of"
                f" 1 to {_FRAME_LENGTH_LIMIT}"
            )
        if not 1 <= len(classes) <= _CLASS_LIMIT or len(set(classes)) < len(classes):
            raise CaptureError(f"{len(classes)} classes are named, wanted different ones, to 1000")

    def _written_classes(self) -> list[str] | None:
        """The classes that a file of our own names; None of any other."""
        with _told(f"{self._name}: its attributes"):
            if WRITTEN not in self._file.attrs:
                return None
            attribute = self._file.attrs.get_id(WRITTEN)
            fixed = attribute.shape == () and attribute.dtype.kind == "S"
            if not fixed or attribute.dtype.itemsize > _WRITTEN_LIMIT:
                return None
            classes = json.loads(bytes(self._file.attrs[WRITTEN]))["classes"]
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise CaptureError(
                f"{self._name}: the classes in its attribute {WRITTEN!r} are no list of names"
            )
        return classes

    def _dataset(self, key: str, axes: int | None) -> Any:
        """A dataset that lies in this file, of a layout that reads in bounded memory."""
        if key not in self._found:
            with _told(f"{self._name}: {key}"):
                self._found[key] = self._checked(key, axes)
        return self._found[key]

    def _checked(self, key: str, axes: int | None) -> Any:
        import h5py

        name = self._name
        link = self._file.get(key, getlink=True) if key in self._file.keys() else None
        if not isinstance(link, h5py.HardLink):
            found = "no such thing" if link is None else "a link to elsewhere"
            raise CaptureError(f"{name} has {found} as {key}, wanted a dataset in this file")
        found = self._file[key]
        if not isinstance(found, h5py.Dataset):
            raise CaptureError(f"{name}: {key} is a group, wanted a dataset")
        if found.shape is None or (axes is not None and len(found.shape) != axes):
            raise CaptureError(f"{name}: {key} has the shape {found.shape}, wanted {axes} axes")
        if found.dtype.kind not in ("f" if key == "X" else "fiu") or found.dtype.itemsize > 8:
            raise CaptureError(f"{name}: {key} holds {found.dtype}, wanted numbers")
        if found.is_virtual or found.external:
            raise CaptureError(f"{name}: {key} lies in other files, wanted all of it in this one")
        stored = found.id.get_create_plist()
        for number in range(stored.get_nfilters()):
            if stored.get_filter(number)[0] not in _FILTERS:
                raise CaptureError(
                    f"{name}: {key} is packed by the filter {stored.get_filter(number)[0]}, wanted"
                    f" one of {', '.join(_FILTERS.values())}"
                )
        row_bytes = int(np.prod(found.shape[1:], dtype=object)) * found.dtype.itemsize
        if found.chunks is not None:
            size = int(np.prod(found.chunks, dtype=object)) * found.dtype.itemsize
            if size > CHUNK_BYTES_LIMIT:
                raise CaptureError(
                    f"{name}: {key} is stored in pieces of {size} bytes, wanted at most"
                    f" {CHUNK_BYTES_LIMIT}"
                )
        elif found.shape[0] * row_bytes > found.id.get_storage_size():
            raise CaptureError(
                f"{name}: {key} claims {found.shape[0] * row_bytes} bytes, but"
                f" {found.id.get_storage_size()} are stored"
            )
        return found

    def _read_truth(self) -> Truth:
        self._reopen()
        columns, ratios = self._dataset("Y", 2), self._dataset("Z", None)
        class_index = np.empty(self._count, np.int16)
        snr_db = np.empty(self._count, np.float32)
        step = max(1, _ROW_BYTES // (8 * len(self.classes)))
        for start in range(0, self._count, step):
            stop = min(start + step, self._count)
            hot = self._slice(columns, start, stop)
            named = np.count_nonzero(hot, axis=1)
            if (named != 1).any():
                row = int(np.argmax(named != 1))
                raise CaptureError(
                    f"{self.path.name}: row {start + row} of Y names {named[row]} classes, wanted"
                    " one"
                )
            class_index[start:stop] = (hot != 0).argmax(1)
            snr_db[start:stop] = self._slice(ratios, start, stop).reshape(stop - start)
        if self.captures_are_guessed:
            return Truth(class_index, snr_db, blocks_in_order(class_index, snr_db))
        return Truth(class_index, snr_db, np.arange(self._count, dtype=np.int32))

    def _read_frames(self, indices: np.ndarray) -> np.ndarray:
        self._reopen()
        stored = self._dataset("X", 3)
        result = np.empty((len(indices), self.frame_length), np.complex64)
        order = np.argsort(indices, kind="stable")
        ascending = indices[order]
        # Neighbours are read in one go, as far as one's memory may grow; others one by one.
        breaks = np.flatnonzero(np.diff(ascending) > 1) + 1
        most = max(1, _ROW_BYTES // (8 * self.frame_length))
        for run in np.split(np.arange(len(ascending)), breaks):
            for at in range(0, len(run), most):
                part = run[at : at + most]
                first, last = int(ascending[part[0]]), int(ascending[part[-1]])
                frames = self._slice(stored, first, last + 1).astype(np.float32, copy=False)
                result[order[part]] = np.ascontiguousarray(frames).view(np.complex64)[
                    ascending[part] - first, :, 0
                ]
        return result

    def _slice(self, dataset: Any, start: int, stop: int) -> np.ndarray:
        with _told(f"{self._name}: {dataset.name}, frames {start} to {stop}"):
            return dataset[start:stop]

    def _reopen(self) -> None:
        if self._opened_by != os.getpid():  # a forked process must not share HDF5's state
            self._file, self._opened_by, self._found = _open(self.path), os.getpid(), {}

    @property
    def _name(self) -> str:  # before and after `path` is set
        return os.path.basename(self._file.filename)


def open_radioml_2018(path: Path, classes: Sequence[str] | None = None) -> RadioML2018:
    """The set in an HDF5 file; its labels are read when they are first asked for.

    Args:
        path: the file.
        classes: of Y's columns, in order; None: those of RadioML 2018.01A in their true order.

    Raises:
        CaptureError: h5py is missing, or the file is not of that form.
    """
    return RadioML2018(path, classes)


def _open(path: Path) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise CaptureError(
            f"{path.name} is HDF5, and the package h5py is missing here ({error}); install it with"
            " pip install h5py"
        ) from None
    file, _ = open_plain_file(path)
    file.close()
    with _told(path.name):
        return h5py.File(path, "r")


@contextmanager
def _told(what: str) -> Iterator[None]:
    """What HDF5 complains of in a damaged file, as one sentence; it comes as any of these."""
    try:
        yield
    except DenomaeError:
        raise
    except (OSError, RuntimeError, ValueError, LookupError, TypeError, ArithmeticError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CaptureError(f"{what} cannot be read as HDF5: {reason}") from None
