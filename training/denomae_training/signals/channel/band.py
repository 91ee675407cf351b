# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter behind signal and noise alike: the channel filter of a receiver, or a decimator's.

What it leaves of the noise is not white. A model that never saw such noise takes it for a signal:
one that was trained on white noise alone called 42 of 60 empty frames behind a low-pass at 0.4 of
the sample rate `16qam`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from denomae_training.signals.front_end import TAPS, low_pass
from denomae_training.signals.item import Drawn

MARGIN = TAPS - 1
"""Samples that such a filter needs beyond those that it gives."""
_UNKNOWN = 0.36  # cutoff that leaves a signal of unknown width whole


@dataclass(frozen=True)
class Band:
    """From where such a filter is drawn.

    Attributes:
        share: of the frames.
        cutoff: of the filter, cycles a sample; never inside the signal's own band.
    """

    share: float = 0.3
    cutoff: tuple[float, float] = (0.12, 0.49)

    def draw(self, rng: np.random.Generator, half_band: float | None, drawn: Drawn) -> np.ndarray:
        """Taps float32 [TAPS].

        Args:
            half_band: from the band's middle to the edge of the signal, cycles a sample; None:
                unknown.
        """
        low, high = self.cutoff
        low = min(high, max(low, _UNKNOWN if half_band is None else half_band))
        cutoff = drawn["band_cutoff"] = low + (high - low) * rng.random()
        return low_pass(round(cutoff, 3))
