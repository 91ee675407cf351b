# SPDX-License-Identifier: GPL-3.0-or-later
"""How many symbols a frame holds, and means over classes on answers that are known."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from denomae.checkpoint import SHIPPED
from denomae_training.proof.by_symbols import _mean, _row, of_symbols, symbols_of
from denomae_training.proof.said import Subject
from denomae_training.proof.settings import Counts
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes import RECIPES


def test_a_frame_holds_the_symbols_of_its_burst():
    live = RECIPES["live"]
    found = {}
    for index in range(300):
        item = synthesize(live, 3, index)
        name = live.classes[item.class_index]
        symbols = symbols_of(item, live.frame_length)
        found[name] = symbols
        if "burst_begin" in item.drawn and np.isfinite(symbols):
            held = np.flatnonzero(np.abs(item.clean) > 1e-6)
            span = (held[-1] - held[0]) / item.drawn["samples_per_symbol"]
            assert symbols == pytest.approx(span, rel=0.1, abs=3)
    none = {name for name, symbols in found.items() if math.isnan(symbols)}
    assert none == {"noise", "carrier", "am", "ssb", "fm", "ofdm", "chirp"}


def graded(truth: list[int], named: list[int]) -> SimpleNamespace:
    """Answers of three classes, of which the last two count as one and the second lies apart."""
    truth, named = np.array(truth), np.array(named)
    groups = np.array([0, 1, 1])
    return SimpleNamespace(
        classes=("a", "b", "c"),
        truth=truth,
        right=truth == named,
        merged=groups[truth] == groups[named],
        family=np.ones(len(truth), bool),
        apart=truth == 1,
    )


def test_a_row_is_the_mean_over_classes_whatever_their_numbers():
    answers = graded([0] * 10 + [2] * 40, [0] * 5 + [2] * 5 + [2] * 40)
    every = np.ones(50, bool)
    assert _mean(answers, answers.right, every)["share"] == pytest.approx(0.75)
    assert _mean(answers, answers.right, every)["classes"] == {"a": 0.5, "c": 1.0}
    few = every & (np.arange(50) > 7)  # two frames of class a: too few to speak for it
    assert _mean(answers, answers.right, few)["classes"] == {"c": 1.0}
    assert _mean(answers, answers.right, ~every)["share"] is None


def test_classes_that_count_as_one_are_right_for_each_other_and_one_lies_apart():
    answers = graded([0] * 10 + [1] * 10 + [2] * 10, [0] * 10 + [2] * 10 + [1] * 10)
    row = _row(answers, np.ones(30, bool))
    assert row["merged"]["share"] == 1.0 and row["merged"]["frames"] == 20
    assert row["apart"]["share"] == 0.0 and row["apart"]["frames"] == 10


def test_the_shipped_model_is_judged_on_frames_of_its_own_recipe():
    subject = Subject(SHIPPED, torch.device("cpu"), torch.float32)
    recipe = RECIPES[subject.config.recipe]
    counts = Counts(strong=12)
    found = of_symbols(subject, recipe, 1, counts, lambda _: None)
    frames = [row["frames"] for row in found["rows"]] + [found["without"]["frames"]]
    assert sum(frames) == 12 * len(recipe.classes)
    assert found["many"]["frames"] == frames[0] + frames[-1]
    assert found["many"]["merged"]["share"] > 0.8
