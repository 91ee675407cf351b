# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of runs side by side: accuracy by SNR, and against what was varied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from denomae_training.checks.figure import new_figure, save
from denomae_training.report.result import Result
from denomae_training.report.summary import (
    RANGES,
    Group,
    by_inputs,
    conditions,
    groups,
    limits,
    lines,
)
from denomae_training.report.tables import frames_of, labels_of, masked_of, pretrained_on

# Okabe and Ito's colours, told apart also by the colour-blind; shapes repeat what they say.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#7f7f7f",
    "#8b5a2b",
    "#a89f00",
)
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*")
SHOWN = ("-20..-12", "-6..10")  # the ranges that curves of one number a run show
GROUPED = ("linear", "all")  # classes taken together, in figures of denoising
ORDER = (
    "denomae",
    "scratch",
    "mae",
    "dae",
    "vit-dae",
    "wamim",
    "patch-position",
    "cnn",
    "forest",
)
DPI, PALETTE = 130, 192


class Styles:
    """The same colour and shape for a title in every figure; dashes say the input."""

    def __init__(self, results: Sequence[Result]) -> None:
        first = [result for result in results if "main" in result.parts]
        first.sort(key=lambda r: ORDER.index(r.method) if r.method in ORDER else len(ORDER))
        self.titles = list(dict.fromkeys(result.title for result in [*first, *results]))

    def of(self, title: str, inputs: str = "") -> dict[str, Any]:
        place = self.titles.index(title)
        return {
            "color": COLOURS[place % len(COLOURS)],
            "marker": SHAPES[(place + place // len(COLOURS)) % len(SHAPES)],
            "linestyle": {"image": "--", "signal": ":"}.get(inputs, "-"),
        }

    def named(self, line: Sequence[Group]) -> str:
        """The title of a line of runs that differ in what is varied: the one of the main part."""
        return min((group.title for group in line), key=self.titles.index)


def draw_accuracy(results: Sequence[Result], styles: Styles, path: Path) -> bool:
    """Accuracy by SNR beside the limit, one panel an input; false where there is nothing."""
    found = [group for group in groups(results, "main") if group.points]
    inputs = list(dict.fromkeys(group.inputs for group in by_inputs(found)))
    if not found:
        return False
    figure = new_figure((max(5.4, 3.3 * len(inputs)), 4.3))
    panels = figure.subplots(1, len(inputs), sharey=True, squeeze=False)[0]
    runs = [run for group in found for run in group.runs]
    best, closer = limits(runs), limits(runs, "limit_of_unknown_phase")
    for axes, name in zip(panels, inputs, strict=True):
        if best:
            axes.plot(list(best), [100 * v for v in best.values()], color="black", lw=1.4,
                      ls=(0, (4, 2)), label="limit")  # fmt: skip
        if closer:
            axes.plot(list(closer), [100 * v for v in closer.values()], color="#555555", lw=1.1,
                      ls=(0, (1, 1.5)), label="limit, phase unknown")  # fmt: skip
        for group in found:
            if group.inputs == name:
                _curve(axes, group, styles)
        axes.set(xlabel="SNR (dB)", ylim=(0, 102), title=name)
        axes.set_xticks(range(-20, 21, 10))
        axes.grid(alpha=0.3, lw=0.6)
    panels[0].set_ylabel("accuracy (%)")
    _legend(figure, panels)
    save(figure, path, DPI, PALETTE)
    return True


def draw_labels(results: Sequence[Result], styles: Styles, path: Path) -> bool:
    """Accuracy against the number of labels; false where fewer than two were tried."""
    found = groups(results, "labels")
    return _against(found, labels_of, "labels", styles, path, logarithmic=True)


def draw_scaling(results: Sequence[Result], styles: Styles, path: Path) -> bool:
    """Accuracy against the number of pretraining frames; from scratch as a level."""
    found = groups(results, "scaling")
    return _against(found, frames_of, "pretraining frames", styles, path, logarithmic=True)


def draw_masks(results: Sequence[Result], styles: Styles, path: Path) -> bool:
    """Accuracy against the masked share; from scratch as a level."""
    found = groups(results, "masks")
    return _against(found, masked_of, "masked (%)", styles, path, logarithmic=False)


def draw_modalities(results: Sequence[Result], path: Path) -> bool:
    """Bars: accuracy by what was pretrained on; false where there is nothing."""
    found = by_inputs(groups(results, "modalities"))
    found.sort(key=lambda g: (g.inputs.count("+"), g.inputs, -_how_many(g)))
    return _bars(found, pretrained_on, path)


def draw_noise(results: Sequence[Result], path: Path) -> bool:
    """Bars: accuracy by what is known of the noise."""
    return _bars(groups(conditions(results), "noise"), lambda group: group.title, path)


def draw_denoising(results: Sequence[Result], path: Path) -> bool:
    """The gain in SNR by SNR beside the Wiener filter's, a panel a group of classes."""
    made: dict[str, dict[str, dict[float, list[float]]]] = {}
    for run in results:
        for row in run.denoising:
            for name, key in ((run.title, "gain_db"), ("Wiener filter", "wiener_gain_db")):
                value, classes = row.get(key), row.get("classes", "all")
                if isinstance(value, (int, float)) and classes in GROUPED:
                    line = made.setdefault(classes, {}).setdefault(name, {})
                    line.setdefault(row["snr_db"], []).append(value)
    if not made:
        return False
    figure = new_figure((max(5.0, 4.1 * len(made)), 3.9))
    panels = figure.subplots(1, len(made), sharey=True, squeeze=False)[0]
    for axes, (classes, by_name) in zip(panels, made.items(), strict=True):
        for place, (name, by_snr) in enumerate(sorted(by_name.items(), key=_wiener_last)):
            known = [(snr_db, [g / 100 for g in gains]) for snr_db, gains in sorted(by_snr.items())]
            style = {"color": COLOURS[place % len(COLOURS)], "marker": SHAPES[place % len(SHAPES)]}
            _bar_line(axes, known, style, name)
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xticks(sorted({snr_db for by_snr in by_name.values() for snr_db in by_snr}))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set(xlabel="SNR (dB)", title=f"{classes} classes")
        axes.grid(alpha=0.3, lw=0.6)
    panels[0].set_ylabel("gain in SNR (dB)")
    _legend(figure, panels)
    save(figure, path, DPI, PALETTE)
    return True


def _wiener_last(item: tuple[str, object]) -> bool:
    return item[0] == "Wiener filter"


def _curve(axes: Any, group: Group, styles: Styles) -> None:
    points = group.points
    at = [point.snr_db for point in points]
    style = styles.of(group.title)
    axes.fill_between(at, [100 * p.low for p in points], [100 * p.high for p in points],
                      color=style["color"], alpha=0.16, lw=0)  # fmt: skip
    axes.plot(at, [100 * p.accuracy for p in points], **style, ms=3.6, lw=1.3, label=group.title)


def _against(
    found: Sequence[Group],
    of: Callable[[Group], float | None],
    name: str,
    styles: Styles,
    path: Path,
    logarithmic: bool,
) -> bool:
    """Lines of mean accuracy against a number, a panel a range of SNR, bars: all seeds."""
    along, levels = lines(found, of)
    if not along:
        return False
    figure = new_figure((8.2, 3.9))
    panels = figure.subplots(1, len(SHOWN))
    for axes, span in zip(panels, SHOWN, strict=True):
        _level(axes, along[0][0], span)
        for line in along:
            values = [(of(group), group.each(*RANGES[span])) for group in line]
            title = styles.named(line)
            _bar_line(axes, values, styles.of(title, line[0].inputs), _named(title, line[0]))
        for group in levels:
            mean, style = group.mean(*RANGES[span]), styles.of(group.title, group.inputs)
            if mean:
                axes.axhline(100 * mean.value, color=style["color"], ls=style["linestyle"],
                             lw=1.0, alpha=0.8, label=_named(group.title, group))  # fmt: skip
        if logarithmic:
            axes.set_xscale("log")
        ticks = sorted({of(group) for line in along for group in line})
        axes.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks], fontsize=8)
        axes.minorticks_off()
        axes.set(xlabel=name, title=_span(span))
        axes.grid(alpha=0.3, lw=0.6)
    panels[0].set_ylabel("mean accuracy (%)")
    _legend(figure, panels)
    save(figure, path, DPI, PALETTE)
    return True


