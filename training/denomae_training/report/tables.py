# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a report, each from the results that belong to it; accuracies in per cent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from denomae_training.report.plan import Planned, not_run
from denomae_training.report.result import PARTS, Result, learnt_from
from denomae_training.report.summary import (
    RANGES,
    Group,
    Measure,
    by_inputs,
    conditions,
    groups,
    lines,
)
from denomae_training.report.table import Cell, Table

SPANS = tuple(name.replace("-", "−").replace("..", " to ") for name in RANGES)
SEEDS = "±: standard deviation among seeds. Every SNR of a range (dB) counts the same."
KNOWN = "Who is given the true noise knows what nobody on the air can: the limit does not bound it."
TRUE = "true"  # the condition of the noise that nobody has in the field
DENOISING = ("snr_db", "classes", "frames", "gain_db", "scaled_gain_db", "wiener_gain_db",
             "wiener_theory_db", "image_psnr_noisy_db", "image_psnr_db", "image_ssim_noisy",
             "image_ssim")  # fmt: skip
PART_NAMES = {
    "main": "methods side by side",
    "labels": "accuracy against labels",
    "scaling": "accuracy against pretraining frames",
    "modalities": "ablation over modalities",
    "masks": "masked share",
    "noise": "what the noise modality is worth",
    "denoising": "denoising",
}


def all_tables(results: Sequence[Result], planned: Sequence[Planned]) -> dict[str, Table]:
    """Every table that these results of one set give, by name; tables without rows too."""
    main = by_inputs(groups(results, "main"))
    modalities = sorted(by_inputs(groups(results, "modalities")), key=_how_many)
    noise = groups(conditions(results), "noise")
    made = [
        _ranges("main", "Mean accuracy (%)", main),
        distance_table(results),
        _varied("labels", "Accuracy (%) by number of labels", results, "labels", labels_of),
        _varied("scaling", "Accuracy (%) by pretraining frames", results, "frames", frames_of),
        _ranges(
            "modalities",
            "Accuracy (%) by the modalities of pretraining",
            modalities,
            "pretrained on",
            pretrained_on,
        ),
        _varied("masks", "Accuracy (%) by masked share", results, "masked (%)", masked_of),
        replace(
            _ranges("noise", "Accuracy (%) by what is known of the noise", noise),
            note=f"{SEEDS} {KNOWN}",
        ),
        _ranges(
            "merged",
            "Mean accuracy (%), classes of one waveform counted as one",
            by_inputs(groups(merged_results(results), "main")),
        ),
        denoising_table(results),
        denoising_classes_table(results),
        violations_table(results),
        snr_table(results),
        runs_table(results),
        not_run_table(results, planned),
    ]
    return {table.name: table for table in made}


def labels_of(group: Group) -> int | None:
    return group.labels or None


def frames_of(group: Group) -> int | None:
    return group.pretraining.frames if group.pretraining else None


def masked_of(group: Group) -> float | None:
    """In per cent."""
    share = group.pretraining.masked_share if group.pretraining else None
    return None if share is None else round(100 * share, 6)


def pretrained_on(group: Group) -> str:
    return learnt_from(group.pretraining.modalities) if group.pretraining else "nothing"


def distance_table(results: Sequence[Result]) -> Table:
    """How far below the limit the methods of the main comparison stay."""
    rows = tuple(
        (g.title, g.inputs, len(g.runs),
         *(_percent(g.distance(*span)) for span in RANGES.values()))
        for g in by_inputs(groups(results, "main"))
    )  # fmt: skip
    columns = ("method", "input", "seeds", *SPANS)
    return Table("distance", "Distance to the limit (points)", columns, rows, SEEDS)


def denoising_table(results: Sequence[Result]) -> Table:
    """How much noise is taken away, of all and of linear classes together, beside Wiener's."""
    found = [
        (run, row) for run in results for row in run.denoising
        if row.get("classes", "all") in ("linear", "all")
    ]  # fmt: skip
    return _figures("denoising", "Denoising", found, DENOISING)


def denoising_classes_table(results: Sequence[Result]) -> Table:
    """Every figure of every class."""
    found = [(run, row) for run in results for row in run.denoising]
    names = list(dict.fromkeys(name for _, row in found for name in row))
    return _figures("denoising-classes", "Denoising by class", found, names)


def _figures(
    name: str, title: str, found: Sequence[tuple[Result, dict]], wanted: Sequence[str]
) -> Table:
    keys = [key for key in wanted if any(key in row for _, row in found)]
    rows = tuple(
        (run.title, run.seed, *(_cell(key, row.get(key)) for key in keys)) for run, row in found
    )
    return Table(name, title, ("run", "seed", *map(_words, keys)), rows)


def merged_results(results: Sequence[Result]) -> list[Result]:
    """Results whose classes of one waveform count as one, as far as they say it."""
    found = []
    for result in results:
        rows = [
            row | {"accuracy": row["merged"], "right": round(row["merged"] * row["frames"]),
                   "limit": row.get("merged_limit")}
            for row in result.scores.get("rows", []) if row.get("merged") is not None
        ]  # fmt: skip
        if rows:
            found.append(replace(result, scores=result.scores | {"rows": rows}))
    return found


def violations_table(results: Sequence[Result]) -> Table:
    """What lies above the limit by more than chance: a fault somewhere, but where the true noise
    was given."""
    rows = []
    for run in results:
        under = run.scores.get("conditions")
        reports = under if isinstance(under, dict) else {"": run.scores}
        for name, scores in reports.items():
            if name != TRUE:
                said = scores.get("violations") or ()
                rows += [(f"{run.id} {name}".strip(), str(each)) for each in said]
    title = "Above the limit by more than chance"
    return Table("violations", title, ("run", "what"), tuple(rows))


