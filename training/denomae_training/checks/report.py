# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the checks: as text, as Markdown, as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from denomae_training.checks.row import Row

HEAD = ("recipe", "class", "what", "checks", "ours", "reference", "off by", "allowed", "verdict")

CLASS_HEAD = ("recipe", "class", "error rates", "errors, at least", "ours / reference",
              "waveform (dB)", "power (dB)", "cumulants", "bandwidth (%)", "verdict")  # fmt: skip
NOISE_OF = "every class"


def worst_of(rows: Sequence[Row]) -> list[tuple[Row, int]]:
    """Of each recipe, class and quantity the row that is nearest to its limit, and their number."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.recipe, row.name, row.what), []).append(row)
    return [(max(group, key=_strain), len(group)) for group in groups.values()]


def verdict(row: Row) -> str:
    if row.not_run:
        return "not run"
    return "pass" if row.passed else "FAIL"


def cells(row: Row, number: int) -> tuple[str, ...]:
    """A line of the table."""
    if row.not_run:
        return (row.recipe, row.name, row.what, "0", "", "", row.not_run, "", "not run")
    reference = "" if math.isnan(row.reference) else f"{row.reference:.5g}"
    if row.rule == "ratio":
        off, allowed = f"{100 * row.deviation:+.2f} %", f"{100 * row.within:g} %"
    elif row.rule == "difference":
        off, allowed = f"{row.deviation:+.4f}", f"{row.within:g}"
    else:
        off, allowed = "", f"at most {row.within:g}"
    ours = f"{row.ours:.5g}"
    return (row.recipe, row.name, row.what, str(number), ours, reference, off, allowed,
            verdict(row))  # fmt: skip


def text(rows: Sequence[Row]) -> str:
    """A table for a terminal: of each quantity the worst row."""
    lines = [HEAD, *(cells(row, number) for row, number in worst_of(rows))]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD))]
    widths[6] = min(widths[6], 40)
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(rows: Sequence[Row]) -> str:
    """Three tables: one line a class, what else was measured of it, and the recipes' noise."""
    classes, others, noise, heads = [], [], [], []
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.recipe, row.name), []).append(row)
    for (recipe, name), group in groups.items():
        if name == NOISE_OF:
            heads = [row.what.removeprefix("noise: ") for row in group]
            verdicts = "pass" if all(row.passed for row in group) else "FAIL"
            noise.append((recipe, *(f"{row.ours:.3g}" for row in group), verdicts))
            continue
        classes.append((recipe, name, *_columns(group)))
        rest = [row for row in group if not row.not_run and _column_of(row) is None]
        others += [cells(row, number) for row, number in worst_of(rest)]
    parts = []
    if classes:
        parts.append(_table(CLASS_HEAD, classes))
    if others:
        parts.append(_table(HEAD, others))
    if noise:
        parts.append(_table(("recipe", *heads, "verdict"), noise))
    return "\n".join(parts)


def to_json(rows: Sequence[Row]) -> str:
    """Every row, with its verdict."""
    return json.dumps([row.to_dict() for row in rows], indent=1) + "\n"


def _column_of(row: Row) -> str | None:
    """Where a row goes in the table of classes; None: it has a line of its own in another."""
    if row.errors is not None:
        return "rates"
    if row.what in ("C20", "C40", "C42"):
        return "cumulants"
    if row.source != "GNU Radio's modulator":
        return None
    kinds = {"distance": "distance", "power (dB)": "power", "occupied": "bandwidth"}
    return next((kind for begin, kind in kinds.items() if row.what.startswith(begin)), None)


def _columns(group: list[Row]) -> tuple[str, ...]:
    ran = [row for row in group if not row.not_run]
    if not ran:
        return ("", "", "", "", "", "", group[0].not_run, "not run")
    of: dict[str | None, list[Row]] = {}
    for row in ran:
        of.setdefault(_column_of(row), []).append(row)
    rates = of.get("rates", [])
    ratios = [row.ours / row.reference for row in rates]

    def worst(kind: str, form: str, scale: float = 1.0) -> str:
        values = [scale * abs(row.deviation) for row in of.get(kind, [])]
        return form.format(max(values)) if values else ""

    distances = [row.ours for row in of.get("distance", [])]
    failed = sum(not row.passed for row in ran)
    return (
        str(len(rates)) if rates else "",
        f"{min(row.errors or 0 for row in rates):,}" if rates else "",
        f"{min(ratios):.3f} to {max(ratios):.3f}" if rates else "",
        f"{max(distances):.0f}" if distances else "",
        worst("power", "{:.3f}"),
        worst("cumulants", "{:.4f}"),
        worst("bandwidth", "{:.2f}", 100),
        f"{failed} FAIL" if failed else "pass",
    )


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "".join(_line(line) + "\n" for line in (head, ["---"] * len(head), *lines))


def _line(parts: Sequence[str]) -> str:
    return "| " + " | ".join(part.replace("|", "\\|") for part in parts) + " |"


def _strain(row: Row) -> float:
    """How near to its limit a row is: above 1 it fails."""
    if row.not_run:
        return -math.inf
    if row.rule == "limit":
        return row.ours - row.within
    return abs(row.deviation) / row.within