def _bar_line(axes: Any, known: list[tuple[float, list[float]]], style: dict, label: str) -> None:
    """A line through means, with a bar from the least to the most of all seeds."""
    means = [100 * sum(values) / len(values) for _, values in known]
    below = [mean - 100 * min(values) for mean, (_, values) in zip(means, known, strict=True)]
    above = [100 * max(values) - mean for mean, (_, values) in zip(means, known, strict=True)]
    axes.errorbar([x for x, _ in known], means, [below, above], **style, ms=5, lw=1.3, capsize=3,
                  label=label)  # fmt: skip


def _bars(found: Sequence[Group], name: Callable[[Group], str], path: Path) -> bool:
    found = [group for group in found if group.points]
    if not found:
        return False
    inputs = len({group.inputs for group in found}) > 1
    names = [f"{name(g)} → {g.inputs}" if inputs else name(g) for g in found]
    figure = new_figure((8.6, 0.34 * len(found) + 1.3))
    panels = figure.subplots(1, len(SHOWN), sharey=True)
    for axes, span in zip(panels, SHOWN, strict=True):
        limit = found[0].limit(*RANGES[span])
        if limit is not None:
            axes.axvline(100 * limit, color="black", lw=1.2, ls=(0, (4, 2)))
            axes.annotate("limit", (100 * limit, 1), (-3, -3), xycoords=("data", "axes fraction"),
                          textcoords="offset points", ha="right", va="top",
                          fontsize=7.5)  # fmt: skip
        for place, group in enumerate(found):
            values = [100 * v for v in group.each(*RANGES[span])]
            if values:
                mean = sum(values) / len(values)
                axes.barh(place, mean, 0.66, color=COLOURS[0],
                          xerr=[[mean - min(values)], [max(values) - mean]] if values[1:] else None,
                          error_kw={"capsize": 3, "lw": 1})  # fmt: skip
                axes.annotate(f"{mean:.1f}", (max(values), place), (4, 0), fontsize=8,
                              textcoords="offset points", va="center",
                              bbox={"fc": "white", "ec": "none", "pad": 0.5})  # fmt: skip
        axes.set(
            xlim=(0, 112), xticks=range(0, 101, 20), xlabel="mean accuracy (%)", title=_span(span)
        )
        axes.set_yticks(range(len(found)), names, fontsize=8)
        axes.set_ylim(len(found) - 0.4, -1.0 if limit is not None else -0.6)
        axes.grid(axis="x", alpha=0.3, lw=0.6)
        axes.set_axisbelow(True)
    save(figure, path, DPI, PALETTE)
    return True


def _how_many(group: Group) -> int:
    return len(group.pretraining.modalities) if group.pretraining else 0


def _named(title: str, group: Group) -> str:
    return ", ".join(filter(None, (title, group.inputs)))


def _level(axes: Any, group: Group, span: str) -> None:
    limit = group.limit(*RANGES[span])
    if limit is not None:
        axes.axhline(100 * limit, color="black", lw=1.2, ls=(0, (4, 2)), label="limit")


def _span(span: str) -> str:
    return span.replace("-", "−").replace("..", " to ") + " dB"


def _legend(figure: Any, panels: Sequence[Any]) -> None:
    """One legend below all panels, each name once."""
    entries: dict[str, Any] = {}
    for axes in panels:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    figure.legend(entries.values(), entries.keys(), loc="outside lower center",
                  ncols=min(4, len(entries)), fontsize=8.5, frameon=False)  # fmt: skip
