# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from denomae.errors import DenomaeError
from denomae_training.checks import analog, keyed, linear, multicarrier, noise, spread
from denomae_training.checks.effort import Effort
from denomae_training.checks.gnu_radio import GnuRadio
from denomae_training.checks.row import Row
from denomae_training.checks.subjects import keyed_subjects, linear_subjects
from denomae_training.signals.families import FAMILIES
from denomae_training.signals.recipes import RECIPES

ANALOG = ("carrier", "am", "ssb", "fm", "am-dsb-wc", "am-dsb-sc", "am-ssb-wc", "am-ssb-sc")


@dataclass(frozen=True)
class Step:
    """A check that yields rows, and what it is about."""

    label: str
    rows: Callable[[], Iterator[Row]]


def steps(
    classes: tuple[str, ...], effort: Effort, gnu_radio: GnuRadio, quick: bool = False
) -> list[Step]:
    """The checks of some classes.

    Args:
        classes: names; empty: all of them.
        quick: one variant of each class.

    Raises:
        DenomaeError: a class that no recipe here has.
    """
    for name in classes:
        if name not in FAMILIES:
            raise DenomaeError(f"no class {name!r}; wanted some of {sorted(FAMILIES)}")
    wanted = set(classes) or set(FAMILIES)
    found = []
    seen = set()
    for subject in linear_subjects():
        key = (subject.recipe, subject.name)
        if subject.name in wanted and not (quick and key in seen):
            seen.add(key)
            for check in (linear.decisions, linear.against_modulator):
                found.append(_step(subject.name, check, subject, effort, gnu_radio))
            if subject.recipe == "live" and subject.name in linear.GENERIC and not subject.variant:
                check = linear.against_constellation_modulator
                found.append(_step(subject.name, check, subject, effort, gnu_radio))
    frequency = keyed_subjects()
    for exact in keyed.orthogonal_of(frequency):
        if exact.name in wanted:
            found.append(_step(exact.name, keyed.tones, exact, effort, gnu_radio))
    for other in frequency:
        key = (other.recipe, other.name)
        if other.name in wanted and not (quick and key in seen):
            seen.add(key)
            found.append(_step(other.name, keyed.against_modulator, other, effort, gnu_radio))
    for name in ANALOG:
        if name in wanted:
            found.append(_step(name, analog.checks, {name}, effort, gnu_radio))
    if "ofdm" in wanted:
        found.append(_step("ofdm", multicarrier.checks, effort, gnu_radio))
    if "chirp" in wanted:
        found.append(_step("chirp", spread.chirps, effort))
    if "ppm" in wanted:
        found.append(_step("ppm", spread.pulses, effort))
    if not classes or "noise" in wanted:
        for recipe in RECIPES.values():
            found.append(_step(f"noise of {recipe.name}", noise.checks, recipe, effort))
    return found


def _step(label: str, check: Callable[..., Iterator[Row]], *arguments: object) -> Step:
    return Step(label, lambda: check(*arguments))
