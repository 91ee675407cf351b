# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in batches for the training loop, shuffled anew in each round."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from denomae_training.feeds.feed import Feed, Share
from denomae_training.feeds.order import Order
from denomae_training.feeds.sample import Sample
from denomae_training.study.objectives import IMAGE
from denomae_training.study.pictures import Pictures


@dataclass(frozen=True)
class Named:
    """What an error says that pictures are of."""

    name: str

    @property
    def recipe(self) -> Named:
        return self


class PictureFeed(Feed):
    """Pictures in memory; one process alone."""

    def __init__(self, pictures: Pictures, name: str, order: Order, device: torch.device) -> None:
        super().__init__(Named(name), order.seed, order, Share())
        self.images = pictures.images.to(device)
        self.class_index = pictures.class_index.to(device)

    def samples(self, first: int, end: int) -> Iterator[Sample]:
        """Samples number `first` to `end` - 1."""
        size = self.order.size
        for number in range(first, end):
            index = torch.from_numpy(self.order.batch(number)).to(self.images.device)
            views = {IMAGE: self.images[index]}
            unknown = torch.full((size,), torch.nan, device=self.images.device)
            yield Sample(views, self.class_index[index], unknown, slice(0, size), size)
