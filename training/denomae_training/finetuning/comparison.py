# SPDX-License-Identifier: GPL-3.0-or-later
"""What retraining changed: a model before and after, on what it knew and on what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from denomae.model.classifier import Classifier
from denomae_training.evaluation import answers
from denomae_training.signals.dataset import Batch


@dataclass(frozen=True)
class Compared:
    """One set of test frames under both models.

    Attributes:
        name: of the set.
        frames: in it.
        counts: class → its frames.
        before: class, and "all", → share of right answers; None where the model did not know the
            class. None: there was no model.
        after: the same afterwards.
    """

    name: str
    frames: int
    counts: dict[str, int]
    before: dict[str, float | None] | None
    after: dict[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    name: str,
    frames: list[Batch],
    classes: Sequence[str],
    before: Classifier | None,
    after: Classifier,
    device: torch.device,
) -> Compared:
    """Ask both models.

    Args:
        frames: their class indices go into `classes`.
        classes: of `after`; those of `before` are the first of them.
    """
    truth = torch.cat([batch.class_index for batch in frames])
    counts = torch.bincount(truth, minlength=len(classes)).tolist()
    there = {class_: count for class_, count in zip(classes, counts, strict=True) if count}
    return Compared(
        name,
        len(truth),
        there,
        None if before is None else _accuracies(before.to(device), frames, classes, device),
        _accuracies(after, frames, classes, device),
    )


def _accuracies(
    model: Classifier, frames: list[Batch], classes: Sequence[str], device: torch.device
) -> dict[str, float | None]:
    outcome = answers(model, frames, device)
    right, known = outcome.right.double(), outcome.logits.shape[1]
    found: dict[str, float | None] = {"all": round(right.mean().item(), 4)}
    for number, name in enumerate(classes):
        own = outcome.class_index == number
        if own.any():
            found[name] = round(right[own].mean().item(), 4) if number < known else None
    return found


def rows(compared: Compared) -> list[list[str]]:
    """A table: class, frames, before, after, change in points."""
    table = []
    for name in ("all", *compared.counts):
        before = compared.before[name] if compared.before else None
        after = compared.after[name]
        count = compared.frames if name == "all" else compared.counts[name]
        change = "" if before is None or after is None else f"{100 * (after - before):+.1f}"
        table.append([name, f"{count:,}", _percent(before), _percent(after), change, ""])
    return table


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


COLUMNS = ("class", "frames", "before", "after", "points", "")


def record(compared: Sequence[Compared], what: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON keeps it."""
    return {**what, "sets": [one.to_dict() for one in compared]}
