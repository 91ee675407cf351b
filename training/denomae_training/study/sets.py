# SPDX-License-Identifier: GPL-3.0-or-later
"""The study's sets of pictures by name."""

from __future__ import annotations

from pathlib import Path

from denomae.errors import DenomaeError
from denomae_training.study.pictures import PictureSet, digits


def open_set(data: str, folder: Path | None, seed: int) -> PictureSet:
    """A set of pictures.

    Args:
        folder: where files of MNIST or CIFAR-10 lie; not asked for digits.
        seed: of colour jitter.
    """
    if data == "digits":
        return digits()
    raise DenomaeError("not there yet")
