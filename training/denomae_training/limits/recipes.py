# SPDX-License-Identifier: GPL-3.0-or-later
"""Which limit belongs to which recipe, and what its classifier knows."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from denomae.errors import DenomaeError
from denomae_training.limits import paper10
from denomae_training.limits.keyed import INDEX_STEP
from denomae_training.limits.scene import Scene, scene_trials
from denomae_training.limits.trials import Trials
from denomae_training.signals.definitions import ContinuousPhase, Definition, Linear
from denomae_training.signals.modulator import log_uniform
from denomae_training.signals.modulators import LINEAR
from denomae_training.signals.phase import KEYED, USABLE_BAND, KeyedRange
from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes import denomae10, radioml24
from denomae_training.signals.recipes.live import Live
from denomae_training.signals.recipes.paper10 import Paper10

# Timings, rates and pulses that a cell's frames are shared among.
SCENES, SCENES_OF_ALL_RATES = 40, 100


@dataclass(frozen=True)
class Limit:
    """A limit that can be computed.

    Attributes:
        classes: in the order of `trials`; those of the recipe that have a likelihood.
        snr_db: where it is computed unless asked otherwise.
        knows: what the classifier knows, as half a sentence.
        trials: (seed, SNR in dB, frames of a class, phases) to frames and their likelihoods.
            Phases: 1, or of how many, evenly around the circle, the true one may be any.
    """

    classes: tuple[str, ...]
    snr_db: tuple[float, ...]
    knows: str
    trials: Callable[[int, float, int, int], Trials]


def limit_of(recipe: Recipe, ignore_length: bool = True) -> Limit:
    """The limit of a recipe.

    Args:
        ignore_length: of `paper10` also that of a classifier which ignores how long frames are.

    Raises:
        DenomaeError: the recipe has none here.
    """
    if isinstance(recipe, Paper10):

        def trials(seed: int, snr_db: float, frames: int, phases: int) -> Trials:
            if phases > 1:
                raise DenomaeError(
                    f"{recipe.name} has no random phase, found phases {phases}; leave it at 1"
                )
            return paper10.paper10_trials(recipe, seed, snr_db, frames, ignore_length)

        return Limit(
            recipe.classes, (-20.0, -15.0, -10.0, -5.0, 0.0, 5.0, 10.0), paper10.KNOWS, trials
        )
    draw, scenes = _SCENES.get(type(recipe), (None, 0))
    if draw is None:
        raise DenomaeError(
            f"no limit is defined for {recipe.name}; wanted one of {', '.join(with_limits())}"
        )
    known = "the SNR, the power, the phase, the timing, the symbol rate and the pulse"
    low, high = recipe.snr_db
    cells = np.arange(np.ceil(low / 4) * 4, high + 1, 4)
    classes = tuple(draw(recipe, np.random.default_rng(0)).definitions)
    return Limit(classes, tuple(cells.tolist()), known, _of_scenes(recipe, draw, scenes))


def with_limits() -> list[str]:
    """The names of the recipes that have a limit."""
    from denomae_training.signals.recipes import RECIPES

    kinds = (Paper10, *_SCENES)
    return [name for name, recipe in RECIPES.items() if isinstance(recipe, kinds)]


DrawScene = Callable[[Recipe, np.random.Generator], Scene]


def _of_scenes(recipe: Recipe, draw: DrawScene, most: int):
    def trials(seed: int, snr_db: float, frames: int, phases: int) -> Trials:
        name = zlib.crc32(recipe.name.encode())
        rng = np.random.default_rng([seed, name, round(100 * snr_db) % 2**32])
        scenes = [draw(recipe, rng) for _ in range(min(most, frames))]
        return scene_trials(scenes, rng, snr_db, frames, phases)

    return trials


def _denomae10(recipe: denomae10.Denomae10, rng: np.random.Generator) -> Scene:
    definitions = {name: denomae10.WAVEFORMS[name] for name in recipe.classes}
    rates = dict.fromkeys(definitions, float(denomae10.SAMPLES_PER_SYMBOL))
    return Scene(definitions, rates, rng.random(), recipe.frame_length)


def _radioml24(recipe: radioml24.RadioML24, rng: np.random.Generator) -> Scene:
    """The classes that have a likelihood, on a single path."""
    low, high = radioml24.ROLLOFF
    rolloff = round(low + (high - low) * rng.random(), 2)
    definitions = {
        name: replace(found, rolloff=rolloff) if isinstance(found, Linear) else found
        for name in recipe.classes
        if (found := radioml24.WAVEFORMS.get(name)) is not None
    }
    rate = recipe.samples_per_symbol[0]
    return Scene(definitions, dict.fromkeys(definitions, rate), rng.random(), recipe.frame_length)


def _live(recipe: Live, rng: np.random.Generator) -> Scene:
    """The classes that have a likelihood, with no impairment.

    All share one symbol rate, but for keyed frequencies too wide for it, and linear ones one
    rolloff. Rectangles have no edges, and indices are those nearest to what the trellis takes.
    """
    rate = log_uniform(rng, *recipe.samples_per_symbol)
    rolloff = round(0.15 + 0.35 * rng.random(), 2)
    definitions: dict[str, Definition] = {}
    rates = {}
    for name in recipe.classes:
        rates[name] = rate
        if name in LINEAR:
            found = LINEAR[name][int(rng.integers(len(LINEAR[name])))]
            edge = 0.0 if found.pulse == "rectangle" else rolloff
            definitions[name] = replace(found, rolloff=edge)
        elif name in KEYED:
            found = definitions[name] = _keyed(KEYED[name], rng)
            rates[name] = max(rate, (1 + found.index * max(found.levels)) / USABLE_BAND)
    rates = {name: rates[name] for name in definitions}
    return Scene(definitions, rates, rng.random(), recipe.frame_length)


def _keyed(ranges: KeyedRange, rng: np.random.Generator) -> ContinuousPhase:
    step = float(INDEX_STEP)
    indices = [
        step * number
        for low, high in ranges.index
        for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]
    index = indices[int(rng.integers(len(indices)))]
    low, high = ranges.bandwidth_time or (0.0, 0.0)
    bandwidth_time = round(low + (high - low) * rng.random(), 2) or None
    return ContinuousPhase(round(index, 2), bandwidth_time, ranges.levels)


_SCENES: dict[type[Recipe], tuple[DrawScene, int]] = {
    denomae10.Denomae10: (_denomae10, SCENES),
    radioml24.RadioML24: (_radioml24, SCENES),
    Live: (_live, SCENES_OF_ALL_RATES),
}
