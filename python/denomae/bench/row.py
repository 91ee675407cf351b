# SPDX-License-Identifier: GPL-3.0-or-later
"""One measured figure, and how rows are written down."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

_FAILED = "failed"


@dataclass(frozen=True)
class Row:
    """A figure beside its peer.

    Attributes:
        name: what was measured, in words that stay the same from run to run.
        value: the figure; None: not run, and `note` says why.
        unit: of `value` and `peer_value`.
        peer: what it is compared with; "" for none.
        peer_value: the peer's figure from the same run.
        ratio: `value` / `peer_value`.
        note: the conditions, or why there is no figure.
    """

    name: str
    value: float | None
    unit: str
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    note: str = ""

    @classmethod
    def compared(
        cls, name: str, value: float, unit: str, peer: str, peer_value: float, note: str = ""
    ) -> Row:
        """A row whose ratio follows from its two figures."""
        ratio = value / peer_value if peer_value else None
        return cls(name, value, unit, peer, peer_value, ratio, note)

    @classmethod
    def not_run(cls, name: str, unit: str, why: str) -> Row:
        """A row that this machine cannot have."""
        return cls(name, None, unit, note=f"not run: {why}")

    @classmethod
    def broken(cls, name: str, unit: str, why: str) -> Row:
        """A row that was begun and came to no figure."""
        return cls(name, None, unit, note=f"{_FAILED}: {why}")

    @property
    def failed(self) -> bool:
        """Whether it was begun and broke, rather than left out."""
        return self.note.startswith(_FAILED)

    def to_json(self) -> str:
        """One line; what is no finite number is null."""
        return json.dumps({key: _finite(value) for key, value in asdict(self).items()})

    @classmethod
    def from_json(cls, line: str) -> Row:
        values = json.loads(line)
        return cls(
            **{field.name: values[field.name] for field in fields(cls) if field.name in values}
        )


def table(rows: Iterable[Row]) -> list[str]:
    """The rows as the lines of a Markdown table, aligned for a terminal too."""
    cells = [["what", "value", "peer", "ratio", "conditions"]]
    for row in rows:
        peer = f"{row.peer}: {_figure(row.peer_value, row.unit)}" if row.peer else ""
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        cells.append([row.name, _figure(row.value, row.unit), peer, ratio, row.note])
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    lines = [
        "| "
        + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return lines


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "not run"
    digits = max(0, 2 - int(math.floor(math.log10(abs(value))))) if value else 0
    return f"{value:,.{digits}f} {unit}".strip()


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
