# SPDX-License-Identifier: GPL-3.0-or-later
"""A moving average of the weights, which is often better than the last of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Exponential moving average of a model's state.

    After step t (from 1) the average keeps min(decay, (1 + t) / (10 + t)) of itself, so that the
    first weights, which are random, are soon forgotten. Source of the rise: TensorFlow's
    `ExponentialMovingAverage`.

    Attributes:
        values: the names of the model's state to their averages. Counters are copied.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after step `step`, counted from 1."""
        keep = min(self.decay, (1 + step) / (10 + step))
        mean: list[Tensor] = []
        new: list[Tensor] = []
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                mean.append(self.values[name])
                new.append(value)
            else:
                self.values[name].copy_(value)
        torch._foreach_lerp_(mean, new, 1 - keep)

    def load(self, values: dict[str, Tensor]) -> None:
        """Take over an average that was kept, of the same model."""
        for name, value in self.values.items():
            value.copy_(values[name])

    @contextmanager
    def shown(self, model: nn.Module) -> Iterator[None]:
        """The model has the averages inside, and its own weights again behind."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.values)
        try:
            yield
        finally:
            model.load_state_dict(own)
