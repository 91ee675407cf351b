# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is spent on a check."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Effort:
    """How much is spent on a check.

    Attributes:
        symbols: in a stream.
        error_rates: at which E_s/N_0 is chosen; the smallest one times `symbols` is the least
            number of errors that is counted.
        noise_samples: of each recipe.
        seed: of everything that is drawn.
    """

    symbols: int = 120_000
    error_rates: tuple[float, ...] = (0.1, 0.05, 0.02)
    noise_samples: int = 400_000
    seed: int = 1

    def rng(self, *names: str) -> np.random.Generator:
        """A generator for the check of these names: no check depends on another one."""
        return np.random.default_rng([self.seed, zlib.crc32("/".join(names).encode())])


FULL = Effort()
QUICK = Effort(symbols=40_000, error_rates=(0.06,), noise_samples=100_000)
