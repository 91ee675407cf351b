# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as a folder: `index.html`, its pictures as PNG, its tables as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from denomae_training.report import curves
from denomae_training.report.models import Loaded
from denomae_training.report.page import Picture, Section, page
from denomae_training.report.pictures import (
    Shown,
    attention_section,
    embedding_section,
    reconstruction_section,
)
from denomae_training.report.plan import Planned
from denomae_training.report.result import Result
from denomae_training.report.summary import sets
from denomae_training.report.table import Table, to_csv
from denomae_training.report.tables import KNOWN, PART_NAMES, all_tables

BAND = "Bands: Wilson intervals of 95 % for one run's test frames, in the mean over seeds."
LIMIT = "Dashed black: the limit."
BARS = "Bars: from the least to the most of all seeds."
GAIN = "The Wiener filter knows class, spectrum and SNR; the model is told nothing."


def tables_of(results: Sequence[Result], planned: Sequence[Planned]) -> dict[str, dict[str, Table]]:
    """Set of results to table name to table; also of sets that are planned alone."""
    by_set: dict[str, list[Result]] = sets(results)
    for each in planned:
        by_set.setdefault(f"{each.recipe}-{each.preset}", [])
    return {
        name: all_tables(
            found, [each for each in planned if f"{each.recipe}-{each.preset}" == name]
        )
        for name, found in by_set.items()
    }


def write_report(
    results: Sequence[Result],
    planned: Sequence[Planned],
    loaded: Sequence[Loaded],
    shown: Shown,
    folder: Path,
) -> Path:
    """Write the report; returns its `index.html`."""
    folder.mkdir(parents=True, exist_ok=True)
    sections: list[Section] = []
    by_set = sets(results)
    for name, tables in tables_of(results, planned).items():
        sections += _set_sections(name, by_set.get(name, []), tables, folder)
        for table in tables.values():
            if table.rows:
                (folder / f"{name}-{table.name}.csv").write_text(to_csv(table), encoding="utf-8")
    models = [
        make(loaded, shown, folder)
        for make in (reconstruction_section, attention_section, embedding_section)
    ]
    for section in models:
        for part in section.parts:
            if isinstance(part, Table):
                (folder / f"{part.name}.csv").write_text(to_csv(part), encoding="utf-8")
        if not section.parts:
            section.parts.append("Not run: needs checkpoints.")
    count = f"{len(results)} finished run{'' if len(results) == 1 else 's'}"
    text = page(
        "Training runs side by side",
        f"{count}. Accuracy is counted on frames that no run was trained on; the limit is the best "
        "that any classifier could reach on them.",
        [*sections, *models],
    )
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8")
    return path


def _set_sections(
    name: str, results: Sequence[Result], tables: Mapping[str, Table], folder: Path
) -> list[Section]:
    """A set's sections: its parts in order, what they cost, and what was not run."""
    styles = curves.Styles(results)
    first = Section(f"{name}: {PART_NAMES['main']}")
    path = folder / f"{name}-accuracy.png"
    if curves.draw_accuracy(results, styles, path):
        first.parts += [Picture(path, f"{name}: accuracy by SNR. {BAND}")]
        shown = (tables[name] for name in ("main", "distance", "merged", "violations"))
        first.parts += [table for table in shown if table.rows]
    sections = [first]
    drawn = {
        "labels": lambda path: curves.draw_labels(results, styles, path),
        "scaling": lambda path: curves.draw_scaling(results, styles, path),
        "modalities": lambda path: curves.draw_modalities(results, path),
        "masks": lambda path: curves.draw_masks(results, styles, path),
        "noise": lambda path: curves.draw_noise(results, path),
        "denoising": lambda path: curves.draw_denoising(results, path),
    }
    for part, draw in drawn.items():
        section = Section(f"{PART_NAMES[part][0].upper()}{PART_NAMES[part][1:]}", level=3)
        path = folder / f"{name}-{part}.png"
        if draw(path):
            what = {"denoising": GAIN, "noise": f"{LIMIT} {KNOWN}"}.get(part, LIMIT)
            section.parts.append(Picture(path, f"{name}: {PART_NAMES[part]}. {what} {BARS}"))
        if tables[part].rows:
            section.parts.append(tables[part])
        sections.append(section)
    for section, part in zip(sections, PART_NAMES, strict=True):
        if not section.parts:
            section.parts.append(f"Not run: {PART_NAMES[part]}.")
    left = tables["not-run"]
    ends = Section("What was run, and what was not", level=3)
    ends.parts = [tables["runs"]] if tables["runs"].rows else []
    ends.parts.append(left if left.rows else "Everything planned was run.")
    return [*sections, ends]
