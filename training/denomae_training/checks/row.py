# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of the table: what was measured, what it should be, and how far off it may be."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Row:
    """A measurement and its reference.

    Attributes:
        recipe, name: whose class this is; several recipes may share a modulator.
        what: the quantity, with its unit.
        detail: the parameters.
        ours: measured on our waveform.
        reference: what it should be; NaN: there is only a limit.
        source: where the reference comes from.
        within: how far off it may be.
        rule: `ratio`: |ours / reference - 1| <= within; `difference`: |ours - reference| <= within;
            `limit`: ours <= within.
        errors: that were counted, of an error rate.
        es_n0_db: of an error rate: energy a symbol over noise density.
        not_run: why there is no measurement.
    """

    recipe: str
    name: str
    what: str
    detail: str
    ours: float
    reference: float
    source: str
    within: float
    rule: Literal["ratio", "difference", "limit"] = "ratio"
    errors: int | None = None
    es_n0_db: float | None = None
    not_run: str = ""

    @property
    def deviation(self) -> float:
        """By how much `ours` is off, in the terms of `rule`."""
        if self.rule == "limit":
            return self.ours
        if self.rule == "difference":
            return self.ours - self.reference
        return self.ours / self.reference - 1 if self.reference else math.inf

    @property
    def passed(self) -> bool:
        if self.rule == "limit":
            return bool(self.ours <= self.within)
        return bool(abs(self.deviation) <= self.within)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, with the verdict; numbers that are none become null."""
        data = {key: _finite(value) for key, value in asdict(self).items()}
        verdict = None if self.not_run else self.passed
        return data | {"deviation": _finite(self.deviation), "passed": verdict}


def not_run(recipe: str, name: str, what: str, why: str) -> Row:
    """A row without a measurement."""
    return Row(recipe, name, what, "", math.nan, math.nan, "GNU Radio", 0.0, not_run=why)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
