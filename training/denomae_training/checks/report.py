# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the checks: as text, as Markdown, as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from denomae_training.checks.row import Row

HEAD = ("recipe", "class", "what", "checks", "ours", "reference", "off by", "allowed", "verdict")


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
    """One line a class: what a page of documentation shows."""
    head = ("recipe", "class", "error rates", "errors", "ours / reference", "waveform",
            "power", "cumulants", "bandwidth", "other", "verdict")  # fmt: skip
    lines = [_line(head), _line(["---"] * len(head))]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.recipe, row.name), []).append(row)
    for (recipe, name), group in groups.items():
        lines.append(_line((recipe, name, *_columns(group))))
    return "\n".join(lines) + "\n"


def to_json(rows: Sequence[Row]) -> str:
    """Every row, with its verdict."""
    return json.dumps([row.to_dict() for row in rows], indent=1) + "\n"


def _columns(group: list[Row]) -> tuple[str, ...]:
    ran = [row for row in group if not row.not_run]
    if not ran:
        return ("", "", "", "", "", "", "", group[0].not_run, "not run")
    rates = [row for row in ran if row.errors is not None]
    distances = [row for row in ran if row.what.startswith("distance")]
    powers = [row for row in ran if row.what == "power (dB)"]
    cumulants = [row for row in ran if row.what in ("C20", "C40", "C42")]
    bandwidths = [row for row in ran if row.what.startswith("occupied")]
    known = {id(row) for row in (*rates, *distances, *powers, *cumulants, *bandwidths)}
    others = [row for row in ran if id(row) not in known]
    failed = sum(not row.passed for row in ran)
    ratios = [row.ours / row.reference for row in rates]
    return (
        str(len(rates)) if rates else "",
        f"{min(row.errors or 0 for row in rates):,}+" if rates else "",
        f"{min(ratios):.3f} to {max(ratios):.3f}" if rates else "",
        f"{max(row.ours for row in distances):.0f} dB" if distances else "",
        f"{max(abs(row.deviation) for row in powers):.3f} dB" if powers else "",
        f"{max(abs(row.deviation) for row in cumulants):.4f}" if cumulants else "",
        f"{100 * max(abs(row.deviation) for row in bandwidths):.2f} %" if bandwidths else "",
        f"{len(others)} more" if others else "",
        f"{failed} FAIL" if failed else "pass",
    )


def _line(parts: Sequence[str]) -> str:
    return "| " + " | ".join(parts) + " |"


def _strain(row: Row) -> float:
    """How near to its limit a row is: above 1 it fails."""
    if row.not_run:
        return -math.inf
    if row.rule == "limit":
        return row.ours - row.within
    return abs(row.deviation) / row.within
