# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise modulations in IQ samples with a denoising masked autoencoder.

For example:

    engine = denomae.Engine.load()
    labels = engine.classify(frames)  # complex64 [B, engine.frame_length]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "DenoisingEngine",
    "DenomaeError",
    "Engine",
    "Label",
    "Place",
    "__version__",
    "captures",
]

if TYPE_CHECKING:
    from denomae import captures
    from denomae.denoising import DenoisingEngine
    from denomae.engine import Engine
    from denomae.errors import DenomaeError
    from denomae.labels import Label, Place

_HOMES = {
    "DenoisingEngine": "denoising",
    "DenomaeError": "errors",
    "Engine": "engine",
    "Label": "labels",
    "Place": "labels",
}


def __getattr__(name: str) -> Any:
    # torch takes seconds to import; a program that only reads labels need not wait for it
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"denomae.{_HOMES[name]}"), name)
    if name == "captures":
        return import_module("denomae.captures")
    raise AttributeError(f"module 'denomae' has no attribute {name!r}")
