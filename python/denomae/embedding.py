# SPDX-License-Identifier: GPL-3.0-or-later
"""Embeddings: one vector a frame, for one's own head, for clustering, for neighbours."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from denomae.forward import Forward
from denomae.lanes import lane_for
from denomae.runner import Runner


class Embedder:
    """Runs the encoder of a classifier, with the classifier's own weights, on batches of frames.

    An embedding is the mean of all tokens behind the encoder's norm: what the head gets, before the
    head's own norm.

    Args:
        forward: of the classifier.
        device: where it lies.
        frame_length: samples in a frame.
        batch_size: most frames computed at once.
    """

    def __init__(
        self, forward: Forward, device: torch.device, frame_length: int, batch_size: int
    ) -> None:
        self._warm = False
        self.width = forward.model.architecture.width
        lane = lane_for(device, batch_size, frame_length, self.width)
        self._runner = Runner(_Means(forward), lane, device, frame_length, batch_size)

    def warm_up(self) -> None:
        """As `Engine.warm_up`, for embeddings; a second call does nothing."""
        if self._warm:
            return
        self._warm = True
        self._runner.prepare()
        self(self._runner.noise())

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """float32 [B, width] of frames complex64 [B, N] in one block of memory, unchecked."""
        return self._runner.rows(frames, self.width)


class _Means:
    """The function of a batch. It is no method of the embedder: in that circle the weights would
    stay on the device until a garbage collection."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward

    def __call__(self, frames: Tensor) -> Tensor:
        model = self._forward.model
        return model.head.pooled(model.tokens(self._forward.inputs(frames)))
