# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of encoders that can stand before a head, by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from denomae.errors import DenomaeError
from denomae.model.encoder import Encoder
from denomae.model.initialise import initialise
from denomae.model.presets import Architecture
from denomae_training.rivals.cnn import CnnEncoder
from denomae_training.rivals.conv import ConvEncoder

ENCODERS: dict[str, Callable[[Architecture, tuple[str, ...]], nn.Module]] = {
    "vit": Encoder,
    "cnn": CnnEncoder,
    "conv": ConvEncoder,
}


def make_encoder(kind: str, architecture: Architecture, modalities: tuple[str, ...]) -> nn.Module:
    """A new encoder, with its first weights.

    Raises:
        DenomaeError: there is no such kind, or it cannot read these modalities.
    """
    if kind not in ENCODERS:
        raise DenomaeError(f"no encoder {kind!r}; wanted one of {list(ENCODERS)}")
    encoder = ENCODERS[kind](architecture, modalities)
    initialise(encoder)  # dense layers and norms; convolutions have theirs
    return encoder


def kind_of(encoder: nn.Module) -> str:
    """The name of an encoder's kind."""
    return next(kind for kind, made in ENCODERS.items() if type(encoder) is made)
