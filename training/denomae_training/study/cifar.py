# SPDX-License-Identifier: GPL-3.0-or-later
"""CIFAR-10's files: the binary version, and the Python one, which is read as data.

A record of the binary version is one byte of label and 3 x 32 x 32 bytes of red, green and blue,
row by row; a batch has 10,000. The Python version is a pickle of the same: it could run any
program, so nothing of it is run. Source: the set's own page (Krizhevsky, 2009).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from denomae.captures.datasets.pickledata import read_dictionary
from denomae.captures.datasets.pickleparts import StoredArray, Wanted
from denomae.errors import DenomaeError
from denomae_training.study.pictures import Pictures, checked_labels

CLASSES = (
    "plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
MOST = 50_000  # records of one file
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = ("test_batch",)
WHERE = (
    "CIFAR-10's binary version (cifar-10-binary.tar.gz: data_batch_1.bin to data_batch_5.bin and "
    "test_batch.bin) comes from www.cs.toronto.edu/~kriz/cifar.html; unpack it and name its folder "
    "with --folder"
)
_PICKLE = Wanted("a batch of CIFAR-10's Python version", axes=2, numbers=("u1",), lists=True)


def read_cifar10(folder: Path) -> tuple[Pictures, Pictures]:
    """What is learnt from, and what is tested on.

    Raises:
        DenomaeError: a file is absent, cut off, too long, or has labels out of range; a pickle
            names anything but arrays.
    """
    return _together(folder, TRAIN), _together(folder, TEST)


def _together(folder: Path, names: tuple[str, ...]) -> Pictures:
    parts = [_batch(folder, name) for name in names]
    images = torch.cat([each.images for each in parts])
    return Pictures(images, torch.cat([each.class_index for each in parts]))


def _batch(folder: Path, name: str) -> Pictures:
    binary, pickled = folder / f"{name}.bin", folder / name
    if binary.is_file():
        pixels, labels, path = *read_binary(binary), binary
    elif pickled.is_file():
        pixels, labels, path = *read_pickled(pickled), pickled
    else:
        raise DenomaeError(f"{folder} holds no {name}.bin; {WHERE}")
    class_index = checked_labels(torch.from_numpy(labels), len(CLASSES), str(path))
    images = torch.from_numpy(pixels.reshape(-1, *SHAPE).copy()).float() / 255
    return Pictures(images, class_index)


def read_binary(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 [N, 3072] and labels int64 [N] of a binary batch."""
    size = path.stat().st_size
    if not size or size % RECORD or size > MOST * RECORD:
        raise DenomaeError(
            f"{path} has {size} bytes, wanted 1 to {MOST} records of {RECORD}; it is cut off, or "
            "no binary batch of CIFAR-10"
        )
    records = np.fromfile(path, np.uint8).reshape(-1, RECORD)
    return records[:, 1:], records[:, 0].astype(np.int64)


def read_pickled(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The same of a batch of the Python version."""
    with path.open("rb") as file:
        batch = read_dictionary(file, path.stat().st_size, str(path), _PICKLE)
        data, labels = batch.get("data"), batch.get("labels")
        if not isinstance(data, StoredArray) or not isinstance(labels, list):
            raise DenomaeError(
                f"{path} holds {sorted(map(str, batch))[:6]}, wanted an array 'data' and a list "
                "'labels'; give a batch of CIFAR-10"
            )
        count, width = data.shape
        if width != RECORD - 1 or not 0 < count <= MOST or len(labels) != count:
            raise DenomaeError(
                f"{path} holds an array of {count} x {width} and {len(labels)} labels, wanted 1 to "
                f"{MOST} pictures of {RECORD - 1} bytes and a label for each"
            )
        if not all(type(label) is int and abs(label) <= sys.maxsize for label in labels):
            raise DenomaeError(f"{path} has labels that are no numbers; copy the file again")
        try:
            pixels = data.contents.read(file, count * width)
        except ValueError as error:
            raise DenomaeError(f"{path}: {error}; copy the file again") from error
    return np.frombuffer(pixels, np.uint8).reshape(count, width), np.array(labels, np.int64)
