# SPDX-License-Identifier: GPL-3.0-or-later
"""One synthesized frame and its truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


class Drawn(dict[str, float]):
    """The parameters that were drawn for one frame, by name."""


@dataclass(frozen=True)
class Item:
    """One frame and its truth: complex64 [N] at one scale.

    Attributes:
        noisy: what a receiver hands over.
        clean: the signal after channel, offsets and linear front end, before noise; 0 for the
            class `noise`.
        noise: the white noise in the sampled bandwidth.
        class_index: in the recipe's order of classes.
        snr_db: mean power of `clean` over that of `noise`; NaN for the class `noise`.
        drawn: every other parameter that was drawn.
    """

    noisy: np.ndarray
    clean: np.ndarray
    noise: np.ndarray
    class_index: int
    snr_db: float
    drawn: Drawn
