# SPDX-License-Identifier: GPL-3.0-or-later
"""One table, three ways to write it: Markdown, HTML, CSV."""

from __future__ import annotations

import csv
import html
import io
from dataclasses import dataclass

from denomae_training.report.summary import Measure

Cell = str | int | float | Measure | None
NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    Attributes:
        name: of its CSV file, and of its place in a Markdown page.
        title: a line above it.
        note: what must be known to read it, below.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def text(cell: Cell) -> str:
    """A cell as a reader sees it; numbers with one digit behind the point."""
    if cell is None or cell == "":
        return NOTHING
    if isinstance(cell, Measure):
        spread = "" if cell.spread is None else f" ± {cell.spread:.{cell.digits}f}"
        return _signed(f"{cell.value:.{cell.digits}f}") + spread
    if isinstance(cell, float):
        return _signed(f"{cell:.1f}")
    return f"{cell:,}" if isinstance(cell, int) else cell


def to_markdown(table: Table) -> str:
    """The table alone, without its title; its note in the line after next."""
    lines = [
        _line(table.columns),
        _line(["---:" if right else "---" for right in _right(table)]),
        *(_line([text(cell).replace("|", "\\|") for cell in row]) for row in table.rows),
    ]
    return "\n".join([*lines, "", table.note] if table.note else lines)


def to_html(table: Table) -> str:
    """A `<table>` with a caption, and its note."""
    right = _right(table)

    def cells(tag: str, values: list[str]) -> str:
        marked = zip(values, right, strict=True)
        return "".join(
            f"<{tag}{' class=n' if number else ''}>{html.escape(value)}</{tag}>"
            for value, number in marked
        )

    head = cells("th", list(table.columns))
    body = "\n".join(f"<tr>{cells('td', [text(cell) for cell in row])}</tr>" for row in table.rows)
    note = f"\n<p class=note>{html.escape(table.note)}</p>" if table.note else ""
    return (
        f"<table>\n<caption>{html.escape(table.title)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>{note}"
    )


def to_csv(table: Table) -> str:
    """Numbers to six digits; a column of means gets a second one for their spread."""
    spread = [any(isinstance(row[i], Measure) for row in table.rows)
              for i in range(len(table.columns))]  # fmt: skip
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    head = []
    for name, two in zip(table.columns, spread, strict=True):
        head += [name, f"{name} spread"] if two else [name]
    writer.writerow(head)
    for row in table.rows:
        line: list[str] = []
        for cell, two in zip(row, spread, strict=True):
            value = cell.value if isinstance(cell, Measure) else cell
            line.append(_plain(value))
            if two:
                line.append(_plain(cell.spread if isinstance(cell, Measure) else None))
        writer.writerow(line)
    return page.getvalue()


def _right(table: Table) -> list[bool]:
    """Which columns hold numbers, or nothing but gaps."""
    return [
        all(not isinstance(row[i], str) for row in table.rows)
        and any(row[i] is not None for row in table.rows)
        for i in range(len(table.columns))
    ]


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(value: str | int | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _signed(number: str) -> str:
    if float(number) == 0:
        number = number.lstrip("-")
    return number.replace("-", "−")
