# SPDX-License-Identifier: GPL-3.0-or-later
"""MNIST's files: IDX, an array of bytes behind a head that says its axes; also gzipped.

The head is two zero bytes, 8 for unsigned bytes, the number of axes, and the length of each axis as
a big-endian uint32. Source: the description on MNIST's own page (LeCun, Cortes and Burges).
"""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

from denomae.errors import DenomaeError
from denomae_training.study.pictures import Pictures, checked_labels

SIDE, CLASSES = 28, 10
MOST = 100_000  # pictures in a file: far more than MNIST has
WHERE = (
    "MNIST's four files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
    "t10k-labels-idx1-ubyte, each also as .gz) come from yann.lecun.com/exdb/mnist or a mirror of "
    "it; put them into one folder and name it with --folder"
)


def read_idx(path: Path, axes: int, most_bytes: int) -> np.ndarray:
    """The array of a file: uint8 of so many axes.

    Args:
        most_bytes: of the array; a file that claims more is refused before anything is read.

    Raises:
        DenomaeError: it is no such file, cut off, or too long.
    """
    head_size = 4 + 4 * axes
    try:
        with _opened(path) as file:
            head = file.read(head_size)
            if len(head) < head_size:
                raise DenomaeError(
                    f"{path} ends after {len(head)} bytes, wanted an IDX head of {head_size}; copy "
                    "the file again"
                )
            zero, kind, count = struct.unpack(">HBB", head[:4])
            if (zero, kind, count) != (0, 8, axes):
                raise DenomaeError(
                    f"{path} begins with {head[:4].hex(' ')}, wanted 00 00 08 {axes:02x}, an IDX "
                    f"file of bytes with {axes} axes; is it another file of the set?"
                )
            shape = struct.unpack(f">{axes}I", head[4:])
            size = int(np.prod(shape, dtype=object))
            if size > most_bytes:
                raise DenomaeError(
                    f"{path} claims {list(shape)} bytes, more than the {most_bytes} that a set of "
                    f"{MOST} pictures has; it is damaged, or another set's"
                )
            content = file.read(size + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DenomaeError(f"{path} cannot be unpacked ({error}); copy the file again") from error
    if len(content) != size:
        found = "more than" if len(content) > size else f"{len(content)} of"
        raise DenomaeError(
            f"{path} has {found} the {size} bytes that its head claims, wanted as many; copy the "
            "file again"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def read_mnist(folder: Path) -> tuple[Pictures, Pictures]:
    """What is learnt from, and what is tested on.

    Raises:
        DenomaeError: a file is absent, cut off, of another size, or has labels out of range.
    """
    return _part(folder, "train"), _part(folder, "t10k")


def _part(folder: Path, name: str) -> Pictures:
    paths = [_found(folder, f"{name}-{what}-ubyte") for what in ("images-idx3", "labels-idx1")]
    images = read_idx(paths[0], 3, MOST * SIDE * SIDE)
    labels = read_idx(paths[1], 1, MOST)
    if images.shape[1:] != (SIDE, SIDE):
        raise DenomaeError(
            f"{paths[0]} holds pictures of {images.shape[1]} x {images.shape[2]}, wanted "
            f"{SIDE} x {SIDE}; give MNIST's own files"
        )
    if len(images) != len(labels) or not len(images):
        raise DenomaeError(
            f"{paths[0]} holds {len(images)} pictures and {paths[1].name} {len(labels)} labels, "
            "wanted as many of both, and some; take both from one set"
        )
    class_index = checked_labels(torch.from_numpy(labels.astype(np.int64)), CLASSES, str(paths[1]))
    return Pictures(torch.from_numpy(images.copy()).float()[:, None] / 255, class_index)


def _found(folder: Path, name: str) -> Path:
    """A file by its name, with a dot for its last hyphen as some have it, plain or gzipped."""
    for stem in (name, name.replace("-idx", ".idx")):
        for path in (folder / stem, folder / f"{stem}.gz"):
            if path.is_file():
                return path
    raise DenomaeError(f"{folder} holds no {name}; {WHERE}")


def _opened(path: Path):
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
