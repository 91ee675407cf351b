# SPDX-License-Identifier: GPL-3.0-or-later
"""What a classifier says of frames, on the way that a live engine takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from denomae.checkpoint import CheckpointConfig, load_model, read_config
from denomae.errors import DenomaeError
from denomae.forward import Forward
from denomae.frames import checked
from denomae.refusal import refuses, scorer

_AT_ONCE = 32


@dataclass(frozen=True)
class Said:
    """Answers to F frames.

    Attributes:
        logits: float32 [F, classes], as the head gives them.
        snr_db: float32 [F], the head's estimate.
        features: float32 [F, width], the mean of the encoder's tokens.
    """

    logits: Tensor
    snr_db: Tensor
    features: Tensor

    def __len__(self) -> int:
        return len(self.logits)


class Subject:
    """The checkpoint that is judged.

    Args:
        checkpoint: its folder.
        device, precision: where and how it computes.

    Raises:
        DenomaeError: it cannot be read, or is no classifier.
    """

    def __init__(self, checkpoint: Path, device: torch.device, precision: torch.dtype) -> None:
        config = read_config(checkpoint)
        if config.kind != "classifier":
            raise DenomaeError(
                f"{checkpoint} is a {config.kind} checkpoint; wanted a classifier, whose answers "
                "can be judged; fine-tune it first (denomae-train finetune)"
            )
        self.config: CheckpointConfig = config
        self._device = device
        self._forward = Forward(load_model(checkpoint, config), config, device, precision)
        families = self._forward.family_names
        self.families = tuple(families)
        self._family_of = np.array([families.index(config.families[n]) for n in config.classes])

    @property
    def frame_length(self) -> int:
        return self.config.architecture.frame_length

    @torch.inference_mode()
    def asked(self, frames: np.ndarray) -> Said:
        """Answers to frames complex64 [F, N] at any power.

        Raises:
            DenomaeError: frames of another shape, or with NaN, infinity or nothing but zeros.
        """
        model = self._forward.model
        frames = checked(np.ascontiguousarray(frames), self.frame_length)
        logits, snr_db, features = [], [], []
        for first in range(0, len(frames), _AT_ONCE):
            part = torch.from_numpy(frames[first : first + _AT_ONCE]).to(self._device)
            tokens = model.tokens(self._forward.inputs(part))
            verdict = model.head(tokens)
            logits.append(verdict.logits.float().cpu())
            snr_db.append(verdict.snr_db.float().cpu())
            features.append(model.head.pooled(tokens).float().cpu())
        if not logits:
            width = self.config.architecture.width
            return Said(
                torch.empty(0, len(self.config.classes)), torch.empty(0), torch.empty(0, width)
            )
        return Said(torch.cat(logits), torch.cat(snr_db), torch.cat(features))

    def probabilities(self, said: Said) -> np.ndarray:
        """Calibrated: float64 [F, classes]."""
        scaled = said.logits.double() / self.config.calibration.temperature
        return scaled.softmax(1).numpy()

    def family_probabilities(self, said: Said) -> np.ndarray:
        """Sums over each family's classes: float64 [F, families]."""
        members = np.eye(len(self.families))[self._family_of]
        return self.probabilities(said) @ members

    @property
    def score(self) -> str:
        """By what it refuses strong frames."""
        refusal = self.config.calibration.refusal
        return refusal.score if refusal else "probability"

    def refuses(self, said: Said) -> np.ndarray:
        """Which frames its own thresholds make unknown: bool [F]."""
        calibration = self.config.calibration
        probabilities = self.probabilities(said)
        named = self.family_index(probabilities.argmax(1))
        is_noise = np.array([family == "noise" for family in self.families])[named]
        score = scorer(calibration.refusal, calibration.temperature)(said.logits).numpy()
        return refuses(
            calibration.refusal,
            calibration.threshold,
            probabilities.max(1),
            score,
            said.snr_db.numpy(),
            is_noise,
        )

    def family_index(self, classes: np.ndarray) -> np.ndarray:
        """The family number of class numbers."""
        return self._family_of[classes]
