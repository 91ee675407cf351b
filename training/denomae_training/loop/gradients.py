# SPDX-License-Identifier: GPL-3.0-or-later
"""The gradient of a batch: whole or in parts, alone or together with other processes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace

import torch
from torch import Tensor, nn

from denomae_training.feeds.sample import Sample
from denomae_training.loop.distributed import Group
from denomae_training.loop.faults import out_of_memory
from denomae_training.loop.log import numbers
from denomae_training.loop.schedule import Schedule
from denomae_training.objectives.objective import Objective


def seed_of(seed: int, purpose: str, number: int) -> int:
    """A seed for one draw of a run, of 32 bits: PyTorch's generator on a CPU takes no more.

    Args:
        seed: of the run.
        number: of the draw, as the step whose masks are drawn.
    """
    text = f"{seed} {purpose} {number}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "little")


class Gradients:
    """Fills in the gradients of a model's parameters."""

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        schedule: Schedule,
        seed: int,
        precision: torch.dtype,
        group: Group,
        compiled: bool,
    ) -> None:
        """
        Args:
            model: on its device.
            seed: of masks and of dropout.
            compiled: whether to compile the model.
        """
        self.model, self.schedule, self.seed, self.group = model, schedule, seed, group
        self.precision, self.device = precision, next(model.parameters()).device
        self.loss = group.wrap(_Loss(objective, model, compiled))

    def of(self, sample: Sample, step: int) -> dict[str, float]:
        """Leave the batch's gradient in the parameters; the loss and its parts."""
        seed, parts, share = self.seed, self.schedule.accumulate, self.group.share
        self.model.zero_grad(set_to_none=True)
        torch.manual_seed(seed_of(seed, "dropout", step * share.ranks + share.rank))
        sums: dict[str, float] = {}
        size = len(sample) // parts
        for number in range(parts):
            piece = _rows(sample, number * size, size)
            generator = torch.Generator().manual_seed(seed_of(seed, "masks", step))
            with self.group.apart(self.loss) if number < parts - 1 else nullcontext():
                with self._autocast():
                    loss, told = self.loss(piece, generator, step / self.schedule.steps)
                (loss / parts).backward()
            for name, value in numbers(loss, told).items():
                sums[name] = sums.get(name, 0.0) + value / parts
        return sums

    def _autocast(self) -> torch.autocast:
        enabled = self.precision != torch.float32
        return torch.autocast(self.device.type, self.precision, enabled=enabled)

    def fitting(self, sample: Sample, moments: bool) -> int | None:
        """How many rows fit at once, by halves; 0: not even one. None: not to be tried, because
        other processes would have to try with this one.

        Args:
            moments: leave room for those of the optimizer, which it does not have yet.
        """
        if self.group.share.ranks > 1:
            return None
        size = len(sample) // self.schedule.accumulate // 2
        while size:
            self.model.zero_grad(set_to_none=True)
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            if self._fits(_rows(sample, 0, size), moments):
                break
            size //= 2
        self.model.zero_grad(set_to_none=True)
        return size

    def _fits(self, sample: Sample, moments: bool) -> bool:
        try:
            room = [
                torch.empty_like(p) for p in self.model.parameters() for _ in range(2 * moments)
            ]
            with self._autocast():
                loss, _ = self.loss(sample, torch.Generator().manual_seed(0), 0.0)
            loss.backward()
            del room
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            return False
        return True


class _Loss(nn.Module):
    """An objective's loss as a module, which is what several processes share."""

    def __init__(self, objective: Objective, model: nn.Module, compiled: bool) -> None:
        super().__init__()
        self.objective = objective
        self.model = torch.compile(model) if compiled else model

    def forward(
        self, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        loss, parts = self.objective.loss(self.model, sample, generator, share)
        return loss, {name: part.detach() for name, part in parts.items()}


def _rows(sample: Sample, first: int, size: int) -> Sample:
    """Some of a sample's rows, still as rows of its whole batch."""
    part, start = slice(first, first + size), sample.rows.start + first
    return replace(
        sample,
        views={name: values[part] for name, values in sample.views.items()},
        class_index=sample.class_index[part],
        snr_db=sample.snr_db[part],
        rows=slice(start, start + size),
    )
