# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of frames, made in worker processes, in an order that a resumed run can rejoin."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from denomae.errors import DenomaeError
from denomae_training.signals.item import Item
from denomae_training.signals.recipe import Recipe, synthesize

if TYPE_CHECKING:
    from denomae_training.data.source import Recorded, Source

HIGHEST_SEED = 2**31 - 1  # a split's seed then fits into 64 bits, with the number of a step on top

Made = TypeVar("Made")


@dataclass(frozen=True)
class Batch:
    """Frames and their truth, on one device.

    Attributes:
        waveforms: "noisy", "clean" and "noise" to complex64 [B, N]; where a recipe's frames are of
            unequal length, N is the longest and the shorter ones end in NaN. Where a frame was cut
            from a recording, nobody knows its clean part: then the batch has "noisy" alone.
        class_index: int64 [B].
        snr_db: float32 [B], NaN for the class `noise` and where a recording does not say it.
        signals: what the signal modalities show where that is not the waveforms themselves: the
            same names to complex64 [B, frame length], without NaN.
        power_normalisation: the recipe's.
    """

    waveforms: dict[str, Tensor]
    class_index: Tensor
    snr_db: Tensor
    signals: dict[str, Tensor] | None = None
    power_normalisation: Literal["unit", "none"] = "unit"

    def to(self, device: torch.device) -> Batch:
        def moved(waves: dict[str, Tensor]) -> dict[str, Tensor]:
            return {name: wave.to(device, non_blocking=True) for name, wave in waves.items()}

        return Batch(
            moved(self.waveforms),
            self.class_index.to(device, non_blocking=True),
            self.snr_db.to(device, non_blocking=True),
            None if self.signals is None else moved(self.signals),
            self.power_normalisation,
        )

    def __len__(self) -> int:
        return len(self.class_index)


def split_seed(seed: int, split: str) -> int:
    """The seed of a split: "pretrain", "train", "validation" and "test" never share an item.

    Raises:
        DenomaeError: a seed outside of 0 .. 2^31 - 1.
    """
    if not 0 <= seed <= HIGHEST_SEED:
        raise DenomaeError(f"the seed is {seed}; wanted 0 to {HIGHEST_SEED}")
    return (seed << 32) | zlib.crc32(split.encode())


def make_batch(recipe: Recipe, seed: int, first: int, size: int) -> Batch:
    """Items first .. first + size - 1 of a recipe."""
    return collect([synthesize(recipe, seed, first + i) for i in range(size)], recipe)


def collect(items: Sequence[Item | Recorded], recipe: Recipe) -> Batch:
    """Frames as a batch that shows them as a recipe shows its own.

    Args:
        items: of the recipe, or cut from recordings; class indices are the recipe's.
        recipe: says what the signal modalities show, and how inputs are scaled.
    """
    whole = all(isinstance(item, Item) for item in items)
    names = ("noisy", "clean", "noise") if whole else ("noisy",)
    waves = {name: [getattr(item, name) for item in items] for name in names}
    shown = {name: [recipe.signal(wave) for wave in waves[name]] for name in waves}
    same = all(s is w for name in waves for s, w in zip(shown[name], waves[name], strict=True))
    return Batch(
        {name: torch.from_numpy(_stacked(waves[name])) for name in waves},
        torch.tensor([item.class_index for item in items]),
        torch.tensor([item.snr_db for item in items], dtype=torch.float32),
        None if same else {name: torch.from_numpy(np.stack(shown[name])) for name in shown},
        recipe.power_normalisation,
    )


def _stacked(waves: Sequence[np.ndarray]) -> np.ndarray:
    """Waveforms of any lengths as complex64 [B, longest], the shorter ones followed by NaN."""
    stacked = np.full((len(waves), max(map(len, waves))), np.nan, dtype=np.complex64)
    for row, wave in zip(stacked, waves, strict=True):
        row[: len(wave)] = wave
    return stacked


def batches(
    source: Recipe | Source, seed: int, size: int, first: int, end: int, workers: int
) -> Iterator[Batch]:
    """Batches number `first` .. `end` - 1; batch k holds items k * size .. (k + 1) * size - 1.

    Args:
        source: what the items are of: a recipe, or another source, such as recordings.
        workers: processes that work ahead; 0 makes each batch when it is asked for.
    """
    yield from made_ahead(partial(_batch, source, seed, size), first, end, workers)


def _batch(source: Recipe | Source, seed: int, size: int, number: int) -> Batch:
    if isinstance(source, Recipe):
        return make_batch(source, seed, number * size, size)
    return source.batch(seed, number * size, size)


def made_ahead(
    make: Callable[[int], Made], first: int, end: int, workers: int, ahead: int = 8
) -> Iterator[Made]:
    """make(first) .. make(end - 1), in order.

    Args:
        workers: processes of one thread each that make them, `ahead` each before they are asked
            for; 0: each is made here, when it is asked for.
    """
    yield from DataLoader(
        _Numbered(make),
        sampler=range(first, end),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=ahead if workers else None,
        worker_init_fn=_one_thread,
    )


class _Numbered(Dataset):
    def __init__(self, make: Callable[[int], object]) -> None:
        self.make = make

    def __getitem__(self, number: int) -> object:
        return self.make(number)


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
