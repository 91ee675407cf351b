# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in a Markdown page, between marks, written anew from the results.

`<!-- table: main denomae10-nano -->` ... `<!-- end -->`: the table `main` of the set of results
`denomae10-nano`; the set may be left out where there is but one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from denomae.errors import DenomaeError
from denomae_training.report.table import Table, to_markdown

BEGIN = re.compile(r"^<!-- table: (?P<name>\S+)(?: (?P<set>\S+))? -->$")
END = "<!-- end -->"


def fill(page: str, tables: Mapping[str, Mapping[str, Table]], where: str) -> str:
    """A page with the text between its marks replaced; what stands outside is left alone.

    Args:
        page: Markdown.
        tables: set name to table name to table.
        where: how errors name the page.

    Raises:
        DenomaeError: a mark has no end, or names a table or a set that there is not.
    """
    lines, kept = page.split("\n"), []
    inside: str | None = None
    for number, line in enumerate(lines, start=1):
        mark = BEGIN.match(line.strip())
        if inside is not None and (mark or line.strip() == END):
            if mark:
                break
            inside = None
        elif mark:
            inside = f"{where}, line {number}"
            kept += [line, *_text(mark["name"], mark["set"], tables, inside)]
            continue
        if inside is None:
            kept.append(line)
    if inside is not None:
        raise DenomaeError(f"{inside}: found a table's mark, wanted {END!r} after it")
    return "\n".join(kept)


def fill_file(path: Path, tables: Mapping[str, Mapping[str, Table]]) -> bool:
    """`fill` a file in place; false where nothing changed."""
    before = path.read_text(encoding="utf-8")
    after = fill(before, tables, str(path))
    if after == before:
        return False
    partial = path.with_name(path.name + ".partial")
    partial.write_text(after, encoding="utf-8")
    partial.replace(path)
    return True


def _text(
    name: str, chosen: str | None, tables: Mapping[str, Mapping[str, Table]], where: str
) -> list[str]:
    if chosen is None:
        if len(tables) != 1:
            raise DenomaeError(
                f"{where}: found the table {name!r} of no set, wanted one of {list(tables)} "
                "behind its name"
            )
        chosen = next(iter(tables))
    if chosen not in tables:  # a page may be ahead of its results
        return ["", f"Not run: {chosen}.", ""]
    if name not in tables[chosen]:
        raise DenomaeError(f"{where}: found a table {name!r}, wanted one of {list(tables[chosen])}")
    table = tables[chosen][name]
    if not table.rows:
        return ["", "Nothing." if name == "not-run" else "Not run.", ""]
    return ["", to_markdown(table), ""]
