# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks that recognise modulations: `from gnuradio import denomae`."""

from __future__ import annotations

from . import receivers
from .classifier import denomae_classifier
from .denomae_python import drop_policy, frame_sampler
from .label_publisher import denomae_label_publisher

__all__ = [
    "denomae_classifier",
    "denomae_label_publisher",
    "drop_policy",
    "frame_sampler",
    "receivers",
]
