# SPDX-License-Identifier: GPL-3.0-or-later
"""Accuracy on strong frames of the recipe itself, by how many symbols a frame holds.

16qam and 64qam, or 2fsk and gmsk, are told apart by their symbols one by one: few of them leave
little to tell by, however strong they are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from denomae_training.data.source import generator
from denomae_training.evaluation.wilson import wilson
from denomae_training.proof.elsewhere import Progress
from denomae_training.proof.grading import Graded
from denomae_training.proof.said import Subject
from denomae_training.proof.settings import MANY_SYMBOLS, STRONG_SNR_DB, Counts
from denomae_training.signals.item import Item
from denomae_training.signals.recipe import Recipe

EDGES = (MANY_SYMBOLS, 64, 32, 0)
LEAST_OF_CLASS = 5  # frames, below which a class has no say in a row


def symbols_of(item: Item, frame_length: int) -> float:
    """How many symbols the part of a frame holds that has the signal; NaN where it has none."""
    sps = item.drawn.get("samples_per_symbol", math.nan)
    begin = item.drawn.get("burst_begin", 0)
    return (item.drawn.get("burst_end", frame_length) - begin) / sps


def of_symbols(
    subject: Subject, recipe: Recipe, seed: int, counts: Counts, tell: Progress
) -> dict[str, Any]:
    """A row for many symbols, for fewer, and for classes that have none; means over classes."""
    tell("strong frames")
    recipe = recipe.synthesizes
    low, high = STRONG_SNR_DB
    items = []
    for index in range(counts.strong * len(recipe.classes)):
        rng = generator(seed, "proof symbols", index)
        level_db = low + (high - low) * rng.random()
        items.append(recipe.item(rng, index % len(recipe.classes), level_db))
    said = subject.asked(np.stack([recipe.signal(item.noisy) for item in items]))
    truth = np.array([item.class_index for item in items])
    graded = Graded(subject, said, truth, np.full(len(truth), low))
    symbols = np.array([symbols_of(item, recipe.frame_length) for item in items])
    rows, above = [], math.inf
    for least in EDGES:
        rows.append({"least": least} | _row(graded, (symbols >= least) & (symbols < above)))
        above = least
    without = {"least": None} | _row(graded, ~np.isfinite(symbols))
    many = _row(graded, ~(symbols < MANY_SYMBOLS))  # those without symbols among them
    return {"snr_db": [low, high], "rows": rows, "without": without, "many": many}


def _row(graded: Graded, which: np.ndarray) -> dict[str, Any]:
    """Means over classes of class (64qam = 256qam, 32apsk apart) and of family."""
    return {
        "frames": int(which.sum()),
        "merged": _mean(graded, graded.merged, which & ~graded.apart),
        "apart": _mean(graded, graded.right, which & graded.apart),
        "family": _mean(graded, graded.family, which),
    }


def _mean(graded: Graded, right: np.ndarray, which: np.ndarray) -> dict[str, Any]:
    """The mean over classes of their shares, with an interval as if of one share."""
    found = {}
    for number in np.unique(graded.truth[which]):
        own = right[which & (graded.truth == number)]
        if len(own) >= LEAST_OF_CLASS:
            found[graded.classes[number]] = float(own.mean())
    if not found:
        return {"frames": 0, "share": None, "low": None, "high": None, "classes": {}}
    share, frames = float(np.mean(list(found.values()))), int(which.sum())
    low, high = wilson(round(share * frames), frames)
    return {
        "frames": frames,
        "share": round(share, 5),
        "low": round(low, 5),
        "high": round(high, 5),
        "classes": {name: round(value, 4) for name, value in found.items()},
    }
