# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the parts of a proof that have no result yet; each is written as soon as it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from denomae.errors import DenomaeError


def part(
    folder: Path, name: str, settings: dict[str, Any], measure: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """The result of a part: that of an earlier run where it was the same, or measured now.

    Args:
        folder: gets `NAME.json`.
        settings: what the result depends on, weights included.
        measure: gives what JSON holds.
    """
    path = folder / f"{name}.json"
    if path.is_file():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise DenomaeError(
                f"{path} is not JSON ({error}); take it away to measure anew"
            ) from None
        if before.get("settings") == settings:
            return before["result"]
    result = measure()
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"settings": settings, "result": result}, indent=1, allow_nan=False) + "\n"
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return result
