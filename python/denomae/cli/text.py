# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and tables for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence


def note(sentence: str) -> None:
    """One line on stderr, where it disturbs no output."""
    print(f"denomae: {sentence}", file=sys.stderr)


def printable(text: str) -> str:
    """Text from elsewhere without what could steer a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def counted(count: int, noun: str) -> str:
    """`1 frame`, `2 frames`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def hertz(value: float | None) -> str:
    """`433.92 MHz`; `?` where nobody knows."""
    if value is None:
        return "?"
    for unit, size in (("GHz", 1e9), ("MHz", 1e6), ("kHz", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.9g} {unit}"
    return f"{value:.9g} Hz"


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> None:
    """A table on stdout; all but the first `left` columns and the last one are set to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        right = left <= number < len(columns) - 1
        table.add_column(column, justify="right" if right else "left")
    for row in rows:
        table.add_row(*(printable(cell) for cell in row))
    # Into a file or a pipe nothing is cut off.
    wide = None if sys.stdout.isatty() else 160
    Console(width=wide, highlight=False, markup=False, emoji=False).print(table)
