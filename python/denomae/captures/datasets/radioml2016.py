# SPDX-License-Identifier: GPL-3.0-or-later
"""RadioML 2016 (04C, 10a, 10b): a pickled dictionary of (modulation, SNR) to float32 [n, 2, N].

Python 2 wrote it as text, in which a byte takes up to four characters. Such contents are decoded
once, into a temporary file; the others are read where they stand.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from denomae.captures.datasets.labelled import LabelledFrames, Truth, blocks_in_order
from denomae.captures.datasets.names import RADIOML_2016, our_names
from denomae.captures.datasets.pickledata import read_array_dictionary
from denomae.captures.datasets.pickleparts import StoredArray
from denomae.captures.files import open_plain_file
from denomae.errors import CaptureError

CELL_BYTES_LIMIT = 256 * 2**20
_FRAME_LENGTH_LIMIT = 2**20


@dataclass
class _Cell:
    """The frames of one modulation at one SNR."""

    array: StoredArray
    first_frame: int
    decoded_at: int | None = None  # in the temporary file


class RadioML2016(LabelledFrames):
    """The set in an open file, in order of class, then SNR, then as stored."""

    captures_are_guessed = True

    def __init__(
        self, path: Path, file: BinaryIO, arrays: dict[tuple[str, float], StoredArray]
    ) -> None:
        classes = sorted({modulation for modulation, _ in arrays})
        frame_length = next(iter(arrays.values())).shape[2]
        super().__init__(
            path, "RadioML 2016", classes, our_names(classes, RADIOML_2016), frame_length
        )
        self._file = file
        self._decoded: BinaryIO | None = None
        self._decoded_by = os.getpid()
        self._keys = sorted(arrays)
        self._cells: list[_Cell] = []
        count = 0
        for key in self._keys:
            self._cells.append(_Cell(arrays[key], count))
            count += arrays[key].shape[0]
        self._count = count
        self._starts = np.array([cell.first_frame for cell in self._cells])

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        self._file.close()
        if self._decoded is not None:
            self._decoded.close()

    def _read_truth(self) -> Truth:
        sizes = [cell.array.shape[0] for cell in self._cells]
        numbers = [self.classes.index(modulation) for modulation, _ in self._keys]
        class_index = np.repeat(np.array(numbers, np.int16), sizes)
        snr_db = np.repeat(np.array([snr for _, snr in self._keys], np.float32), sizes)
        return Truth(class_index, snr_db, blocks_in_order(class_index, snr_db))

    def _read_frames(self, indices: np.ndarray) -> np.ndarray:
        frames = np.empty((len(indices), 2, self.frame_length), np.float32)
        cells = np.searchsorted(self._starts, indices, side="right") - 1
        for place in np.argsort(indices, kind="stable").tolist():
            cell = self._cells[cells[place]]
            frames[place] = self._frame(cell, int(indices[place]) - cell.first_frame)
        result = np.empty((len(indices), self.frame_length), np.complex64)
        result.real, result.imag = frames[:, 0], frames[:, 1]
        return result

    def _frame(self, cell: _Cell, number: int) -> np.ndarray:
        array = cell.array
        size = 2 * self.frame_length * array.dtype.itemsize
        if array.contents.form == "plain":
            file, start = self._file, array.contents.position
        else:
            file, start = self._decode(cell)
        # Not by seeking: processes that were forked share one position.
        raw = os.pread(file.fileno(), size, start + number * size)
        if len(raw) != size:
            raise CaptureError(f"{self.path.name} has shrunk since it was opened")
        return np.frombuffer(raw, array.dtype).reshape(2, -1)

    def _decode(self, cell: _Cell) -> tuple[BinaryIO, int]:
        """The temporary file and where in it the cell's numbers begin."""
        if self._decoded_by != os.getpid():  # a forked process writes a file of its own
            self._decoded, self._decoded_by = None, os.getpid()
            for other in self._cells:
                other.decoded_at = None
        if cell.decoded_at is None:
            try:
                content = cell.array.contents.read(self._file, _byte_count(cell.array))
                if self._decoded is None:
                    self._decoded = tempfile.TemporaryFile(prefix="denomae-")
                at = self._decoded.seek(0, os.SEEK_END)
                self._decoded.write(content)
                self._decoded.flush()
            except ValueError as error:
                raise CaptureError(f"{self.path.name}: {error}") from None
            except OSError as error:
                raise CaptureError(
                    f"{self.path.name} cannot be decoded into a temporary file: {error.strerror};"
                    " make room, or name another folder in TMPDIR"
                ) from None
            cell.decoded_at = at
        return self._decoded, cell.decoded_at


def open_radioml_2016(path: Path) -> RadioML2016:
    """The set in a pickle, which is read as data: nothing in it is run.

    Raises:
        CaptureError: it is another pickle, or its arrays are not as RadioML 2016 has them.
    """
    raw_file, size = open_plain_file(path)
    raw_file.close()
    file = open(path, "rb", buffering=2**16)
    try:
        arrays = read_array_dictionary(file, size, path.name)
        return RadioML2016(path, file, _checked(arrays, path.name))
    except BaseException:
        file.close()
        raise


def _byte_count(array: StoredArray) -> int:
    return array.shape[0] * array.shape[1] * array.shape[2] * array.dtype.itemsize


def _checked(arrays: dict, name: str) -> dict[tuple[str, float], StoredArray]:
    if not arrays:
        raise CaptureError(f"{name} holds no array, wanted one for each modulation and SNR")
    lengths = set()
    for key, array in arrays.items():
        if not (
            isinstance(key, tuple)
            and len(key) == 2
            and isinstance(key[0], str)
            and isinstance(key[1], (int, float))
            and abs(key[1]) < 1000
        ):
            raise CaptureError(
                f"{name} has the key {str(key)[:60]}, wanted a modulation and an SNR such as"
                " ('QPSK', 10)"
            )
        _, parts, length = array.shape
        lengths.add(length)
        if parts != 2 or not 1 <= length <= _FRAME_LENGTH_LIMIT or len(lengths) > 1:
            raise CaptureError(
                f"{name}: the array of {key} has the shape {list(array.shape)}, wanted [frames, 2,"
                " samples], with one number of samples in all"
            )
        wanted, there = _byte_count(array), array.contents.size
        if wanted > CELL_BYTES_LIMIT:
            raise CaptureError(
                f"{name}: the array of {key} claims {wanted} bytes, wanted at most"
                f" {CELL_BYTES_LIMIT}"
            )
        if there < wanted or (array.contents.form == "plain" and there != wanted):
            raise CaptureError(
                f"{name}: the array of {key} claims {wanted} bytes, but {there} are there"
            )
    return arrays
