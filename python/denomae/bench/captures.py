# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording read into frames: what decoding costs beside the bare bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from denomae.bench.row import Row
from denomae.bench.timing import in_turns
from denomae.captures import open_capture, write_sigmf
from denomae.errors import DenomaeError

NAME = "SigMF ci16 into frames, one core"
_SAMPLES = 2**25  # 128 MiB: no cache of the processor holds them
_FRAME, _BATCH = 1024, 256
_PIECE = 2**18


def rows(seconds: float) -> Iterator[Row]:
    """Frames of 1,024 samples from the page cache; the peer reads the same bytes and no more."""
    with tempfile.TemporaryDirectory(prefix="denomae-") as folder:
        try:
            path = _recording(Path(folder))
        except DenomaeError as error:
            yield Row.not_run(NAME, "MS/s", str(error))
            return
        with open_capture(path) as capture:
            data = capture.data_path

            def read() -> None:
                for _ in capture.frames(_FRAME, batch_size=_BATCH):
                    pass

            ours, peer = in_turns(read, lambda: np.fromfile(data, np.int16), seconds)
    megasamples = _SAMPLES / 1e6
    yield Row.compared(
        NAME,
        megasamples / ours,
        "MS/s",
        "np.fromfile",
        megasamples / peer,
        f"{_SAMPLES * 4 // 2**20} MiB in the page cache, frames of {_FRAME}, {_BATCH} at a time",
    )


def _recording(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    piece = rng.standard_normal((_PIECE, 2), dtype=np.float32).view(np.complex64)[:, 0] / 8
    pieces = (piece for _ in range(_SAMPLES // _PIECE))
    return write_sigmf(folder / "noise", pieces, 1e6, datatype="ci16_le")
