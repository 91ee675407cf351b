# SPDX-License-Identifier: GPL-3.0-or-later
"""One process, or several that share each batch: GPUs of one machine or of many.

`torchrun --nproc-per-node N -m denomae_training ...` starts N of them, and tells each its number by
the environment. Each takes its rows of every batch; gradients are averaged. Only the first writes,
and all read the run's folder when they go on, so it lies on a disk that all of them see.
"""

from __future__ import annotations

import atexit
import os
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta

import torch
from torch import Tensor, nn

from denomae_training.feeds.feed import Share

_PATIENCE = timedelta(hours=2)  # of the others, while the first process validates


def here() -> Share:
    """This process's part of the work, as `torchrun` said it; all of it without `torchrun`."""
    return Share(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))


def own_device(device: torch.device) -> torch.device:
    """Of several GPUs, the one that belongs to this process."""
    if device.type == "cuda" and device.index is None and here().ranks > 1:
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return device


class Group:
    """A process alone: nothing to share."""

    share = Share()

    @property
    def writes(self) -> bool:
        """Whether this process writes the run's folder."""
        return self.share.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module, with gradients that are averaged over the processes."""
        return module

    def apart(self, module: nn.Module) -> AbstractContextManager[None]:
        """Inside, gradients of a wrapped module are left to each process."""
        return nullcontext()

    def mean(self, values: Tensor) -> Tensor:
        """The mean over the processes."""
        return values

    def wait(self) -> None:
        """Until all processes are here."""


class Together(Group):
    """Several processes, through accelerate: NCCL between GPUs, gloo between CPUs."""

    def __init__(self, device: torch.device) -> None:
        from accelerate import (
            Accelerator,
            DistributedDataParallelKwargs,
            InitProcessGroupKwargs,
        )

        # a modality may have no visible token in a batch, and then its parameters no gradient
        unused = DistributedDataParallelKwargs(find_unused_parameters=True)
        patient = InitProcessGroupKwargs(timeout=_PATIENCE)
        self.share = here()
        self._accelerator = Accelerator(
            cpu=device.type == "cpu", mixed_precision="no", kwargs_handlers=[unused, patient]
        )
        atexit.register(self._accelerator.end_training)

    def wrap(self, module: nn.Module) -> nn.Module:
        return self._accelerator.prepare_model(module)

    def apart(self, module: nn.Module) -> AbstractContextManager[None]:
        return self._accelerator.no_sync(module)

    def wait(self) -> None:
        self._accelerator.wait_for_everyone()

    def mean(self, values: Tensor) -> Tensor:
        return self._accelerator.reduce(values.to(self._accelerator.device), reduction="mean")


def group_of(device: torch.device) -> Group:
    """Alone, or together with the processes that `torchrun` started."""
    return Together(device) if here().ranks > 1 else Group()
