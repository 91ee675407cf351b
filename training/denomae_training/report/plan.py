# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be run, so that a report can say what was not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from denomae.errors import DenomaeError
from denomae.typed import from_json, to_json
from denomae_training.report.result import Result

SCHEMA, FILE = "denomae.plan/1", "plan.json"


@dataclass(frozen=True)
class Planned:
    """A run that a protocol has, done or not; `tier` says who can afford it."""

    id: str
    title: str
    recipe: str
    preset: str
    parts: tuple[str, ...]
    tier: str


@dataclass(frozen=True)
class _Plan:
    schema: str
    runs: tuple[Planned, ...]


def write_plan(folder: Path, runs: Iterable[Planned]) -> Path:
    """Write `plan.json` into a folder of results; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    text = json.dumps(to_json(_Plan(SCHEMA, tuple(runs))), indent=1) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


def read_plans(folder: Path) -> list[Planned]:
    """All that is planned in a folder and the folders below it.

    Raises:
        DenomaeError: a plan is not as it must be; names the file and the field.
    """
    planned = []
    for path in sorted(folder.rglob(FILE)):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise DenomaeError(f"{path} is not JSON ({error}); write the plan again") from None
        plan = from_json(_Plan, data, str(path))
        if plan.schema != SCHEMA:
            raise DenomaeError(f"{path}: schema: found {plan.schema!r}, wanted {SCHEMA!r}")
        planned += plan.runs
    return planned


def not_run(planned: Sequence[Planned], results: Sequence[Result]) -> list[Planned]:
    """What is planned and has no result."""
    done = {(result.recipe, result.preset, result.id) for result in results}
    return [each for each in planned if (each.recipe, each.preset, each.id) not in done]
