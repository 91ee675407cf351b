# SPDX-License-Identifier: GPL-3.0-or-later
"""What a classifier said of many frames, beside the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Outcome:
    """Answers and truth of a set of frames: logits float32 [F, classes], the others [F].

    Attributes:
        snr_estimate_db, snr_db: the latter is NaN where a frame has none.
        asked_snr_db: at which SNR a frame was asked for, also where it has none; None: `snr_db`.
    """

    logits: Tensor
    snr_estimate_db: Tensor
    class_index: Tensor
    snr_db: Tensor
    asked_snr_db: Tensor | None = None

    @property
    def named(self) -> Tensor:
        """The class with the largest logit: int64 [F]."""
        return self.logits.argmax(1)

    @property
    def right(self) -> Tensor:
        return self.named == self.class_index

    @property
    def accuracy(self) -> float:
        return self.right.float().mean().item()

    @property
    def cells(self) -> Tensor:
        """The SNR under which each frame is counted: float32 [F]."""
        return self.snr_db if self.asked_snr_db is None else self.asked_snr_db

    def part(self, which: Tensor) -> Outcome:
        """The frames that a mask or their numbers choose."""
        asked = None if self.asked_snr_db is None else self.asked_snr_db[which]
        return Outcome(
            self.logits[which],
            self.snr_estimate_db[which],
            self.class_index[which],
            self.snr_db[which],
            asked,
        )

    def __len__(self) -> int:
        return len(self.class_index)


def confusion(outcome: Outcome, class_count: int) -> np.ndarray:
    """Counts int64 [true class, named class]."""
    pairs = outcome.class_index * class_count + outcome.named
    return torch.bincount(pairs, minlength=class_count**2).view(class_count, class_count).numpy()
