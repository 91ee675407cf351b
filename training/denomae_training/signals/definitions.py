# SPDX-License-Identifier: GPL-3.0-or-later
"""What defines the waveform of a class, as data: what proofs, limits and modulators all read.

A value of None is drawn anew for each frame; the frame's `Drawn` then holds it under the same name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

PulseName = Literal["root_raised_cosine", "rectangle"]


@dataclass(frozen=True, eq=False)
class Linear:
    """Independent, equiprobable symbols behind a pulse: x(u) = sum over k of a[k] p(u - k).

    With `offset` the imaginary part lags behind: Re a[k] is at u = k, Im a[k] at u = k + offset.
    With `rotation` symbol k is turned by k times that angle (counted from the frame's first
    symbol, plus `turns` of the frame's Drawn). Differential coding of equiprobable symbols gives
    the same waveforms as plain symbols; `differential` says how a receiver reads the bits.

    Attributes:
        points: complex64 [M] of unit mean power.
        pulse: `root_raised_cosine`, of unit energy a symbol, cut at pulses.SPAN symbols on either
            side; or `rectangle`, one symbol long.
        rolloff: of the root raised cosine; of a rectangle, how much of a symbol each edge takes.
        offset: symbols by which the imaginary part lags.
        rotation: radians a symbol.
        differential: the data are in the step from one symbol to the next.
    """

    points: np.ndarray
    pulse: PulseName = "root_raised_cosine"
    rolloff: float | None = None
    offset: float = 0.0
    rotation: float = 0.0
    differential: bool = False


@dataclass(frozen=True)
class ContinuousPhase:
    """Frequency shift keying of continuous phase: each symbol turns the phase by pi * h * level.

    The phase is pi * h * sum over k of a[k] q(u - k), where q rises from 0 to 1 around 0.

    Attributes:
        index: the modulation index h.
        bandwidth_time: of the Gaussian filter; None: rectangular frequency pulses.
        levels: of the equiprobable symbols: odd integers around 0.
    """

    index: float | None
    bandwidth_time: float | None = None
    levels: tuple[int, ...] = (-1, 1)


Definition = Linear | ContinuousPhase
