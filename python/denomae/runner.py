# SPDX-License-Identifier: GPL-3.0-or-later
"""How a batch runs on a device: at its own size, or within the next larger one that is recorded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from denomae.lanes import Lane, Take

_log = logging.getLogger(__name__)


def recorded_sizes(batch_size: int) -> list[int]:
    """Powers of two below the largest batch, and the largest batch: at most half is padding."""
    sizes = [2**power for power in range(batch_size.bit_length()) if 2**power < batch_size]
    return [*sizes, batch_size]


class Runner:
    """Runs batches of at most `batch_size` frames, in order.

    Args:
        compute: frames complex64 [B, N] on the device to rows float32 [B, K]; row i depends on
            frame i alone.
        lane: of the device.
        device: where the frames are to lie.
        frame_length: N.
        batch_size: the largest batch.
    """

    def __init__(
        self,
        compute: Callable[[Tensor], Tensor],
        lane: Lane,
        device: torch.device,
        frame_length: int,
        batch_size: int,
    ) -> None:
        self._compute = compute
        self._lane = lane
        self._device = device
        self._frame_length = frame_length
        self._batch_size = batch_size
        self._recorded: dict[int, Callable[[], Tensor]] = {}
        self._frames: Tensor | None = None  # what recorded work reads

    @property
    def recorded(self) -> tuple[int, ...]:
        """The sizes of recorded batches, ascending; empty: every batch runs at its own size."""
        return tuple(self._recorded)

    def prepare(self) -> None:
        """Run each size once and record it, where the device can; a second call does nothing."""
        if not self._lane.captures or self._recorded:
            return
        with self._lane.entered():
            self._frames = torch.from_numpy(self.noise()).to(self._device)
            recorded = {}
            for size in reversed(recorded_sizes(self._batch_size)):  # the largest needs most memory
                frames = self._frames[:size]
                for _ in range(2):  # tables, plans and work memory are made now
                    self._compute(frames)
                try:
                    recorded[size] = self._lane.capture(lambda frames=frames: self._compute(frames))
                except RuntimeError as error:
                    _log.warning(
                        "%s cannot record batches of %d frames (%s); they run on it unrecorded, "
                        "which takes longer for small batches",
                        self._device,
                        size,
                        str(error).strip().split("\n")[0],
                    )
                    return
        self._recorded = dict(sorted(recorded.items()))

    def start(self, frames: np.ndarray) -> Take:
        """Queue frames complex64 [B, N], B from 1 to the batch size.

        At most two batches may be under way: when a third is queued, the first is waited for.

        Returns:
            a function that waits and gives the rows float32 [B, K].
        """
        count = len(frames)
        with self._lane.entered():
            for size, again in self._recorded.items():
                if size >= count:
                    # Behind these lie noise or older frames; no frame sees another.
                    self._lane.upload(frames, self._frames[:count])
                    return self._lane.download(again()[:count])
            return self._lane.download(self._compute(self._lane.upload(frames, None)))

    def batches(self, frames: np.ndarray) -> Iterator[tuple[int, np.ndarray, Take]]:
        """Frames complex64 [B, N], B ≥ 0, in batches and in order: where each begins, its frames,
        and what waits for its rows.

        On a GPU the next batch is under way when one is given out.
        """
        before = None
        for start in range(0, len(frames), self._batch_size):
            part = frames[start : start + self._batch_size]
            now = start, part, self.start(part)
            if before is not None:
                yield before
            before = now
        if before is not None:
            yield before

    def rows(self, frames: np.ndarray, length: int) -> np.ndarray:
        """The rows of frames complex64 [B, N], B ≥ 0: float32 [B, K], K the `length` of each."""
        rows = [take() for _, _, take in self.batches(frames)]
        return np.concatenate([np.empty((0, length), np.float32), *rows])

    def noise(self) -> np.ndarray:
        """A full batch of noise, complex64 [batch size, N], to warm up with."""
        rng = np.random.default_rng(0)
        parts = rng.standard_normal((self._batch_size, self._frame_length, 2), dtype=np.float32)
        return parts.view(np.complex64)[..., 0]
