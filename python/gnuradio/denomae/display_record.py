# SPDX-License-Identifier: GPL-3.0-or-later
"""What a display remembers of the labels: a bounded holder between two threads."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from denomae.labels import Label, is_close_call

SPAN_S = 60.0
SLOT_S = 0.2
_SLOTS = round(SPAN_S / SLOT_S)
_RATE_SLOTS = 10  # over which labels a second are counted
_MOST_RECENT = 64  # labels that are averaged
_LONGEST_GAP_S = 3.0  # between two labels of a slow stream that are drawn as one


@dataclass(frozen=True)
class Kind:
    """What a label looks like in the strip.

    Attributes:
        close_call: the family is shown, because the class is uncertain; then in the strip `label`
            is empty, so that one class after the other is one run.
    """

    label: str
    family: str
    verdict: str
    close_call: bool = False


@dataclass(frozen=True)
class Run:
    """A stretch of time with one kind of label, in seconds before now."""

    kind: Kind
    from_s: float
    to_s: float


@dataclass(frozen=True)
class Summary:
    """What the labels of the last moments say together.

    Attributes:
        kind: the verdict that most of them have, and the label that is most probable among those.
        probabilities: class to mean probability, largest first.
        family_confidence: mean of the family's, 0..1.
        snr_db: mean of those that have one.
        last: the newest of them.
        age_s: of the newest.
    """

    kind: Kind
    probabilities: dict[str, float]
    family_confidence: float
    snr_db: float | None
    last: Label
    age_s: float


@dataclass
class _Slot:
    number: int = -1
    kinds: Counter[Kind] = field(default_factory=Counter)
    count: int = 0


class LabelRecord:
    """The labels of the last minute, in a memory that does not grow however many there are.

    Any thread may call anything.

    Args:
        clock: seconds that only go forwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._recent: deque[tuple[float, Label]] = deque(maxlen=_MOST_RECENT)
            self._slots = [_Slot() for _ in range(_SLOTS)]
            self.version = 0

    def put(self, label: Label) -> None:
        """One more label, which arrives now."""
        now = self._clock()
        number = int(now / SLOT_S)
        with self._lock:
            self._recent.append((now, label))
            slot = self._slots[number % _SLOTS]
            if slot.number != number:
                slot.number, slot.count = number, 0
                slot.kinds.clear()
            slot.count += 1
            slot.kinds[_kind(label)] += 1
            self.version += 1

    def summary(self, averaging_s: float) -> Summary | None:
        """What the labels say that came in so many seconds before the newest; 0: the newest."""
        now = self._clock()
        with self._lock:
            if not self._recent:
                return None
            newest_at, newest = self._recent[-1]
            labels = [x for at, x in self._recent if newest_at - at < averaging_s] or [newest]
        return _summary(labels, now - newest_at)

    def rate(self) -> float:
        """Labels a second, lately."""
        now = int(self._clock() / SLOT_S)
        with self._lock:
            counts = [self._count(now - i) for i in range(1, _RATE_SLOTS + 1)]
        return sum(counts) / (_RATE_SLOTS * SLOT_S)

    def runs(self) -> list[Run]:
        """The last minute, oldest first; nothing where there were no labels."""
        now = self._clock()
        last = int(now / SLOT_S)
        with self._lock:
            found = [
                (number, slot.kinds.most_common(1)[0][0])
                for number in range(last - _SLOTS + 1, last + 1)
                if (slot := self._slots[number % _SLOTS]).number == number
            ]
        gaps = sorted(b[0] - a[0] for a, b in zip(found, found[1:], strict=False))
        usual = gaps[len(gaps) // 2] if gaps else 1
        bridged = min(2 * usual, round(_LONGEST_GAP_S / SLOT_S))
        runs: list[tuple[Kind, int, int]] = []
        for number, kind in found:
            if runs and number - runs[-1][2] < bridged:
                if runs[-1][0] == kind:
                    runs[-1] = kind, runs[-1][1], number + 1
                    continue
                runs[-1] = *runs[-1][:2], number
            runs.append((kind, number, number + 1))
        return [
            Run(kind, min(SPAN_S, now - begin * SLOT_S), max(0.0, now - end * SLOT_S))
            for kind, begin, end in runs
        ]

    def _count(self, number: int) -> int:
        slot = self._slots[number % _SLOTS]
        return slot.count if slot.number == number else 0


def _kind(label: Label) -> Kind:
    name = "" if label.close_call else label.label
    return Kind(name, label.family, label.verdict, label.close_call)


def _summary(labels: list[Label], age_s: float) -> Summary:
    verdict = Counter(label.verdict for label in reversed(labels)).most_common(1)[0][0]
    sums: dict[str, float] = {}
    for label in labels:
        for name, probability in label.probabilities.items():
            sums[name] = sums.get(name, 0.0) + probability
    means = {name: total / len(labels) for name, total in sums.items()}
    agreed = [label for label in labels if label.verdict == verdict]
    best = max(agreed, key=lambda label: means.get(label.label, 0.0))
    families = [x.family_confidence for x in labels if x.family == best.family]
    # A label of another family says nothing for this one.
    close_call = verdict == "known" and is_close_call(
        means.get(best.label, best.confidence), sum(families) / len(labels)
    )
    levels = [label.snr_db for label in labels if label.snr_db is not None]
    return Summary(
        kind=Kind(best.label, best.family, verdict, close_call),
        probabilities=dict(sorted(means.items(), key=lambda item: -item[1])),
        family_confidence=sum(families) / len(families),
        snr_db=sum(levels) / len(levels) if levels else None,
        last=labels[-1],
        age_s=age_s,
    )
