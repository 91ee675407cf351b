# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the classes: time, spectrum, and constellation or frequency."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from denomae.errors import DenomaeError
from denomae_training.checks import measures
from denomae_training.checks.figure import new_figure, save
from denomae_training.checks.scenes import Scene, scenes

BLUE, ORANGE, GREY = "#1f5f99", "#d1701d", "#888888"


def draw_all(folder: Path, classes: tuple[str, ...] = ()) -> Iterator[Path]:
    """Draw classes, by default all, into a folder: `<class>.png` each; yields the files.

    Raises:
        DenomaeError: a class without a picture.
    """
    found = scenes()
    for name in classes:
        if name not in found:
            raise DenomaeError(f"no picture of a class {name!r}; wanted some of {list(found)}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in classes or tuple(found):
        path = folder / f"{name}.png"
        draw(found[name], path)
        yield path


def draw(scene: Scene, path: Path) -> None:
    """Draw one class: three panels and a caption."""
    figure = new_figure((9.6, 2.75))
    figure.get_layout_engine().set(wspace=0.04)
    time, spectrum, third = figure.subplots(1, 3, width_ratios=[1.35, 1.15, 1])
    _time(time, scene)
    _spectrum(spectrum, scene)
    if scene.levels is None:
        _plane(third, scene)
    else:
        _frequency(third, scene)
    for axes in (time, spectrum, third):
        axes.tick_params(labelsize=7)
        axes.xaxis.label.set_size(8)
        axes.yaxis.label.set_size(8)
        axes.title.set_size(8)
    name = "-".join(f"$\\bf{{{part}}}$" for part in scene.name.split("-"))
    figure.suptitle(f"{name}   {scene.caption}", fontsize=8.5, x=0.01, ha="left")
    save(figure, path)


def _time(axes: Any, scene: Scene) -> None:
    count = int(scene.shown * scene.per_unit) + 1
    begin = _begin(scene)
    at = np.arange(count) / scene.per_unit
    wave = scene.wave[begin : begin + count]
    axes.plot(at, wave.real, color=BLUE, lw=0.9, label="I")
    axes.plot(at, wave.imag, color=ORANGE, lw=0.9, label="Q")
    top = 1.25 * float(np.abs(np.concatenate([wave.real, wave.imag])).max())
    axes.set(xlim=(0, at[-1]), ylim=(-top, top), xlabel=f"time ({scene.unit})",
             ylabel="amplitude", title="time")  # fmt: skip
    axes.grid(alpha=0.25, lw=0.5)
    axes.legend(fontsize=6.5, ncols=2, loc="upper right", framealpha=0.8, borderpad=0.2)


def _spectrum(axes: Any, scene: Scene) -> None:
    frequency, density = measures.spectrum(scene.wave, 512)
    level = 10 * np.log10(density)
    axes.plot(frequency, level, color=BLUE, lw=0.9)
    bottom = 5 * np.floor((level.min() - 4) / 5)
    axes.set(xlim=(-0.5, 0.5), ylim=(bottom, max(level.max() + 5, bottom + 30)),
             xlabel="frequency (cycles/sample)", ylabel="density (dB, unit power: 0)",
             title="spectrum (Welch, 512 bins)")  # fmt: skip
    axes.grid(alpha=0.25, lw=0.5)


def _plane(axes: Any, scene: Scene) -> None:
    if scene.path is not None:
        axes.plot(scene.path.real, scene.path.imag, color=GREY, lw=0.35, alpha=0.7)
    many = max(len(group) for group in scene.points) > 1000
    for group, colour in zip(scene.points, (BLUE, ORANGE), strict=False):
        axes.plot(group.real, group.imag, ".", color=colour, ms=1.4 if many else 2.2, alpha=0.6,
                  mew=0)  # fmt: skip
    if scene.ideal is not None and len(scene.ideal) <= 64:
        many = len(scene.ideal) > 32
        axes.plot(scene.ideal.real, scene.ideal.imag, "+", color="black", ms=3 if many else 5,
                  mew=0.6)  # fmt: skip
    everything = np.concatenate([*scene.points, *([] if scene.path is None else [scene.path])])
    reach = 1.1 * float(np.abs(np.concatenate([everything.real, everything.imag])).max())
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel="I", ylabel="Q",
             title=scene.title)  # fmt: skip
    axes.grid(alpha=0.25, lw=0.5)


def _frequency(axes: Any, scene: Scene) -> None:
    count = int(scene.frequency_shown * scene.per_unit)
    begin = _begin(scene)
    wave = scene.wave[begin : begin + count + 1]
    frequency = np.angle(wave[1:] * wave[:-1].conj()) / (2 * np.pi) * scene.per_unit
    at = (np.arange(count) + 0.5) / scene.per_unit
    if count > 1000:
        axes.plot(at, frequency, ".", color=BLUE, ms=1.2, mew=0)
    else:
        axes.plot(at, frequency, color=BLUE, lw=0.9)
    for level in scene.levels or ():
        axes.axhline(level, color="black", lw=0.6, ls=":")
    axes.set(xlim=(0, scene.frequency_shown), ylim=(-scene.band, scene.band),
             xlabel=f"time ({scene.unit})", ylabel=f"frequency ({scene.frequency_unit})",
             title=scene.title)  # fmt: skip
    axes.grid(alpha=0.25, lw=0.5)


def _begin(scene: Scene) -> int:
    """The first sample that is shown: of messages somewhere inside, of symbols the first one."""
    return 2000 if scene.unit == "samples" else 0
