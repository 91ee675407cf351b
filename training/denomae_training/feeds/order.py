# SPDX-License-Identifier: GPL-3.0-or-later
"""Which items make up batch k: without end, or a set of them over and over, shuffled each time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from denomae_training.data.source import generator


@dataclass(frozen=True)
class Order:
    """Batch k as the numbers of its items.

    Attributes:
        size: items in a batch.
        set_size: 0: items 0, 1, 2, … without end; else items 0 .. set_size - 1 in rounds, each
            round in an order of its own. A batch may hold the end of one round and the start of
            the next, so that all batches have one size.
        seed: of the shuffling.
    """

    size: int
    set_size: int = 0
    seed: int = 0

    def batch(self, number: int) -> np.ndarray:
        """int64 [size]."""
        places = np.arange(number * self.size, (number + 1) * self.size)
        if not self.set_size:
            return places
        rounds, places = np.divmod(places, self.set_size)
        shuffled = {k: self._round(int(k)) for k in np.unique(rounds)}
        return np.array([shuffled[k][p] for k, p in zip(rounds, places, strict=True)])

    def _round(self, number: int) -> np.ndarray:
        return generator(self.seed, "order", number).permutation(self.set_size)
