# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo says in the terminal, and the files that it leaves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from rich import box
from rich.console import Console
from rich.table import Table
from scoring import Score, Verdict, accuracy, by_class, confusion, runs_of, unknown

from denomae.device import choose_device
from denomae.labels import Label


def device_line(device: str) -> str:
    """Which device computes, in one line.

    Raises:
        DeviceError: it is not there.
    """
    chosen = choose_device(device)
    if chosen.type == "cuda":
        return f"The model runs on the GPU {torch.cuda.get_device_name(chosen)}."
    return "The model runs on the CPU" + (": no GPU is here." if device == "auto" else ".")


def status_line(
    now_s: float, length_s: float, label: Label | None, truth: str, frames: int, dropped: int
) -> str:
    """One line on the newest label; `label` is None while the gate is closed."""
    place = f"{now_s:4.0f} s of {length_s:.0f}"
    counts = f"{frames:4} frames, {dropped} dropped"
    if label is None:
        return f"{place}  [dim]{'silence':8} gate closed{'':14}[/dim] {counts}"
    snr = "       " if label.snr_db is None else f"{label.snr_db:4.0f} dB"
    says = f"{label.label:8} {label.confidence:4.0%}  {snr}"
    if label.verdict == "unknown":
        says += " unknown"
    mark = "[green]✓[/green]" if label.label == truth else "[red]✗[/red]"
    told = f"   {mark} {truth}" if truth else "     between two signals"
    return f"{place}  [bold]{says:26}[/bold] {counts}{told}"


def print_scores(console: Console, score: Score, classes: Sequence[str]) -> None:
    """Accuracy by class and SNR, the confusion table, and what was left out."""
    rows = by_class(score.verdicts)
    ratios = sorted({v.truth.snr_db for v in score.verdicts if v.truth.snr_db is not None})
    table = Table(box=box.SIMPLE_HEAD, title="Right frames", title_justify="left")
    table.add_column("class")
    for ratio in ratios:
        table.add_column(f"{ratio:g} dB", justify="right")
    for name in ("no SNR", "all", "frames", "unknown"):
        table.add_column(name, justify="right")
    for name in [name for name in classes if name in rows]:
        row = [v for verdicts in rows[name].values() for v in verdicts]
        cells = [_percent(rows[name].get(ratio, ())) for ratio in [*ratios, None]]
        table.add_row(name, *cells, _percent(row), str(len(row)), str(unknown(row)))
    table.add_section()
    cells = [_percent([v for v in score.verdicts if v.truth.snr_db == r]) for r in [*ratios, None]]
    everything = (_percent(score.verdicts), str(len(score.verdicts)), str(unknown(score.verdicts)))
    table.add_row("all", *cells, *everything)
    console.print(table)
    console.print(_confusion_table(score, classes))
    console.print(
        f"Left out: {len(score.boundary)} frames across the edge of a signal"
        f" and {len(score.outside)} frames of silence that passed the gate."
    )


def _percent(verdicts: Sequence[Verdict]) -> str:
    reached = accuracy(verdicts)
    if reached is None:
        return ""
    colour = "green" if reached >= 0.9 else "yellow" if reached >= 0.5 else "red"
    return f"[{colour}]{reached:.0%}[/{colour}]"


def _confusion_table(score: Score, classes: Sequence[str]) -> Table:
    counts = confusion(score.verdicts)
    table = Table(box=box.SIMPLE_HEAD, title="Truth (rows) and label (columns), in frames")
    table.title_justify = "left"
    table.add_column("")
    for name in classes:
        table.add_column(name, justify="right")
    for truth in classes:
        cells = []
        for label in classes:
            colour = "green" if truth == label else "red"
            count = counts[truth, label]
            cells.append(f"[{colour}]{count}[/{colour}]" if count else "[dim]·[/dim]")
        table.add_row(truth, *cells)
    return table


def write_labels(path: Path, labels: Sequence[Label]) -> None:
    """One label a line, as JSON."""
    path.write_text("".join(label.to_json() + "\n" for label in labels), encoding="utf-8")


def write_annotated(folder: Path, meta_path: Path, labels: Sequence[Label]) -> Path:
    """Copy a capture and add the labels to its annotations, runs of equal ones merged.

    The ground truth stays; what is ours says `denomae` and the model's name in `core:generator`.

    Returns:
        The metadata file that was written; its data lies beside it.
    """
    meta: dict[str, Any] = json.loads(meta_path.read_text(encoding="utf-8"))
    marks = [{"core:generator": "ground truth", **mark} for mark in meta["annotations"]]
    model = labels[0].model if labels else ""
    marks += [
        {
            "core:sample_start": run.begin,
            "core:sample_count": run.end - run.begin,
            "core:label": "unknown" if run.verdict == "unknown" else run.label,
            "core:comment": f"{run.label} {run.confidence:.3f}, {run.frames} frames",
            "core:generator": f"denomae {model}",
        }
        for run in runs_of(labels)
    ]
    # SigMF wants annotations in the order of their first samples.
    meta["annotations"] = sorted(marks, key=_start)
    target = folder / "labelled.sigmf-meta"
    shutil.copyfile(meta_path.with_suffix(".sigmf-data"), target.with_suffix(".sigmf-data"))
    target.write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")
    return target


def _start(mark: Mapping[str, Any]) -> int:
    return mark["core:sample_start"]
