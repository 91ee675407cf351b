# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a batch onto a device and back: at once on the CPU, through pinned memory on a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

Take = Callable[[], np.ndarray]
"""Waits for a batch and gives its rows; may be called more than once."""


class Lane(Protocol):
    """What a runner asks of a device. Everything runs in the order in which it was asked for."""

    captures: bool
    """Whether work can be recorded, so that it starts again at next to no cost."""

    def entered(self) -> Iterator[None]:
        """A context in which work for this lane is done, without gradients."""

    def upload(self, frames: np.ndarray, into: Tensor | None) -> Tensor:
        """Bring complex64 [B, N] to the device, into the tensor given if there is one."""

    def download(self, rows: Tensor) -> Take:
        """Begin to bring float32 [B, K] back."""

    def capture(self, work: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """Record work that reads and writes tensors which stay; the answer runs it once more."""


class CpuLane:
    """Work on the CPU is done when it is asked for."""

    captures = False

    @contextmanager
    def entered(self) -> Iterator[None]:
        with torch.inference_mode():
            yield

    def upload(self, frames: np.ndarray, into: Tensor | None) -> Tensor:
        tensor = torch.from_numpy(frames)
        return tensor if into is None else into.copy_(tensor)

    def download(self, rows: Tensor) -> Take:
        taken = rows.numpy()
        return lambda: taken

    def capture(self, work: Callable[[], Tensor]) -> Callable[[], Tensor]:
        return work


class _Slot:
    """Pinned memory for the frames and the rows of one batch that is under way."""

    def __init__(self, batch_size: int, frame_length: int, row_length: int) -> None:
        self.frames = torch.empty(batch_size, frame_length, dtype=torch.complex64, pin_memory=True)
        self.rows = torch.empty(batch_size, row_length, pin_memory=True)
        # A waiting thread sleeps: to turn round would cost the radio a core.
        self.done = torch.cuda.Event(blocking=True)
        self.take: Take | None = None


class CudaLane:
    """A stream of its own on a GPU. Two batches may be under way: while one is computed, the next
    is copied to pinned memory and queued behind it, and the one before is made into labels."""

    captures = True

    def __init__(
        self, device: torch.device, batch_size: int, frame_length: int, row_length: int
    ) -> None:
        self._device = device
        with torch.cuda.device(device):
            torch.cuda.synchronize()  # the model came by another stream
            self._stream = torch.cuda.Stream()
            self._slots = [_Slot(batch_size, frame_length, row_length) for _ in range(2)]
            self._pool = torch.cuda.graph_pool_handle()

    @contextmanager
    def entered(self) -> Iterator[None]:
        with torch.cuda.device(self._device), torch.cuda.stream(self._stream):
            with torch.inference_mode():
                yield

    def upload(self, frames: np.ndarray, into: Tensor | None) -> Tensor:
        slot = self._slots[0]
        if slot.take is not None:
            slot.take()  # nobody took them yet: they would be overwritten
        staged = slot.frames[: len(frames)]
        staged.numpy()[...] = frames
        if into is None:
            return staged.to(self._device, non_blocking=True)
        return into.copy_(staged, non_blocking=True)

    def download(self, rows: Tensor) -> Take:
        slot = self._slots[0]
        staged = slot.rows[: len(rows)]
        staged.copy_(rows, non_blocking=True)
        slot.done.record(self._stream)
        taken: list[np.ndarray] = []

        def take() -> np.ndarray:
            if not taken:
                slot.done.synchronize()
                taken.append(staged.numpy().copy())
                slot.take = None
            return taken[0]

        slot.take = take
        self._slots.reverse()
        return take

    def capture(self, work: Callable[[], Tensor]) -> Callable[[], Tensor]:
        graph = torch.cuda.CUDAGraph()
        # Replays follow each other on one stream, so all graphs may share one pool of memory.
        # Other threads of the process may use the GPU meanwhile.
        with torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        ):
            rows = work()

        def replay() -> Tensor:
            graph.replay()
            return rows

        return replay


def lane_for(
    device: torch.device, batch_size: int, frame_length: int, row_length: int
) -> CpuLane | CudaLane:
    """The lane of a device."""
    if device.type == "cuda":
        return CudaLane(device, batch_size, frame_length, row_length)
    return CpuLane()
