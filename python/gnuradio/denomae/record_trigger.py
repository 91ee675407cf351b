# SPDX-License-Identifier: GPL-3.0-or-later
"""Which labels make a recorder record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from denomae.labels import Label

from .parameters import choice, number, refusal, text

TRIGGERS = ("always", "class", "unknown", "confidence")


@dataclass(frozen=True)
class Trigger:
    """`wants` says whether a label is reason to record.

    Attributes:
        kind: one of `TRIGGERS`.
        classes: for `class`: names of classes; `noise` and `unknown` are such names too.
        below: for `confidence`: labels whose confidence is less.
    """

    kind: str = "always"
    classes: frozenset[str] = frozenset()
    below: float = 0.5

    @property
    def description(self) -> str:
        """Of a recording, in a few words."""
        reasons = {
            "always": "everything",
            "class": f"what was labelled {', '.join(sorted(self.classes))}",
            "unknown": "what was labelled unknown",
            "confidence": f"what was labelled with a confidence below {self.below:g}",
        }
        return f"recorded was {reasons[self.kind]}"

    def wants(self, label: Label) -> bool:
        """Whether the label's frame is wanted for what the label says."""
        if self.kind == "class":
            name = "unknown" if label.verdict == "unknown" else label.label
            return name in self.classes
        if self.kind == "unknown":
            return label.verdict == "unknown"
        return self.kind == "confidence" and label.confidence < self.below


def trigger_of(kind: Any, classes: Any, below: Any) -> Trigger:
    """The trigger that a user typed in; raises DenomaeError."""
    kind = choice("trigger", kind, TRIGGERS)
    names = frozenset(
        filter(None, (name.strip() for name in text("trigger_class", classes).split(",")))
    )
    if kind == "class" and not names:
        raise refusal("trigger_class", classes, "the names of classes, with commas between them")
    wanted = "a probability from 0 to 1"
    share = number("trigger_confidence", below, wanted)
    if not 0 <= share <= 1:
        raise refusal("trigger_confidence", below, wanted)
    return Trigger(kind, names, share)
