# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files in the formats of MNIST and CIFAR-10."""

from __future__ import annotations

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np


def idx_bytes(array: np.ndarray) -> bytes:
    """An array of bytes as IDX."""
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def write_mnist(folder: Path, train: int = 60, test: int = 20, zipped: bool = False) -> None:
    """MNIST's four files with few pictures: each bright by its class, and a little by its place."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, count in (("train", train), ("t10k", test)):
        labels = np.arange(count) % 10
        images = np.zeros((count, 28, 28), np.uint8)
        images[:, 4:24, 4:24] = (20 * labels + 10)[:, None, None]
        images[:, 0, 0] = np.arange(count) % 251
        for what, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = idx_bytes(array)
            path = folder / f"{name}-{what}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(content) if zipped else content)


def cifar_records(count: int, first: int = 0) -> np.ndarray:
    """Records of the binary version: uint8 [count, 3073]."""
    labels = (first + np.arange(count)) % 10
    generator = np.random.default_rng(first)
    pixels = generator.integers(0, 256, (count, 3072))
    return np.concatenate([labels[:, None], pixels], 1).astype(np.uint8)


def write_cifar(folder: Path, count: int = 20, pickled: bool = False) -> None:
    """CIFAR-10's six files with few pictures each, binary or as Python's pickle."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for number, name in enumerate(names):
        records = cifar_records(count, number)
        if not pickled:
            (folder / f"{name}.bin").write_bytes(records.tobytes())
            continue
        batch = {
            "batch_label": f"batch {number}",
            "labels": [int(label) for label in records[:, 0]],
            "data": np.ascontiguousarray(records[:, 1:]),
            "filenames": [f"a_picture_{k}.png" for k in range(count)],
        }
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
