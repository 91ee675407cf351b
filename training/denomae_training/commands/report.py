# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train report`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from denomae.errors import DenomaeError
from denomae_training.report.pictures import Shown


@dataclass(frozen=True)
class Report:
    """Show finished runs side by side: a folder with HTML, PNG and CSV, or tables in a page."""

    results: Path = Path("docs/results")
    """A folder of results, as `protocol` leaves them; folders below it are read too."""
    output: Path | None = None
    """Where to write `index.html` (which needs no other file), pictures and tables."""
    checkpoints: tuple[str, ...] = ()
    """Models to look into, as FOLDER or NAME=FOLDER: pretrained ones are made to reconstruct, all
    show their attention and how frames lie."""
    shown: Shown = field(default_factory=Shown)
    markdown: Path | None = None
    """A page whose tables, between `<!-- table: NAME SET -->` and `<!-- end -->`, are to be written
    anew."""

    def run(self) -> None:
        from denomae_training.report.markdown import fill_file
        from denomae_training.report.models import load
        from denomae_training.report.plan import read_plans
        from denomae_training.report.result import read_results
        from denomae_training.report.write import tables_of, write_report

        if self.output is None and self.markdown is None:
            raise DenomaeError("found neither --output nor --markdown, wanted one of them or both")
        results, planned = read_results(self.results), read_plans(self.results)
        if self.markdown is not None:
            changed = fill_file(self.markdown, tables_of(results, planned))
            print(f"{self.markdown}: {'written anew' if changed else 'as it was'}")
        if self.output is not None:
            loaded = [load(given) for given in self.checkpoints]
            names = [each.name for each in loaded]
            if len(set(names)) < len(names):
                raise DenomaeError(f"checkpoints are named {names}; name each, as NAME=FOLDER")
            if not results and not planned and not loaded:
                raise DenomaeError(f"{self.results} holds no results; run `denomae-train protocol`")
            print(write_report(results, planned, loaded, self.shown, self.output))
