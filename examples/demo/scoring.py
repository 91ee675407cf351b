# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels against ground truth: which frames count, and how many are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from denomae.labels import Label


@dataclass(frozen=True)
class Truth:
    """What a stretch of the capture is, samples `begin` to `end` (excluded)."""

    begin: int
    end: int
    label: str
    snr_db: float | None = None


@dataclass(frozen=True)
class Verdict:
    """A label beside the truth of its frame."""

    label: Label
    truth: Truth

    @property
    def right(self) -> bool:
        return self.label.label == self.truth.label


@dataclass(frozen=True)
class Score:
    """Every label in exactly one of three heaps.

    Attributes:
        verdicts: frames that lie wholly within one span of truth.
        boundary: frames that touch the edge of a span.
        outside: frames of which no sample is annotated.
        truths: what they were held against.
    """

    verdicts: tuple[Verdict, ...]
    boundary: tuple[Label, ...]
    outside: tuple[Label, ...]
    truths: tuple[Truth, ...]

    def signals(self, least_snr_db: float) -> tuple[Verdict, ...]:
        """The verdicts on frames whose SNR is known and at least this."""
        return tuple(
            verdict
            for verdict in self.verdicts
            if verdict.truth.snr_db is not None and verdict.truth.snr_db >= least_snr_db
        )


def truths_of(meta: Mapping[str, Any]) -> tuple[Truth, ...]:
    """The ground truth in a SigMF metadata file, in the order of the samples."""
    truths = (
        Truth(
            begin=mark["core:sample_start"],
            end=mark["core:sample_start"] + mark["core:sample_count"],
            label=mark["core:label"],
            snr_db=mark.get("denomae:snr_db"),
        )
        for mark in meta["annotations"]
    )
    return tuple(sorted(truths, key=lambda truth: truth.begin))


def score(labels: Iterable[Label], truths: Sequence[Truth]) -> Score:
    """Sort labels by where their frames lie: in one span, across an edge, or outside all."""
    verdicts: list[Verdict] = []
    boundary: list[Label] = []
    outside: list[Label] = []
    for label in labels:
        begin, end = label.sample_offset, label.sample_offset + label.sample_count
        touched = [truth for truth in truths if truth.begin < end and begin < truth.end]
        if not touched:
            outside.append(label)
        elif touched[0].begin <= begin and end <= touched[0].end:
            verdicts.append(Verdict(label, touched[0]))
        else:
            boundary.append(label)
    return Score(tuple(verdicts), tuple(boundary), tuple(outside), tuple(truths))


def accuracy(verdicts: Sequence[Verdict]) -> float | None:
    """The right fraction of verdicts; None where there are none."""
    return sum(v.right for v in verdicts) / len(verdicts) if verdicts else None


def unknown(verdicts: Iterable[Verdict]) -> int:
    """How many of the labels say `unknown`, right or wrong."""
    return sum(verdict.label.verdict == "unknown" for verdict in verdicts)


def by_class(verdicts: Iterable[Verdict]) -> dict[str, dict[float | None, list[Verdict]]]:
    """Verdicts by true class and SNR, in the order in which they come."""
    table: dict[str, dict[float | None, list[Verdict]]] = {}
    for verdict in verdicts:
        row = table.setdefault(verdict.truth.label, {})
        row.setdefault(verdict.truth.snr_db, []).append(verdict)
    return table


def confusion(verdicts: Iterable[Verdict]) -> Counter[tuple[str, str]]:
    """How often a true class got a label: (truth, label) → frames."""
    return Counter((verdict.truth.label, verdict.label.label) for verdict in verdicts)


def shortcoming(
    result: Score,
    given: int,
    received: int,
    gaps: int,
    wanted: float = 0.9,
    least_frames: int = 50,
) -> str | None:
    """Why the run is no success, in one sentence; None when it is one.

    Args:
        result: the score of all labels.
        given: labels that the classifier gave, by its own count.
        received: labels that arrived in the other process.
        gaps: labels that are missing between those that arrived.
        wanted: accuracy at 10 dB and above.
        least_frames: frames of every class that must have been scored.
    """
    if not given:
        return "The classifier gave no label."
    kept = len(result.verdicts) + len(result.boundary) + len(result.outside)
    if kept != given or received != given or gaps:
        return (
            f"The classifier gave {given} labels, {kept} came through the flowgraph "
            f"and {received} to the other process ({gaps} missing in between)."
        )
    scored = Counter(verdict.truth.label for verdict in result.verdicts)
    for name in dict.fromkeys(truth.label for truth in result.truths):
        if scored[name] < least_frames:
            return f"Only {scored[name]} frames of {name} were classified, wanted {least_frames}."
    reached = accuracy(result.signals(10.0))
    if reached is None:
        return "No frame at 10 dB or above was classified."
    if reached < wanted:
        return f"{reached:.1%} of the frames at 10 dB and above are right, wanted {wanted:.0%}."
    return None


@dataclass(frozen=True)
class Run:
    """Labels that follow one another without a gap and say the same."""

    begin: int
    end: int
    label: str
    verdict: str
    frames: int
    confidence: float


def runs_of(labels: Iterable[Label]) -> list[Run]:
    """Merge labels of adjacent frames that say the same; `confidence` is their mean."""
    runs: list[Run] = []
    for label in sorted(labels, key=lambda label: label.sample_offset):
        begin, end = label.sample_offset, label.sample_offset + label.sample_count
        last = runs[-1] if runs else None
        same = last and (last.end, last.label, last.verdict) == (begin, label.label, label.verdict)
        if last and same:
            mean = (last.confidence * last.frames + label.confidence) / (last.frames + 1)
            runs[-1] = Run(last.begin, end, last.label, last.verdict, last.frames + 1, mean)
        else:
            runs.append(Run(begin, end, label.label, label.verdict, 1, label.confidence))
    return runs