def snr_table(results: Sequence[Result]) -> Table:
    """Every run at every SNR, for other programs."""
    rows = tuple(
        (run.id, run.title, run.inputs, run.seed, run.labels, row.snr_db, row.frames, row.right,
         100 * row.accuracy, 100 * row.low, 100 * row.high,
         None if row.limit is None else 100 * row.limit)
        for run in results for row in run.rows
    )  # fmt: skip
    columns = ("id", "method", "input", "seed", "labels", "SNR (dB)", "frames", "right",
               "accuracy (%)", "low (%)", "high (%)", "limit (%)")  # fmt: skip
    return Table("by-snr", "Accuracy by SNR", columns, rows)


def runs_table(results: Sequence[Result]) -> Table:
    """What each run cost; where, as far as that is not the same for all."""
    rows = []
    for run in results:
        p, f = run.pretraining, run.finetuning
        rows.append(
            [run.id, p and p.frames, p and p.epochs, p and p.seconds / 60, p and p.frames_per_s,
             p and 100 * p.waiting_share, f and f.labels, f and f.epochs, f and f.seconds / 60]
        )  # fmt: skip
    columns = ["run", "frames", "epochs", "pretraining (min)", "frames/s", "waiting (%)",
               "labels", "epochs", "fine-tuning (min)"]  # fmt: skip
    note = []
    places = {
        "hardware": [run.hardware for run in results],
        "threads": [run.threads for run in results],
        "commit": [run.commit[:10] + run.commit[40:] for run in results],
        "versions": [", ".join(f"{k} {v}" for k, v in run.versions.items()) for run in results],
    }
    for name, values in places.items():
        if len(set(values)) == 1:
            note.append(f"{name} {values[0]}")
        elif values:
            columns.append(name)
            rows = [[*row, value] for row, value in zip(rows, values, strict=True)]
    said = f"Of all: {'; '.join(note)}." if note else ""
    return Table("runs", "Runs", tuple(columns), tuple(map(tuple, rows)), said)


def not_run_table(results: Sequence[Result], planned: Sequence[Planned]) -> Table:
    """What was planned and is not there, and the parts that have no run at all."""
    absent = not_run(planned, results)
    ids: dict[tuple[str, str, str], list[str]] = {}
    for each in absent:
        part = PART_NAMES.get(each.parts[0], each.parts[0]) if each.parts else ""
        ids.setdefault((each.title, part, each.tier), []).append(each.id)
    rows: list[tuple[Cell, ...]] = [(*key, ", ".join(found)) for key, found in ids.items()]
    named = {part for each in absent for part in each.parts}
    there = {part for result in results for part in result.parts}
    rows += [("all of it", PART_NAMES[p], None, None) for p in PARTS if p not in there | named]
    return Table("not-run", "Not run", ("run", "part", "tier", "ids"), tuple(rows))


def _varied(
    part: str,
    title: str,
    results: Sequence[Result],
    column: str,
    of: Callable[[Group], float | None],
) -> Table:
    """Lines along what was varied, and behind each input what to compare it with."""
    found, levels = lines(groups(results, part), of)
    rows = [group for line in found for group in line] + levels
    rows.sort(key=lambda group: (group.inputs.count("+"), group.inputs))
    return _ranges(part, title, rows, column, of)


def _ranges(
    name: str,
    title: str,
    found: Sequence[Group],
    column: str | None = None,
    cell: Callable[[Group], Cell] = lambda group: None,
) -> Table:
    """Mean accuracies of groups over the ranges; the limit in the last row."""
    rows: list[tuple[Cell, ...]] = [
        (g.title, g.inputs, *([cell(g)] if column else []), len(g.runs),
         *(_percent(g.mean(*span)) for span in RANGES.values()))
        for g in found
    ]  # fmt: skip
    best = [_limit(found, *span) for span in RANGES.values()]
    if any(best):
        rows.append(("limit", "", *([None] if column else []), None, *best))
    columns = ("method", "input", *([column] if column else []), "seeds", *SPANS)
    return Table(name, title, columns, tuple(rows), SEEDS)


def _limit(found: Sequence[Group], low_db: float, high_db: float) -> Measure | None:
    """The limit over a range, of the first group that knows it at all of its SNRs; per cent."""
    known = (group.limit(low_db, high_db) for group in found)
    return next((Measure(100 * limit) for limit in known if limit is not None), None)


def _percent(measure: Measure | None) -> Measure | None:
    if measure is None:
        return None
    return Measure(100 * measure.value, None if measure.spread is None else 100 * measure.spread)


def _how_many(group: Group) -> int:
    return len(group.pretraining.modalities) if group.pretraining else 0


def _cell(name: str, value: object) -> Cell:
    if isinstance(value, float) and not name.endswith("_db"):
        return Measure(value, digits=2)
    if isinstance(value, bool) or not isinstance(value, (int, float, str, type(None))):
        return str(value)
    return value


def _words(name: str) -> str:
    """A key as a column's name: `snr_gain_db` to `SNR gain (dB)`."""
    unit = ""
    if name.endswith("_db"):
        name, unit = name.removesuffix("_db"), " (dB)"
    words = name.replace("_", " ")
    spelt = {"snr": "SNR", "psnr": "PSNR", "ssim": "SSIM", "wiener": "Wiener"}
    return " ".join(spelt.get(word, word) for word in words.split(" ")) + unit
