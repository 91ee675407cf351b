# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks that recognise modulations: `from gnuradio import denomae`."""

from __future__ import annotations

from . import receivers
from .classifier import classifier
from .denomae_python import drop_policy, frame_sink
from .encoder import encoder
from .engine import engine
from .frame_sampler import frame_sampler
from .label_publisher import label_publisher
from .label_subscriber import label_subscriber

__all__ = [
    "classifier",
    "drop_policy",
    "encoder",
    "engine",
    "frame_sampler",
    "frame_sink",
    "label_publisher",
    "label_subscriber",
    "receivers",
]
