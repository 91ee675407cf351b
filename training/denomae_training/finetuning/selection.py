# SPDX-License-Identifier: GPL-3.0-or-later
"""Model selection: the best of the models on the way, by its accuracy on validation frames."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from denomae_training.loop.files import write_file, write_weights
from denomae_training.loop.state import StateError


@dataclass(frozen=True)
class Evaluated:
    """A model on the way, on the validation frames."""

    step: int
    frames: int
    accuracy: float
    cross_entropy: float


class Selection:
    """The best model so far and how all of them did, in a folder that a resumed run goes on with.

    Whatever moment a kill comes at, the weights in the folder are those that its record names.
    """

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            StateError: the folder has a record that cannot be read; its weights stay.
        """
        self._record = folder / "evaluations.json"
        self._folder = folder
        self._rows: dict[int, Evaluated] = {}
        if self._record.is_file():
            self._rows = self._read()

    @property
    def history(self) -> tuple[Evaluated, ...]:
        """In the order of their steps."""
        return tuple(self._rows[step] for step in sorted(self._rows))

    @property
    def best(self) -> Evaluated:
        """The most accurate; of two that are as good, the surer one, and then the earlier."""
        return max(self.history, key=lambda row: (row.accuracy, -row.cross_entropy, -row.step))

    def add(self, row: Evaluated, model: nn.Module) -> bool:
        """Take note of a model; whether it is the best so far, and now kept.

        What a resumed run measures once more counts as it did, though it may differ by rounding.

        Raises:
            StateError: there is no room for it; what was the best before stays.
        """
        self._rows.setdefault(row.step, row)
        is_best = self.best.step == row.step
        if is_best:
            write_weights(self._weights(row.step), model.state_dict())
        rows = json.dumps([asdict(row) for row in self.history], indent=1) + "\n"
        write_file(self._record, rows.encode())
        for path in self._folder.glob("best-*"):
            if path != self._weights(self.best.step):
                path.unlink()
        return is_best

    def load_best(self, model: nn.Module) -> None:
        """Fill in the best weights."""
        model.load_state_dict(load_file(self._weights(self.best.step)))

    def _read(self) -> dict[int, Evaluated]:
        try:
            rows = json.loads(self._record.read_text(encoding="utf-8"))
            return {row["step"]: Evaluated(**row) for row in rows}
        except (OSError, ValueError, KeyError, TypeError) as error:
            best = ", ".join(sorted(path.name for path in self._folder.glob("best-*"))) or "none"
            raise StateError(
                f"{self._record} cannot be read ({error}); the best weights so far ({best}) are "
                "still there; begin again in another folder, or move both files elsewhere, and the "
                "same command goes on and chooses among the models from there on"
            ) from error

    def _weights(self, step: int) -> Path:
        return self._folder / f"best-{step:08d}.safetensors"
