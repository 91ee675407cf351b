# SPDX-License-Identifier: GPL-3.0-or-later
"""The noise of every recipe, before what is not linear: its power, whiteness and distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from denomae_training.checks import measures
from denomae_training.checks.effort import Effort
from denomae_training.checks.row import Row
from denomae_training.signals.channel.converter import Converter
from denomae_training.signals.item import Item
from denomae_training.signals.recipe import Recipe, synthesize
from denomae_training.signals.recipes.live import Live

NAME = "every class"


def checks(recipe: Recipe, effort: Effort) -> Iterator[Row]:
    """The noise of a recipe's first items, as many as make the samples of the effort."""
    frames = effort.noise_samples // recipe.frame_length + 1
    items = [synthesize(recipe, effort.seed, number) for number in range(frames)]
    length = recipe.frame_length
    scaled, excess = [], []
    for item in items:
        nominal = 1.0 if math.isnan(item.snr_db) else _power(item) * 10 ** (-item.snr_db / 10)
        scaled.append(item.noise[:length].astype(np.complex128) / math.sqrt(nominal))
    for number in range(frames // 4):
        item = synthesize(_without_receiver(recipe), effort.seed, number)
        excess.append(_difference_db(item))
    noise = np.stack(scaled)
    # live has frames with a filter behind signal and noise: their noise is not meant to be white
    white = np.array(["band_cutoff" not in item.drawn for item in items])
    detail = f"{noise.size} samples of {len(items)} frames"
    source = "definition"
    level = 10 * math.log10(measures.power(noise.reshape(-1)))
    yield Row(recipe.name, NAME, "noise: power over what snr_db says (dB)", detail, level, 0.0,
              source, 0.1, "difference")  # fmt: skip
    unfiltered = f"{int(white.sum())} frames without a filter behind noise"
    yield Row(recipe.name, NAME, "noise: autocorrelation, lags 1 to 32 (sigma)",
              unfiltered, measures.whiteness(noise[white]), math.nan, source, 4.5,
              "limit")  # fmt: skip
    flat = noise[white].reshape(-1)
    yield Row(recipe.name, NAME, "noise: pseudo-variance (sigma)", detail,
              abs(np.mean(flat**2)) * math.sqrt(flat.size / 2), math.nan, source, 4.5,
              "limit")  # fmt: skip
    kurtosis = float(np.mean(np.abs(flat) ** 4) / np.mean(np.abs(flat) ** 2) ** 2)
    yield Row(recipe.name, NAME, "noise: kurtosis (complex Gaussian: 2)", detail, kurtosis, 2.0,
              "complex Gaussian", 0.03)  # fmt: skip
    what = "noise: noisy less clean less noise (dB)"
    yield Row(recipe.name, NAME, what, f"{len(excess)} frames", max(excess), math.nan, source,
              -60.0, "limit")  # fmt: skip


def _power(item: Item) -> float:
    """Mean power of the clean signal, from a burst's begin to its end."""
    begin = int(item.drawn.get("burst_begin", 0))
    end = int(item.drawn.get("burst_end", len(item.clean)))
    return measures.power(item.clean[begin:end])


def _without_receiver(recipe: Recipe) -> Recipe:
    """Live without neighbours and DC, behind a fine and well-set converter; others as they are."""
    if not isinstance(recipe, Live):
        return recipe
    return replace(
        recipe,
        snr_db=(-20.0, 10.0),  # below the steps of 16 bits there is noise enough
        adjacent=replace(recipe.adjacent, share=0.0),
        arms=replace(recipe.arms, dc_share=0.0),
        converter=Converter(bits=(16,), level_db=(-16.0, -16.0), overload_share=0.0),
    )


def _difference_db(item: Item) -> float:
    rest = item.noisy.astype(np.complex128) - item.clean - item.noise
    return 10 * math.log10(max(measures.power(rest) / measures.power(item.noise), 1e-30))
