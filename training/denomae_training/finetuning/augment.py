# SPDX-License-Identifier: GPL-3.0-or-later
"""Augmentation: a frame under another carrier phase is a new frame of the same class."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from denomae_training.data.source import Recorded, Source, generator
from denomae_training.feeds.feed import Made
from denomae_training.signals.dataset import Batch
from denomae_training.signals.item import Item


class Remembered(Source):
    """The items of a set, made once and kept as waveforms."""

    def __init__(self, source: Source, seed: int) -> None:
        super().__init__(source.recipe)
        self.source, self.seed, self.size = source, seed, source.size
        self._items = source.items(seed, range(source.size))

    @property
    def classes(self) -> frozenset[str]:
        return self.source.classes

    def items(self, seed: int, indices: Sequence[int]) -> list[Item | Recorded]:
        return [self._items[index] for index in indices]

    def class_indices(self, seed: int, indices: Sequence[int]) -> np.ndarray:
        return np.array([self._items[index].class_index for index in indices], np.int64)


class Turned(Made):
    """Each frame under a carrier phase of its own each time it is seen, ahead of every modality.

    The phase is a function of the seed, of the batch's number and of the frame's row in it.
    """

    def batch(self, number: int) -> Batch:
        batch = super().batch(number)
        phases = 2 * math.pi * generator(self.seed, "phase", number).random(self.order.size)
        return turned(batch, torch.from_numpy(phases)[self.share.rows(self.order.size)])


def turned(batch: Batch, phases: Tensor) -> Batch:
    """A batch whose frames are turned: by float64 [B], in radians."""
    phasors = torch.polar(torch.ones_like(phases), phases).to(torch.complex64)[:, None]

    def all_of(waves: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: wave * phasors for name, wave in waves.items()}

    return Batch(
        all_of(batch.waveforms),
        batch.class_index,
        batch.snr_db,
        None if batch.signals is None else all_of(batch.signals),
        batch.power_normalisation,
    )
