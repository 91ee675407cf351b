# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of a recipe, made in worker processes, in an order that a resumed run can rejoin."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from denomae_training.signals.recipe import Recipe, synthesize


@dataclass(frozen=True)
class Batch:
    """Frames and their truth, on one device; waveforms complex64 [B, N]."""

    waveforms: dict[str, Tensor]  # "noisy", "clean", "noise"
    class_index: Tensor  # int64 [B]
    snr_db: Tensor  # float32 [B], NaN for the class `noise`

    def to(self, device: torch.device) -> Batch:
        return Batch(
            {name: wave.to(device, non_blocking=True) for name, wave in self.waveforms.items()},
            self.class_index.to(device, non_blocking=True),
            self.snr_db.to(device, non_blocking=True),
        )

    def __len__(self) -> int:
        return len(self.class_index)


def split_seed(seed: int, split: str) -> int:
    """The seed of a split: "pretrain", "train", "validation" and "test" never share an item."""
    return (seed << 32) | zlib.crc32(split.encode())


def make_batch(recipe: Recipe, seed: int, first: int, size: int) -> Batch:
    """Items first .. first + size - 1 of a recipe."""
    items = [synthesize(recipe, seed, first + i) for i in range(size)]
    return Batch(
        {
            "noisy": torch.from_numpy(np.stack([item.noisy for item in items])),
            "clean": torch.from_numpy(np.stack([item.clean for item in items])),
            "noise": torch.from_numpy(np.stack([item.noise for item in items])),
        },
        torch.tensor([item.class_index for item in items]),
        torch.tensor([item.snr_db for item in items], dtype=torch.float32),
    )


class _Batches(Dataset):
    def __init__(self, recipe: Recipe, seed: int, size: int) -> None:
        self.recipe, self.seed, self.size = recipe, seed, size

    def __getitem__(self, number: int) -> Batch:
        return make_batch(self.recipe, self.seed, number * self.size, self.size)


def batches(
    recipe: Recipe, seed: int, size: int, first: int, end: int, workers: int
) -> Iterator[Batch]:
    """Batches number `first` .. `end` - 1; batch k holds items k * size .. (k + 1) * size - 1.

    Args:
        workers: processes that synthesize ahead; 0 makes each batch when it is asked for.
    """
    loader = DataLoader(
        _Batches(recipe, seed, size),
        sampler=range(first, end),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=8 if workers else None,
        worker_init_fn=_one_thread,
    )
    yield from loader


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
