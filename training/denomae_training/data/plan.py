# SPDX-License-Identifier: GPL-3.0-or-later
"""What a written set is, and what writes one of its formats."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from denomae_training.signals.item import Drawn
from denomae_training.signals.recipe import Recipe

SCHEMA = "denomae.set/1"
_RECORDINGS_LIMIT = 5000  # half of what a labelled set may have
_FRAMES_A_PART = 256


@dataclass(frozen=True)
class Frame:
    """Item `index` of a recipe as it is written: its noisy samples and its truth."""

    index: int
    samples: np.ndarray
    class_index: int
    snr_db: float
    drawn: Drawn


@dataclass(frozen=True)
class Plan:
    """What is in a set: items 0 .. frames - 1 of a recipe and a seed."""

    recipe: Recipe
    seed: int
    frames: int
    format: Literal["sigmf", "hdf5"] = "sigmf"

    @property
    def frames_a_part(self) -> int:
        """Frames that are written at once.

        In SigMF they are one recording. A set is split by recording, so that there are 20 or more
        of them where there are as many frames.
        """
        if self.format == "hdf5":
            return _FRAMES_A_PART
        most = min(_FRAMES_A_PART, max(1, self.frames // 20))
        return max(most, -(-self.frames // _RECORDINGS_LIMIT))

    @property
    def parts(self) -> int:
        return -(-self.frames // self.frames_a_part)

    @property
    def sampled(self) -> int:
        """Frames whose length tells how much room all of them need."""
        return min(self.frames, 64)

    def record(self) -> dict[str, Any]:
        """As the set keeps it, in JSON's own types."""
        record = {
            "schema": SCHEMA,
            "recipe": self.recipe.name,
            "seed": self.seed,
            "frames": self.frames,
            "format": self.format,
            "classes": self.recipe.classes,
            "frame_length": self.recipe.frame_length,
            "parameters": asdict(self.recipe),
        }
        return json.loads(json.dumps(record, default=float))


class Writer(ABC):
    """Writes the parts of a set into its folder. What raises OSError or CaptureError ends it."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder

    @staticmethod
    @abstractmethod
    def bytes_needed(plan: Plan, samples: float) -> float:
        """Of the whole set, for frames of so many samples on average."""

    @abstractmethod
    def done(self) -> int:
        """How many parts, from the first on, are whole in the folder, whatever was killed there."""

    @abstractmethod
    def write(self, part: int, frames: Sequence[Frame]) -> None:
        """Writes a part; all before it are there."""

    def finish(self) -> None:  # noqa: B027 - most formats have nothing to do
        """After the last part: takes away what only a resumption needs."""
