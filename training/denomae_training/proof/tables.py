# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof as tables."""

from __future__ import annotations

from typing import Any

from denomae_training.proof.targets import interval, percent, targets
from denomae_training.report.table import Table


def tables(parts: dict[str, Any]) -> dict[str, Table]:
    """All tables of the parts that were run, by name."""
    run = {name: part for name, part in parts.items() if "not_run" not in part}
    found = [_targets(parts)]
    if "gnu-radio" in run:
        found += _gnu_radio(run["gnu-radio"])
    if "others" in run:
        found.append(_others(run["others"]))
    if "recordings" in run:
        found.append(_recordings(run["recordings"]))
    if "unknowns" in run:
        found += _unknowns(run["unknowns"])
    if "calibration" in run:
        found.append(_calibration(run["calibration"]))
    if "symbols" in run:
        found.append(_symbols(run["symbols"]))
    return {table.name: table for table in found}


def _targets(parts: dict[str, Any]) -> Table:
    rows = tuple(
        (target.what, target.wanted, target.found, "yes" if target.met else "NO")
        for target in targets(parts)
    )
    missing = [f"{name}: {part['not_run']}" for name, part in parts.items() if "not_run" in part]
    note = " ".join(f"Not run: {sentence}." for sentence in missing)
    return Table("targets", "Targets", ("what", "wanted", "found", "met"), rows, note)


def _gnu_radio(part: dict[str, Any]) -> list[Table]:
    columns = (
        "channel",
        "SNR (dB)",
        "frames",
        "class",
        "class, 64qam = 256qam",
        "family",
        "32apsk",
    )
    rows = [
        (
            channel, f"{row['snr_db']:g}", row["family"]["frames"], interval(row["class"]),
            interval(row["merged"]), interval(row["family"]), interval(row["apart"]),
        )
        for channel in ("plain", "faded")
        for row in part[channel]["rows"]
    ]  # fmt: skip
    note = (
        "Intervals of 95 % (Wilson). The columns of classes leave 32apsk out, which stands by "
        "itself. One frame of a transmission at each SNR."
    )
    by_class = []
    for name, by in part["made"].items():
        cells = [_cell(part["plain"], name, at) for at in range(len(part["plain"]["rows"]))]
        by_class.append((name, by, *cells))
    grid = [f"{row['snr_db']:g} dB" for row in part["plain"]["rows"]]
    rest = part["not_made"]
    more = f" GNU Radio has no modulator for {', '.join(rest)}." if rest else ""
    return [
        Table("gnu-radio", "Signals made by GNU Radio", columns, tuple(rows), note),
        Table(
            "gnu-radio-classes", "The same by class", ("class", "made by", *grid), tuple(by_class),
            f"Class right / family right, of each class's frames, in percent; plain channel.{more}",
        ),
    ]  # fmt: skip


def _cell(channel: dict[str, Any], name: str, at: int) -> str:
    row = channel["rows"][at]
    if name not in row["class_accuracy"]:
        return ""
    return f"{100 * row['class_accuracy'][name]:.0f} / {100 * row['family_accuracy'][name]:.0f}"


def _others(part: dict[str, Any]) -> Table:
    grid = [f"{row['snr_db']:g} dB" for row in part["rows"]]
    rows = [
        (name, *(_cell(part, name, at) for at in range(len(grid)))) for name in part["made"]
    ] + [
        (
            "all", *(
                f"{percent(row['merged']['share'])} / {percent(row['family']['share'])}"
                for row in part["rows"]
            ),
        )
    ]  # fmt: skip
    return Table(
        "others", "Signals made by another generator", ("class", *grid), tuple(rows),
        "Class right / family right, of each class's frames, in percent; all: 64qam = 256qam, and "
        f"classes without 32apsk. Class from 10 dB on {interval(part['class_from'])}, family from "
        f"5 dB on {interval(part['family_from'])}.",
    )  # fmt: skip


