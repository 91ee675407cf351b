# SPDX-License-Identifier: GPL-3.0-or-later
"""Labelled captures as training data, beside synthesized frames of what the model knows already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from denomae.errors import DenomaeError
from denomae_training.data.recordings import Recordings, unknown_labels
from denomae_training.data.source import Mixed, Source, Synthesized
from denomae_training.signals.dataset import split_seed
from denomae_training.signals.extended import with_classes
from denomae_training.signals.recipe import Recipe


@dataclass(frozen=True)
class Captures:
    """Which captures there are, and how they are taken.

    Attributes:
        path: anything that `open_dataset` opens.
        mix: share of the frames that are recorded, above 0 to 1; None: each class of the captures
            as often as each synthesized one.
        families: of new classes, NAME=FAMILY.
        split_seed: which recordings go to which side.
        leave_out_unknown: whether what the recipe does not know is left out, and not learnt.
    """

    path: Path
    mix: float | None = None
    families: tuple[str, ...] = ()
    split_seed: int = 0
    leave_out_unknown: bool = False


@dataclass(frozen=True)
class Given:
    """What there is to learn from.

    Attributes:
        recipe: with the classes that the captures bring behind its own.
        new: those.
        recordings: the captures' sides.
        learnt: frames to learn from.
        validation: frames to choose by, in the same mixture.
    """

    recipe: Recipe
    new: tuple[str, ...]
    recordings: Recordings
    learnt: Source
    validation: Source


def given(captures: Captures, recipe: Recipe, labels: int, seed: int) -> Given:
    """Open captures for a model of a recipe.

    Args:
        labels: how many recorded frames are learnt from, the same number of each class; 0: all.
        seed: of the run, which chooses them.

    Raises:
        DenomaeError: captures that cannot be read or divided, more labels than there are, a family
            of a class that is not new, a mixture that is none.
    """
    new = [] if captures.leave_out_unknown else unknown_labels(captures.path, recipe)
    extended = with_classes(recipe, families_of(captures.families, new))
    recordings = Recordings(
        captures.path,
        extended,
        split_seed=captures.split_seed,
        leave_out_unknown=captures.leave_out_unknown,
    )
    learnt: Source = recordings.side("train")
    if labels:
        learnt = learnt.balanced(labels, split_seed(seed, "train"))
    weights = _weights(captures.mix, len(learnt.classes), len(Synthesized(extended).classes))
    sources = [learnt, Synthesized(extended)][: len(weights)]
    sides = [recordings.side("validation"), Synthesized(extended)][: len(weights)]
    return Given(
        extended,
        tuple(new),
        recordings,
        Mixed(sources, weights),
        Mixed(sides, weights, whole=False),
    )


def families_of(pairs: Sequence[str], new: Sequence[str]) -> Mapping[str, str | None]:
    """New class → the family that a NAME=FAMILY among the pairs says, or None.

    Raises:
        DenomaeError: a pair that is none, or of a class that is not new.
    """
    said: dict[str, str] = {}
    for pair in pairs:
        name, _, family = pair.rpartition("=")
        if not name or not family:
            raise DenomaeError(f"a family is {pair!r}, wanted NAME=FAMILY, such as 4ask=ask")
        if name not in new:
            known = f"the new classes are {', '.join(new)}" if new else "no class is new"
            raise DenomaeError(f"a family is said of {name!r}, but {known}")
        said[name] = family
    return {name: said.get(name) for name in new}


def _weights(mix: float | None, recorded: int, synthesized: int) -> list[float]:
    if mix is None:
        return [float(recorded), float(synthesized)]
    if not 0 < mix <= 1:
        raise DenomaeError(f"the mix is {mix}; wanted a share above 0, and 1 for recordings alone")
    return [mix, 1 - mix] if mix < 1 else [1.0]
