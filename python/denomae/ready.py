# SPDX-License-Identifier: GPL-3.0-or-later
"""What all engines share: a model on a device, and frames through it in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import torch

from denomae.checkpoint import CheckpointConfig, read_config
from denomae.device import choose_device, default_threads
from denomae.errors import CheckpointError, DenomaeError
from denomae.forward import Compute
from denomae.lanes import lane_for
from denomae.runner import Runner


class Ready(ABC):
    """A model that is ready to run. It may be used from any one thread at a time."""

    def __init__(
        self,
        forward: Compute,
        config: CheckpointConfig,
        digest: str,
        device: torch.device,
        precision: torch.dtype,
        batch_size: int,
    ) -> None:
        self.config = config
        self.device = device
        self.precision = precision
        self.max_batch = batch_size
        self.model_name = f"{config.name} {digest[:12]}"
        n = config.architecture.frame_length
        lane = lane_for(device, batch_size, n, forward.row_length)
        self._row_length = forward.row_length
        self._runner = Runner(forward, lane, device, n, batch_size)

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        return self.config.architecture.frame_length

    @property
    def samples_per_symbol(self) -> tuple[float, float]:
        """The range of samples a symbol that the model was trained on."""
        return self.config.samples_per_symbol

    def warm_up(self) -> None:
        """Run full batches of noise, so that the first real frame does not wait for caches.

        On a GPU this also records CUDA graphs of several batch sizes, which start in a fraction of
        the time: it takes seconds, and is worth it for all that runs live.
        """
        self._runner.prepare()
        self._run(self._runner.noise())

    def _rows(self, frames: np.ndarray) -> np.ndarray:
        """The rows of checked frames, float32 [B, K]."""
        return self._runner.rows(frames, self._row_length)

    @abstractmethod
    def _run(self, frames: np.ndarray) -> None:
        """Do all that is done with frames."""


def config_of(folder: Path, kind: str, advice: str) -> CheckpointConfig:
    """The record of a checkpoint that must be of a kind.

    Raises:
        CheckpointError: it is of another, with `advice` how to come by one; or as `read_config`.
    """
    config = read_config(folder)
    if config.kind != kind:
        raise CheckpointError(f"{folder} is a {config.kind} checkpoint without a {kind}; {advice}")
    return config


def place_of(device: str, batch_size: int, threads: int | None) -> torch.device:
    """The device of an engine, its CPU threads set.

    Raises:
        DeviceError: the device is not there.
        DenomaeError: `batch_size` or `threads` is below 1.
    """
    if batch_size < 1:
        raise DenomaeError(f"the batch size is {batch_size}; wanted 1 or more")
    if threads is not None and threads < 1:
        raise DenomaeError(f"the number of threads is {threads}; wanted 1 or more")
    place = choose_device(device)
    if place.type == "cpu":
        torch.set_num_threads(threads or default_threads())
    return place
