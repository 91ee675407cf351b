# SPDX-License-Identifier: GPL-3.0-or-later
import json
import math

import numpy as np
import pytest
import torch

from denomae_training.evaluation import Outcome, report_of
from denomae_training.evaluation.scores import with_limits
from denomae_training.limits import measured as module
from denomae_training.limits.measured import limit_at, measured, merged_limit_at, unknown_phase_at
from denomae_training.limits.recipes import limit_of
from denomae_training.limits.score import score
from denomae_training.signals.recipes import RECIPES

PAIRS = (("4ask", "4pam"), ("cpfsk", "gfsk"))


@pytest.fixture
def records(tmp_path, monkeypatch):
    """Records of three classes, of which two are confused half of the time."""

    def write(name, snr, accuracy, error, views=None):
        row = {"snr_db": snr, "accuracy": accuracy, "standard_error": error, "views": views or {},
               "confusion": [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0.4, 0.6]]}  # fmt: skip
        record = {"recipe": "three", "rows": [row]}
        (tmp_path / f"{name}.json").write_text(json.dumps(record))

    monkeypatch.setattr(module, "RECORDS", tmp_path)
    module._records.cache_clear()
    yield write
    module._records.cache_clear()


def test_between_two_snrs_the_limit_lies_between_and_beyond_there_is_none(records):
    records("a", 0.0, 0.5, 0.01)
    records("b", 4.0, 0.9, 0.02)
    assert limit_at("three", 0.0) == (0.5, 0.01) and limit_at("three", 4.0) == (0.9, 0.02)
    accuracy, error = limit_at("three", 1.0)
    assert accuracy == pytest.approx(0.6)
    assert error == pytest.approx(math.hypot(0.75 * 0.01, 0.25 * 0.02))
    assert limit_at("three", -0.1) is limit_at("three", 4.1) is limit_at("other", 0.0) is None


def test_of_two_records_of_one_snr_the_more_exact_counts_and_no_view_is_lost(records):
    records("a", 0.0, 0.5, 0.01, {"phase one of 16": {"accuracy": 0.45, "standard_error": 0.02}})
    records("b", 0.0, 0.52, 0.004)
    assert limit_at("three", 0.0) == (0.52, 0.004) and unknown_phase_at("three", 0.0) == (
        0.45,
        0.02,
    )


def test_merged_classes_count_as_one_in_the_limit_too(records):
    records("a", 0.0, 1.6 / 3, 0.01)
    classes = ("one", "other", "third")
    assert merged_limit_at("three", 0.0, classes, (("one", "other"),)) == pytest.approx(2.6 / 3)
    assert merged_limit_at("three", 0.0, classes, ()) == pytest.approx(1.6 / 3)


@pytest.mark.parametrize("recipe", ["denomae10", "paper10", "paper10_no_power"])
def test_the_records_are_whole_and_rise_with_the_snr(recipe):
    table = measured(recipe)
    assert set(map(float, range(-6, 11, 2))) <= set(table)
    for snr_db, limit in table.items():
        assert np.allclose(limit.confusion.sum(1), 1, atol=1e-4)
        assert np.diagonal(limit.confusion).mean() == pytest.approx(limit.accuracy, abs=1e-4)
        assert limit.standard_error <= (0.0045 if -6 <= snr_db <= 10 else 0.015)
        for lower, other in table.items():
            if lower < snr_db:
                error = math.hypot(limit.standard_error, other.standard_error)
                assert limit.accuracy >= other.accuracy - 4 * error - 1e-9
    if recipe != "denomae10":
        assert max(limit.accuracy for limit in table.values()) <= 0.8
        classes = RECIPES[recipe].classes
        assert merged_limit_at(recipe, 10.0, classes, PAIRS) > limit_at(recipe, 10.0)[0] + 0.19


def test_a_record_is_what_the_limit_says_again():
    """Other frames, another seed: within four of their standard errors."""
    trials = limit_of(RECIPES["paper10_no_power"], ignore_length=False).trials(7, 4.0, 30, 1)
    again = score(trials.log_likelihood, trials.truth, trials.group)
    kept, error = limit_at("paper10_no_power", 4.0)
    assert abs(again.accuracy - kept) < 4 * math.hypot(error, again.standard_error)


def test_a_report_can_be_held_against_limits_that_were_computed_later(monkeypatch):
    recipe = RECIPES["denomae10"]
    truth = torch.arange(400) % 10
    logits = torch.nn.functional.one_hot(truth, 10).float()
    outcome = Outcome(logits, truth * 0.0, truth, torch.full((400,), -6.0))
    with monkeypatch.context() as without:
        without.setattr(module, "_records", dict)
        before = report_of(outcome, recipe.classes, recipe)
    assert before["rows"][0]["limit"] is None and before["violations"] == []
    after = with_limits(before, recipe)
    assert after == report_of(outcome, recipe.classes, recipe)
    assert after["rows"][0]["limit"] == pytest.approx(0.854, abs=0.02)
    assert len(after["violations"]) == 2  # all right, where the limit is 85 %
