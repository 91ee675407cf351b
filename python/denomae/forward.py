# SPDX-License-Identifier: GPL-3.0-or-later
"""What is computed for each batch on the device: IQ in, one row of numbers a frame out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from denomae.checkpoint import CheckpointConfig
from denomae.modalities import MODALITIES, build, power_scale, scaled, unit_power
from denomae.model.classifier import Classifier
from denomae.model.denoiser import Denoiser
from denomae.model.encoder import unpatchify
from denomae.occupied import occupied_bandwidth
from denomae.refusal import scorer


class Compute(Protocol):
    """A function of a batch. Nothing in it looks at a value, so a CUDA graph can hold all of it."""

    row_length: int

    def __call__(self, frames: Tensor) -> Tensor:
        """Rows float32 [B, row length] of frames complex64 [B, N], finite and not all zero."""


class Forward:
    """Power, modalities, model and calibration as one function of a batch.

    A row holds the calibrated probabilities of the classes, those of the families, the score by
    which strong frames are refused, the bandwidth in cycles a sample, and the SNR in dB, so that
    one transfer brings everything back.
    With precision bf16 the encoder's weights, tokens and sums are bf16, while image, head and
    probabilities stay float32.
    """

    def __init__(
        self,
        model: Classifier,
        config: CheckpointConfig,
        device: torch.device,
        precision: torch.dtype,
    ) -> None:
        self.device = device
        self.model = model.to(device).eval()
        self.model.encoder.to(precision)
        self.family_names = list(dict.fromkeys(config.families[name] for name in config.classes))
        self.row_length = len(config.classes) + len(self.family_names) + 3
        calibration = config.calibration
        self._score = scorer(calibration.refusal, calibration.temperature, device)
        self._class_count = len(config.classes)
        self._config = config
        self._precision = precision
        self._unit = config.power_normalisation == "unit"
        members = [
            [config.families[name] == family for family in self.family_names]
            for name in config.classes
        ]
        self._membership = torch.tensor(
            members, dtype=torch.float32, device=device
        )  # [classes, families]

    def __call__(self, frames: Tensor) -> Tensor:
        """Rows float32 [B, row length] of frames complex64 [B, N], finite and not all zero."""
        scaled = unit_power(frames)
        width = occupied_bandwidth(scaled)
        verdict = self.model(self._built(scaled if self._unit else frames))
        classes = (verdict.logits / self._config.calibration.temperature).softmax(1)
        families = classes @ self._membership
        score = self._score(verdict.logits)
        rest = torch.stack([score, width, verdict.snr_db], 1)
        return torch.cat([classes, families, rest], 1)

    def inputs(self, frames: Tensor) -> dict[str, Tensor]:
        """What the model is given of frames complex64 [B, N], finite and not all zero."""
        return self._built(unit_power(frames) if self._unit else frames)

    def _built(self, frames: Tensor) -> dict[str, Tensor]:
        """Modalities of frames at the model's own scale."""
        inputs = build({"noisy": frames}, self._config.modalities, self._config.architecture.image)
        return {name: values.to(self._precision) for name, values in inputs.items()}

    def split(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The parts of rows: classes [B, classes], families [B, families], SNR in dB [B]."""
        classes, families, rest = np.split(rows, [self._class_count, self.row_length - 3], axis=1)
        return classes, families, rest[:, 2]

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """The score of rows by which strong frames are refused: float32 [B]."""
        return rows[:, -3]

    def bandwidths(self, rows: np.ndarray) -> np.ndarray:
        """The bandwidth of rows in cycles a sample: float32 [B]; see `occupied_bandwidth`."""
        return rows[:, -2]


class DenoiserForward:
    """Power, modalities, model and power again as one function of a batch.

    A row holds I and Q of the N denoised samples in turn, at the power at which they came, and the
    SNR in dB: nan where the model has no head. With precision bf16 encoder and decoder are bf16,
    while the filter, which the decoder only corrects, the head and all sums stay float32.

    Args:
        model: with a decoder for `noisy_signal`.
    """

    NAME = "noisy_signal"

    def __init__(
        self,
        model: Denoiser,
        config: CheckpointConfig,
        device: torch.device,
        precision: torch.dtype,
    ) -> None:
        self.model = model.to(device).eval()
        self.model.encoder.to(precision)
        self.model.decoders.to(precision)
        self.row_length = 2 * config.architecture.frame_length + 1
        self._config = config

    def __call__(self, frames: Tensor) -> Tensor:
        """See `Compute`."""
        architecture = self._config.architecture
        scale = power_scale(frames)
        if self._config.power_normalisation != "unit":
            scale = torch.ones_like(scale)
        views = build({"noisy": scaled(frames, scale)}, self._config.modalities, architecture.image)
        encoded = self.model.encode(views)
        patches = self.model.reconstruct(views, encoded)[self.NAME]
        signal = unpatchify(MODALITIES[self.NAME].target, patches.float(), architecture)
        samples = (signal.transpose(1, 2).flatten(1) / scale).float()  # [B, 2N]
        return torch.cat([samples, self._snr_db(encoded)], 1)

    def _snr_db(self, encoded: dict[str, Tensor]) -> Tensor:
        """float32 [B, 1]."""
        tokens = torch.cat(list(encoded.values()), 1)
        if self.model.head is None:
            return tokens.new_full((len(tokens), 1), torch.nan, dtype=torch.float32)
        return self.model.head(tokens).snr_db[:, None]

    @staticmethod
    def split(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The parts of rows: samples complex64 [B, N], SNR in dB float32 [B]."""
        samples = np.ascontiguousarray(rows[:, :-1]).view(np.complex64)
        return samples, rows[:, -1]
