# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that differ in their seed alone, taken together; means over ranges of SNR."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean, stdev

from denomae_training.report.result import Finetuning, Pretraining, Result, Row

RANGES = {
    "-20..-12": (-20.0, -12.0),
    "-10..-6": (-10.0, -6.0),
    "-6..10": (-6.0, 10.0),
    "all": (-20.0, 20.0),
}


@dataclass(frozen=True)
class Measure:
    """A mean over runs and its standard deviation among them, None where there is but one;
    `digits` are shown behind the point."""

    value: float
    spread: float | None = None
    digits: int = 1


@dataclass(frozen=True)
class Point:
    """One SNR of a group: means over its runs, of accuracy and of their Wilson intervals."""

    snr_db: float
    accuracy: float
    low: float
    high: float
    limit: float | None


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed alone."""

    runs: tuple[Result, ...]

    @property
    def title(self) -> str:
        return self.runs[0].title

    @property
    def method(self) -> str:
        return self.runs[0].method

    @property
    def inputs(self) -> str:
        return self.runs[0].inputs

    @property
    def labels(self) -> int:
        return self.runs[0].labels

    @property
    def pretraining(self) -> Pretraining | None:
        return self.runs[0].pretraining

    @property
    def finetuning(self) -> Finetuning | None:
        return self.runs[0].finetuning

    @cached_property
    def _tables(self) -> list[dict[float, Row]]:
        """Of each run, SNR to its row; only SNRs that all runs have."""
        tables = [{row.snr_db: row for row in run.rows} for run in self.runs]
        shared = set.intersection(*(set(table) for table in tables))
        return [{snr: row for snr, row in table.items() if snr in shared} for table in tables]

    @cached_property
    def points(self) -> list[Point]:
        """Ascending in SNR."""
        points = []
        for snr_db in self._tables[0]:
            rows = [table[snr_db] for table in self._tables]
            points.append(
                Point(
                    snr_db,
                    fmean(row.accuracy for row in rows),
                    fmean(row.low for row in rows),
                    fmean(row.high for row in rows),
                    _limit(rows),
                )
            )
        return points

    def each(self, low_db: float, high_db: float) -> list[float]:
        """Of each run the mean accuracy over a range of SNR, ends included; every SNR counts the
        same. Empty where a run has no frames there."""
        inside = [snr for snr in self._tables[0] if low_db <= snr <= high_db]
        if not inside:
            return []
        return [fmean(table[snr].accuracy for snr in inside) for table in self._tables]

    def mean(self, low_db: float, high_db: float) -> Measure | None:
        """Over runs, of `each`; None where there is nothing."""
        values = self.each(low_db, high_db)
        if not values:
            return None
        return Measure(fmean(values), stdev(values) if len(values) > 1 else None)

    def limit(self, low_db: float, high_db: float) -> float | None:
        """The mean limit over the same SNRs; None where one of them has none."""
        limits = [p.limit for p in self.points if low_db <= p.snr_db <= high_db]
        if not limits or any(limit is None for limit in limits):
            return None
        return fmean(limits)

    def distance(self, low_db: float, high_db: float) -> Measure | None:
        """How far the mean accuracy lies below the mean limit; negative above it."""
        mean, limit = self.mean(low_db, high_db), self.limit(low_db, high_db)
        if mean is None or limit is None:
            return None
        return Measure(limit - mean.value, mean.spread)


def groups(results: Iterable[Result], part: str | None = None) -> list[Group]:
    """Results as groups, in the order in which the first of each comes.

    Args:
        part: only runs of this part; None: of all, each part for itself.
    """
    found: dict[tuple, list[Result]] = {}
    for result in results:
        if part is None or part in result.parts:
            found.setdefault(_key(result), []).append(result)
    return [Group(tuple(sorted(runs, key=lambda r: r.seed))) for runs in found.values()]


def by_inputs(found: Iterable[Group]) -> list[Group]:
    """Groups by what they look at, one modality before two; the best first."""

    def key(group: Group) -> tuple:
        mean = group.mean(*RANGES["all"])
        return (group.inputs.count("+"), group.inputs, -mean.value if mean else 0.0)

    return sorted(found, key=key)


def lines(
    found: Iterable[Group], of: Callable[[Group], float | None]
) -> tuple[list[list[Group]], list[Group]]:
    """Groups along which something varies, and those to compare with, which lack it.

    Args:
        of: what varies; None: the group has none of it.

    Returns:
        of each method and input with two values or more its groups, ascending; and groups without
        a value that look at the same as one of them.
    """
    along: dict[tuple[str, str], list[Group]] = {}
    without = []
    for group in found:
        if of(group) is None:
            without.append(group)
        else:
            along.setdefault((group.method, group.inputs), []).append(group)
    kept = [sorted(line, key=of) for line in along.values() if len({of(g) for g in line}) > 1]
    inputs = {line[0].inputs for line in kept}
    return kept, [group for group in without if group.inputs in inputs]


def conditions(results: Iterable[Result]) -> list[Result]:
    """Results that were tested under several conditions as one result a condition."""
    found = []
    for result in results:
        under = result.scores.get("conditions")
        if not isinstance(under, dict) or not under:
            found.append(result)
            continue
        for name, scores in under.items():
            title = f"{result.title}: {name.replace('_', ' ')}"
            found.append(replace(result, title=title, scores=scores))
    return found


def sets(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Results by what may stand side by side: the same recipe and preset."""
    found: dict[str, list[Result]] = {}
    for result in results:
        found.setdefault(f"{result.recipe}-{result.preset}", []).append(result)
    return found


def limits(results: Iterable[Result], which: str = "limit") -> dict[float, float]:
    """SNR to the limit, of all rows that say it, ascending; `which` names another of a row's."""
    found = {
        float(row["snr_db"]): row[which]
        for result in results
        for row in result.scores.get("rows", [])
        if isinstance(row.get(which), (int, float))
    }
    return dict(sorted(found.items()))


def _limit(rows: Sequence[Row]) -> float | None:
    known = [row.limit for row in rows if row.limit is not None]
    return fmean(known) if len(known) == len(rows) else None


def _key(result: Result) -> tuple:
    """All that is alike in runs of one group: everything but the seed and what a clock says."""
    p, f = result.pretraining, result.finetuning
    return (
        result.recipe,
        result.preset,
        result.method,
        result.title,
        p and (p.objective, p.modalities, p.masked_share, p.frames, p.epochs),
        f and (f.modalities, f.labels, f.epochs, f.mode),
    )
