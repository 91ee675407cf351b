# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks that recognise modulations: `from gnuradio import denomae`."""

from __future__ import annotations

from . import receivers
from .classifier import classifier
from .denoiser import denoiser
from .denomae_python import drop_policy, frame_sink, rate_adapter
from .label_publisher import label_publisher

__all__ = [
    "classifier",
    "denoiser",
    "label_publisher",
    "drop_policy",
    "frame_sink",
    "rate_adapter",
    "receivers",
]
