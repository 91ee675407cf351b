# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train check-signals`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@dataclass(frozen=True)
class CheckSignals:
    """Prove the modulators from outside: closed forms and GNU Radio. Exits with 1 if one fails.

    Needs GNU Radio with this module in the same Python; what needs it is "not run" without.
    """

    classes: tuple[str, ...] = ()
    """Check these alone; by default all classes of all recipes, and the noise of each recipe."""
    quick: bool = False
    """One E_s/N_0 and one variant a class, 40,000 symbols instead of 120,000."""
    output: Path | None = None
    """A folder for the table (Markdown, and every row as JSON) and the plots."""
    pictures: Path | None = None
    """Instead of checking, draw each class into this folder."""

    def run(self) -> None:
        if self.pictures is not None:
            self._draw(self.pictures)
            return
        from denomae_training.checks.effort import FULL, QUICK
        from denomae_training.checks.gnu_radio import GnuRadio
        from denomae_training.checks.report import text
        from denomae_training.checks.run import steps

        rows = []
        with GnuRadio() as gnu_radio, _progress() as progress:
            effort = QUICK if self.quick else FULL
            todo = steps(self.classes, effort, gnu_radio, self.quick)
            bar = progress.add_task("", total=len(todo))
            for step in todo:
                progress.update(bar, description=step.label)
                rows += step.rows()
                progress.advance(bar)
        print(text(rows))
        failed = [row for row in rows if not row.not_run and not row.passed]
        missing = sum(bool(row.not_run) for row in rows)
        print(f"{len(rows)} rows: {len(failed)} failed, {missing} not run")
        if self.output is not None:
            self._write(rows, self.output)
        if failed:
            sys.exit(1)

    def _write(self, rows: list, folder: Path) -> None:
        from denomae_training.checks import curves
        from denomae_training.checks.report import markdown, to_json

        folder.mkdir(parents=True, exist_ok=True)
        (folder / "check-signals.md").write_text(markdown(rows), encoding="utf-8")
        (folder / "check-signals.json").write_text(to_json(rows), encoding="utf-8")
        if any(row.errors for row in rows):
            curves.draw_error_rates(rows, folder / "check-signals-error-rates.png")
            curves.draw_ratios(rows, folder / "check-signals-ratios.png")

    def _draw(self, folder: Path) -> None:
        from denomae_training.checks.pictures import draw_all

        for path in draw_all(folder, self.classes):
            print(path)


def _progress() -> Progress:
    columns = (TextColumn("{task.description:20s}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
