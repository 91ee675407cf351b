# SPDX-License-Identifier: GPL-3.0-or-later
"""The plots of the checks: error rates on their closed forms, and how far everything is off."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from denomae_training.checks import closed_forms, linear
from denomae_training.checks.figure import new_figure, save
from denomae_training.checks.row import Row
from denomae_training.checks.subjects import linear_subjects

PANELS = {
    "Amplitude": ("ook", "4ask", "8ask", "4pam", "16pam"),
    "Phase": ("bpsk", "qpsk", "oqpsk", "pi4dqpsk", "dqpsk", "8psk", "16psk", "32psk"),
    "QAM": ("16qam", "32qam", "64qam", "128qam", "256qam"),
    "APSK": ("16apsk", "32apsk", "64apsk", "128apsk"),
    "Orthogonal tones, pulses": ("2fsk", "4fsk", "cpfsk", "ppm"),
    "Chirps (LoRa)": ("chirp",),
}


def draw_error_rates(rows: Sequence[Row], path: Path) -> None:
    """Error rates that were counted, on the curves that they must lie on.

    Args:
        rows: of any checks; those with a closed form or a numerical integration are shown.
        path: the PNG to write.
    """
    shown = [row for row in rows if row.errors is not None and "GNU" not in row.source]
    figure = new_figure((9.6, 6.2))
    for axes, (title, names) in zip(figure.subplots(2, 3).flat, PANELS.items(), strict=True):
        colours: dict[str, str] = {}
        for label, curve, group in _series(shown, names):
            name = label.split(" rate ")[0]  # the rates of one class have one colour
            known = name in colours
            colour = colours.setdefault(name, f"C{len(colours)}")
            at = [row.es_n0_db for row in group]
            axes.semilogy(at, [row.ours for row in group], "o", color=colour, ms=4, mfc="none")
            grid = np.linspace(min(at) - 2, max(at) + 1.5, 40)
            axes.semilogy(grid, [curve(10 ** (x / 10)) for x in grid], color=colour, lw=0.9,
                          label=None if known else name)  # fmt: skip
        axes.set_title(title, fontsize=9)
        axes.set_ylim(5e-3, 0.5)
        axes.grid(which="both", alpha=0.25)
        axes.tick_params(labelsize=7)
        if colours:
            low, high = axes.get_xlim()  # room for the legend beside the curves
            axes.set_xlim(low - 0.3 * (high - low), high)
            axes.legend(fontsize=6, loc="lower left")
    figure.supxlabel("E$_s$/N$_0$ (dB)", fontsize=9)
    figure.supylabel("symbol-error rate", fontsize=9)
    save(figure, path, 90, 192)


def draw_ratios(rows: Sequence[Row], path: Path) -> None:
    """Every counted error rate over its reference, with one standard deviation of its count."""
    shown = [row for row in rows if row.errors]
    names = list(dict.fromkeys(f"{row.name} ({row.recipe})" for row in shown))
    figure = new_figure((6.4, 0.17 * len(names) + 1.2))
    axes = figure.subplots()
    for row in shown:
        pair = math.sqrt(2) if "GNU" in row.source else 1.0  # both sides were counted
        ratio, spread = row.ours / row.reference, pair / math.sqrt(row.errors or 1)
        y = names.index(f"{row.name} ({row.recipe})")
        colour = "C1" if "GNU" in row.source else "C0"
        axes.errorbar(ratio, y, xerr=spread, fmt="o", ms=2.5, lw=0.8, color=colour, alpha=0.8)
    for limit in (0.9, 1.1):
        axes.axvline(limit, color="crimson", lw=0.8, ls="--")
    axes.axvline(1.0, color="black", lw=0.5)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(
        "symbol-error rate over its reference (blue: closed form or integration; "
        "orange: GNU Radio's modulator)",
        fontsize=7,
    )
    axes.tick_params(axis="x", labelsize=7)
    axes.grid(axis="x", alpha=0.25)
    save(figure, path, 90, 192)


def _series(
    rows: Sequence[Row], names: tuple[str, ...]
) -> list[tuple[str, Callable[[float], float], list[Row]]]:
    """Of each class (and variant) in a panel: its label, its curve, and its points."""
    found = []
    for subject in _wanted(names):
        group = [
            row for row in rows if (row.name, _variant_of(row)) == (subject.name, subject.variant)
        ]
        if group:
            label = f"{subject.name} {subject.variant}".strip()
            found.append((label, linear.error_rate(subject)[0], group))
    fixed = {"2fsk": 2, "4fsk": 4, "cpfsk": 2, "ppm": 2}
    for name in names:
        group = [row for row in rows if row.name == name]
        if name in fixed and group:
            found.append((name, closed_forms.orthogonal(fixed[name]), group))
        if name == "chirp":
            for factor in (5, 7, 8):
                mark = f"spreading factor {factor},"
                part = [row for row in group if mark in row.detail]
                if part:
                    found.append((mark[:-1], closed_forms.orthogonal(1 << factor), part))
    return found


def _wanted(names: tuple[str, ...]):
    """Subjects of some classes, each class once for all recipes; the rates of APSK at the ends."""
    seen = set()
    for subject in linear_subjects():
        key = (subject.name, subject.variant)
        if subject.name in names and key not in seen and "rolloff" not in subject.variant:
            seen.add(key)
            yield subject


def _variant_of(row: Row) -> str:
    part = row.detail.split(", ")
    return part[1] if len(part) > 2 and part[1].startswith("rate") else ""
