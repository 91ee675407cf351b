# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run tells of itself: `log.jsonl`, a line an interval, and the same for TensorBoard."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from denomae.errors import DenomaeError
from denomae_training.loop.state import reason

INTERVAL_S = 5.0


class Interval:
    """Mean losses since the last row, and when the next row is due."""

    def __init__(self, every: int) -> None:
        self.every = every
        self._begin()

    def add(self, values: Mapping[str, float]) -> None:
        """The loss and its parts of one step."""
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self.steps += 1

    @property
    def due(self) -> bool:
        return self.steps >= self.every or time.monotonic() - self._began >= INTERVAL_S

    def take(self) -> dict[str, float]:
        """The means, and a new beginning."""
        means = {name: total / self.steps for name, total in self._sums.items()}
        self._begin()
        return means

    def _begin(self) -> None:
        self._sums: dict[str, float] = {}
        self.steps, self._began = 0, time.monotonic()


class Log:
    """The log of a run's folder.

    A row holds `step`, `frames`, `loss` and its parts (means since the row before), `rate`,
    `frames_per_s`, `waiting` (the share of the time that was spent waiting for data), and now and
    then what a validation gave.
    """

    def __init__(self, folder: Path, first: int, tensorboard: bool) -> None:
        """
        Args:
            first: the step that the run goes on from; rows behind it will be written again.
        """
        path = folder / "log.jsonl"
        _cut(path, first)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._board = _board(folder / "tensorboard", first) if tensorboard else None

    def write(self, row: Mapping[str, Any]) -> None:
        """
        Raises:
            DenomaeError: there is no room for it.
        """
        try:
            self._file.write(json.dumps(row) + "\n")
        except OSError as error:
            raise DenomaeError(
                f"{self._file.name} cannot be written ({reason(error)}); the same command goes on "
                "from the last state once it can"
            ) from error
        if self._board is not None:
            for name, value in row.items():
                if name != "step" and isinstance(value, (int, float)):
                    self._board.add_scalar(name, value, row["step"])

    def close(self) -> None:
        self._file.close()
        if self._board is not None:
            self._board.close()


def numbers(loss: Tensor, parts: Mapping[str, Tensor]) -> dict[str, float]:
    """A loss and its parts as numbers, in one move from the device."""
    values = torch.stack([loss.detach().float(), *(p.detach().float() for p in parts.values())])
    return dict(zip(("loss", *parts), values.tolist(), strict=True))


def _cut(path: Path, first: int) -> None:
    """Drop the rows behind step `first`, and what a kill left half written."""
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= first:
                kept.append(line + "\n")
        except (ValueError, KeyError, TypeError):
            continue
    partial = path.with_suffix(".partial")
    partial.write_text("".join(kept), encoding="utf-8")
    partial.replace(path)


def _board(folder: Path, first: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=first + 1)
