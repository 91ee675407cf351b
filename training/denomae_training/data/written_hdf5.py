# SPDX-License-Identifier: GPL-3.0-or-later
"""A written set as HDF5 in the form of RadioML 2018: X [F, N, 2], Y one-hot [F, C], Z [F, 1] in dB.

The library makes the file at its full size, with nothing in it, and closes it. Frames are then
written to where it says that they lie: a kill or a full disk meets no open HDF5 file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from denomae.captures.datasets.radioml2018 import WRITTEN
from denomae.captures.files import replacing
from denomae.errors import CaptureError
from denomae_training.data.plan import Frame, Plan, Writer

FILE = "frames.hdf5"
_PROGRESS = "parts-done"


class Hdf5Writer(Writer):
    """All frames in one file, in the order of their numbers."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        super().__init__(plan, folder)
        self._path = folder / FILE
        if not self._path.exists():
            _make(plan, folder / (FILE + ".new"))
            os.replace(folder / (FILE + ".new"), self._path)
        with _hdf5().File(self._path, "r") as file:
            self._starts = {key: file[key].id.get_offset() for key in "XYZ"}

    @staticmethod
    def bytes_needed(plan: Plan, samples: float) -> float:
        return plan.frames * (8 * samples + len(plan.recipe.classes) + 4)

    def done(self) -> int:
        try:
            return int((self.folder / _PROGRESS).read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return 0

    def write(self, part: int, frames: Sequence[Frame]) -> None:
        length, classes = self.plan.recipe.frame_length, len(self.plan.recipe.classes)
        for frame in frames:
            if len(frame.samples) != length:
                raise CaptureError(
                    f"{FILE} holds frames of {length} samples, and item {frame.index} of the recipe"
                    f" {self.plan.recipe.name} has {len(frame.samples)}; write the set as sigmf"
                )
        first = frames[0].index
        rows = {
            "X": np.stack([frame.samples for frame in frames]).astype("<c8"),
            "Y": np.eye(classes, dtype=np.uint8)[[frame.class_index for frame in frames]],
            "Z": np.array([frame.snr_db for frame in frames], "<f4"),
        }
        with open(self._path, "r+b") as file:
            for key, row in rows.items():
                file.seek(self._starts[key] + first * (row.nbytes // len(frames)))
                file.write(row.tobytes())
        with replacing(self.folder / _PROGRESS) as (file,):
            file.write(str(part + 1).encode())

    def finish(self) -> None:
        (self.folder / _PROGRESS).unlink()


def _make(plan: Plan, path: Path) -> None:
    h5py = _hdf5()
    shapes = {
        "X": ((plan.frames, plan.recipe.frame_length, 2), h5py.h5t.IEEE_F32LE),
        "Y": ((plan.frames, len(plan.recipe.classes)), h5py.h5t.STD_U8LE),
        "Z": ((plan.frames, 1), h5py.h5t.IEEE_F32LE),
    }
    try:
        with h5py.File(path, "w", libver="earliest") as file:
            file.attrs[WRITTEN] = np.bytes_(json.dumps(plan.record()))
            for key, (shape, kind) in shapes.items():
                layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                layout.set_layout(h5py.h5d.CONTIGUOUS)
                layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
                layout.set_obj_track_times(False)  # sets of one plan are the same to the byte
                space = h5py.h5s.create_simple(shape)
                h5py.h5d.create(file.id, key.encode(), kind, space, dcpl=layout)
    except (OSError, RuntimeError, ValueError) as error:  # the library's words for a full disk
        reason = " ".join(str(error).split())[:200]
        raise CaptureError(f"{path} cannot be written: {reason}") from None


def _hdf5():
    try:
        import h5py
    except ImportError as error:
        raise CaptureError(
            f"the package h5py, which writes HDF5, is missing here ({error}); install it with"
            " pip install h5py, or write the set as sigmf"
        ) from None
    return h5py
