# SPDX-License-Identifier: GPL-3.0-or-later
"""What the likelihood classifier says of many frames."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Trials:
    """Frames of every class and their log likelihoods under every class.

    Attributes:
        log_likelihood: float64 [T, C]; what all classes of a frame share may be left out.
        truth: int [T].
        group: int [T], frames that share what was drawn for all of them; None: none do.
        views: other tables like `log_likelihood`, by what their classifier does otherwise.
    """

    log_likelihood: np.ndarray
    truth: np.ndarray
    group: np.ndarray | None = None
    views: dict[str, np.ndarray] = field(default_factory=dict)