def _recordings(part: dict[str, Any]) -> Table:
    rows = tuple(
        (
            row["file"], row["family"], row["majority"] or "", "yes" if row["right"] else "NO",
            row["judged"], _counted(row["families"]), _counted(row["classes"]),
        )
        for row in part["rows"]
    )  # fmt: skip
    columns = ("recording", "family", "named most", "right", "frames", "families", "classes")
    note = f"Behind the rate adapter with an interval of {part['interval']:,} samples."
    return Table("recordings", "Real recordings", columns, rows, note)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _unknowns(part: dict[str, Any]) -> list[Table]:
    kinds = part["kinds"]
    rows = [
        (name, *(f"{row['auroc'][kind]:.3f}" for kind in kinds), f"{row['mean_auroc']:.3f}")
        for name, row in part["scores"].items()
    ]
    low, high = part["snr_db"]
    frames = part["frames"]
    note = (
        f"Area under the ROC curve, known against unknown, {low:g} to {high:g} dB; "
        f"{frames['known']:,} known frames, {frames['each_unknown']:,} of each unknown kind. The "
        "last three scores look into a bank of features of known frames."
    )
    own = part["checkpoint"]
    caught = [
        (
            name, interval(row["known_refused"]),
            *(percent(row["unknown_refused"][kind]) for kind in kinds),
        )
        for name, row in part["scores"].items()
    ]  # fmt: skip
    caught.append(
        (
            "the checkpoint's own thresholds", interval(own["known_refused"]),
            *(percent(own["unknown_refused"][kind]["share"]) for kind in kinds),
        )
    )  # fmt: skip
    return [
        Table("scores", "Known against unknown", ("score", *kinds, "mean"), tuple(rows), note),
        Table(
            "refused", "What is refused", ("score", "known", *kinds), tuple(caught),
            f"At the threshold that refuses {percent(part['false_alarm'])} of other known frames.",
        ),
    ]  # fmt: skip


def _calibration(part: dict[str, Any]) -> Table:
    rows = [
        (
            f"{row['low_db']:g} to {row['high_db']:g}", row["frames"], percent(row["accuracy"]),
            f"{row['calibration_error']:.3f}", f"{row['by_chance']:.3f}",
            f"{row['snr_rms_error_db']:.2f}", f"{row['snr_bias_db']:+.2f}".replace("-", "−"),
        )
        for row in part["rows"]
    ]  # fmt: skip
    whole = part["all"]
    rows.append(
        (
            "all", whole["frames"], percent(whole["accuracy"]),
            f"{whole['calibration_error']:.3f}", f"{whole['by_chance']:.3f}", "", "",
        )
    )  # fmt: skip
    columns = (
        "SNR (dB)", "frames", "accuracy", "calibration error", "by chance", "SNR RMS error (dB)",
        "SNR bias (dB)",
    )  # fmt: skip
    note = "By chance: what a perfectly calibrated model shows on so few frames."
    return Table("calibration", "Calibration and SNR estimate", columns, tuple(rows), note)


def _symbols(part: dict[str, Any]) -> Table:
    names, above = [], None
    for row in part["rows"]:
        least = row["least"]
        names.append(f"{least} or more" if above is None else f"{least} to {above}")
        above = least
    named = [*zip(names, part["rows"], strict=True), ("none to count", part["without"])]
    rows = tuple(
        (
            name, row["frames"], interval(row["merged"]), interval(row["apart"]),
            interval(row["family"]),
        )
        for name, row in named
    )  # fmt: skip
    low, high = part["snr_db"]
    columns = ("symbols in the frame", "frames", "class, 64qam = 256qam", "32apsk", "family")
    return Table(
        "symbols", "Strong frames by their symbols", columns, rows,
        f"The recipe's own frames at {low:g} to {high:g} dB with all its impairments; means over "
        "classes. Classes leave 32apsk out, which stands by itself.",
    )  # fmt: skip
