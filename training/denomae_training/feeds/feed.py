# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples by number: made by worker processes as they are wanted, or kept in memory.

Sample k is the same whenever and wherever it is asked for, so that a resumed run sees what an
uninterrupted one would have seen, and several processes share one batch by its rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from denomae.model.presets import Architecture
from denomae_training.data.source import Source
from denomae_training.feeds.order import Order
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.feeds.whole import keep_bytes, set_bytes, whole
from denomae_training.signals.dataset import Batch, collect, made_ahead

_BUILD_AT_ONCE = 250


@dataclass(frozen=True)
class Share:
    """One process's part of the work: number `rank` of `ranks`."""

    rank: int = 0
    ranks: int = 1

    def rows(self, size: int) -> slice:
        """Its rows of a batch, which divides evenly."""
        each = size // self.ranks
        return slice(self.rank * each, (self.rank + 1) * each)


class Feed(ABC):
    """Samples of one source under one seed."""

    def __init__(self, source: Source, seed: int, order: Order, share: Share) -> None:
        self.source, self.seed, self.order, self.share = source, seed, order, share

    @abstractmethod
    def samples(self, first: int, end: int) -> Iterator[Sample]:
        """Samples number `first` .. `end` - 1, this process's rows of each."""

    def _indices(self, number: int) -> np.ndarray:
        return self.order.batch(number)[self.share.rows(self.order.size)]


class Made(Feed):
    """Items are made when they are wanted, by worker processes that work ahead."""

    def __init__(
        self,
        source: Source,
        seed: int,
        names: tuple[str, ...],
        architecture: Architecture,
        order: Order,
        device: torch.device,
        workers: int = 0,
        share: Share = Share(),
    ) -> None:
        super().__init__(source, seed, order, share)
        self.names, self.architecture = names, architecture
        self.device, self.workers = device, workers

    def samples(self, first: int, end: int) -> Iterator[Sample]:
        rows, whole = self.share.rows(self.order.size), self.order.size
        for batch in made_ahead(self.batch, first, end, self.workers):
            made = sample_of(batch.to(self.device), self.names, self.architecture)
            yield Sample(made.views, made.class_index, made.snr_db, rows, whole)

    def batch(self, number: int) -> Batch:
        """This process's frames of one batch."""
        items = self.source.items(self.seed, self._indices(number).tolist())
        return collect(items, self.source.recipe)


class Kept(Feed):
    """Items 0 .. set_size - 1, built once and kept on the device."""

    def __init__(
        self,
        source: Source,
        seed: int,
        names: tuple[str, ...],
        architecture: Architecture,
        order: Order,
        device: torch.device,
        share: Share = Share(),
    ) -> None:
        """
        Raises:
            DenomaeError: they do not fit into the device's memory.
        """
        super().__init__(source, seed, order, share)
        parts = (
            sample_of(
                collect(source.items(seed, range(k, end)), source.recipe).to(device),
                names,
                architecture,
            )
            for k in range(0, order.set_size, _BUILD_AT_ONCE)
            for end in (min(k + _BUILD_AT_ONCE, order.set_size),)
        )
        size = set_bytes(names, architecture, order.set_size)
        kept = whole(parts, order.set_size, size, device)
        self._views, self._class_index, self._snr_db = kept.views, kept.class_index, kept.snr_db

    def samples(self, first: int, end: int) -> Iterator[Sample]:
        rows, whole = self.share.rows(self.order.size), self.order.size
        for number in range(first, end):
            index = torch.from_numpy(self._indices(number)).to(self._class_index.device)
            views = {name: values[index] for name, values in self._views.items()}
            yield Sample(views, self._class_index[index], self._snr_db[index], rows, whole)

    def each(self, size: int) -> Iterator[Sample]:
        """Every item once, in order; the last sample may be smaller."""
        for start in range(0, self.order.set_size, size):
            part = slice(start, min(start + size, self.order.set_size))
            count = part.stop - part.start
            views = {name: values[part] for name, values in self._views.items()}
            truth: tuple[Tensor, Tensor] = self._class_index[part], self._snr_db[part]
            yield Sample(views, *truth, slice(0, count), count)


def feed_of(
    source: Source,
    seed: int,
    names: tuple[str, ...],
    architecture: Architecture,
    order: Order,
    device: torch.device,
    workers: int = 0,
    share: Share = Share(),
) -> Feed:
    """Kept where the order goes over a set that fits into `keep_bytes`, else made."""
    size = set_bytes(names, architecture, order.set_size)
    if order.set_size and size <= keep_bytes(device):
        return Kept(source, seed, names, architecture, order, device, share)
    return Made(source, seed, names, architecture, order, device, workers, share)
