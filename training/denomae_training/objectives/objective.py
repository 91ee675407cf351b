# SPDX-License-Identifier: GPL-3.0-or-later
"""What every objective is: a model to train, the modalities it looks at, and a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from denomae.checkpoint import CheckpointConfig
from denomae.model.presets import Architecture
from denomae_training.feeds.sample import Sample


class Objective(ABC):
    """One way to train. A subclass is a frozen dataclass: its fields are what can be chosen.

    Attributes:
        needs: the modalities a sample must have, inputs and targets.
    """

    needs: tuple[str, ...]

    @abstractmethod
    def model(self, architecture: Architecture) -> nn.Module:
        """A new model; its `encoder` is what fine-tuning takes over."""

    def kept(self, model: nn.Module) -> tuple[str, nn.Module]:
        """What a checkpoint keeps of a trained model: its kind, and the part with the weights,
        which has an `architecture`."""
        return "pretrained", model

    def record(self, config: CheckpointConfig) -> CheckpointConfig:
        """The record of what is kept, from one that knows modalities and recipe alone."""
        return config

    @abstractmethod
    def loss(
        self, model: nn.Module, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The mean loss of a sample's rows, and its parts by name for the log.

        Args:
            generator: for what is drawn, masks above all; the same in every process.
            share: how much of the schedule is done, 0..1.
        """
