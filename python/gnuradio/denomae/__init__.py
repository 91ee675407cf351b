# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks that recognise modulations: `from gnuradio import denomae`."""

from __future__ import annotations

from . import receivers
from .classifier import classifier
from .constellation_image import constellation_image
from .denoiser import denoiser
from .denomae_python import drop_policy, frame_sink, rate_adapter
from .encoder import encoder
from .engine import engine
from .frame_sampler import frame_sampler
from .label_display import label_display
from .label_publisher import label_publisher
from .label_subscriber import label_subscriber
from .sigmf_recorder import sigmf_recorder

__all__ = [
    "classifier",
    "constellation_image",
    "denoiser",
    "drop_policy",
    "encoder",
    "engine",
    "frame_sampler",
    "frame_sink",
    "label_display",
    "label_publisher",
    "label_subscriber",
    "rate_adapter",
    "receivers",
    "sigmf_recorder",
]
