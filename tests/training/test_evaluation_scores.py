# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from denomae_training.evaluation import Outcome, confusion, expected_calibration_error, report_of
from denomae_training.evaluation.calibration import reliability
from denomae_training.evaluation.same import same_waveforms
from denomae_training.evaluation.scores import violations
from denomae_training.evaluation.table import lines_of
from denomae_training.evaluation.wilson import wilson
from denomae_training.signals.recipes import RECIPES

PAPER = RECIPES["paper10"]
OURS = RECIPES["denomae10"]


def _outcome(named, truth, snr_db, classes=10, confidence=0.9, estimate=None) -> Outcome:
    """Answers that name given classes with one confidence."""
    named, truth = torch.as_tensor(named), torch.as_tensor(truth)
    probabilities = torch.full((len(named), classes), (1 - confidence) / (classes - 1))
    probabilities[torch.arange(len(named)), named] = confidence
    snr = torch.as_tensor(snr_db, dtype=torch.float32).expand(len(named))
    return Outcome(probabilities.log(), snr if estimate is None else estimate, truth, snr)


def test_a_class_that_the_model_knows_besides_changes_no_limit():
    truth, named = list(range(10)) * 2, list(range(10)) + [10] * 10
    wide = report_of(_outcome(named, truth, 0.0, 11), (*PAPER.classes, "morse"), PAPER)
    own = report_of(_outcome(list(range(10)) * 2, truth, 0.0), PAPER.classes, PAPER)
    (row,), (known,) = wide["rows"], own["rows"]
    assert row["merged_limit"] == known["merged_limit"] and known["merged_limit"] > 0
    assert row["limit"] == known["limit"] and row["accuracy"] == 0.5
    assert np.array(row["confusion"])[:, 10].tolist() == [1] * 10 + [0]


def test_wilson_gives_the_published_interval_of_ten_in_a_hundred_and_of_none_in_ten():
    # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize("right, count", [(0, 7), (3, 7), (480, 480), (97, 480)])
def test_both_ends_of_the_interval_lie_so_many_deviations_from_the_count(right, count):
    """Its definition: |share - p| = z sqrt(p (1 - p) / n) at both ends p."""
    for end in wilson(right, count, 2.5):
        spread = 2.5 * math.sqrt(end * (1 - end) / count)
        assert abs(right / count - end) == pytest.approx(spread, abs=1e-9)


def test_an_impossible_count_has_no_interval():
    for right, count in ((-1, 3), (4, 3), (0, 0)):
        with pytest.raises(ValueError, match="right of"):
            wilson(right, count)


def test_the_calibration_error_of_a_constructed_case():
    """60 frames at 0.9 of which 45 are right, 40 at 0.3 of which 20 are: 0.6 * 0.15 + 0.4 * 0.2."""
    sure = _outcome([0] * 60, [0] * 45 + [1] * 15, 0.0, confidence=0.9)
    unsure = _outcome([0] * 40, [0] * 20 + [1] * 20, 0.0, confidence=0.3)
    both = Outcome(*(torch.cat([getattr(sure, f.name), getattr(unsure, f.name)])
                     for f in dataclasses.fields(Outcome)[:4]))  # fmt: skip
    assert expected_calibration_error(both, 1.0) == pytest.approx(0.17, abs=1e-5)
    low, high = reliability(both, 1.0)
    assert (low.frames, high.frames) == (40, 60)
    assert (low.accuracy, high.accuracy) == pytest.approx((0.5, 0.75))
    assert (low.confidence, high.confidence) == pytest.approx((0.3, 0.9))


def test_a_large_temperature_makes_every_answer_unsure():
    outcome = _outcome([0] * 10, [0] * 10, 0.0, confidence=0.99)
    assert reliability(outcome, 1e4)[0].confidence == pytest.approx(0.1, abs=1e-3)


def test_only_the_published_generator_has_classes_of_one_waveform():
    pairs = (("4ask", "4pam"), ("cpfsk", "gfsk"))
    assert same_waveforms(PAPER) == same_waveforms(RECIPES["paper10_no_power"]) == pairs
    assert same_waveforms(OURS) == same_waveforms(RECIPES["live"]) == ()


def test_the_merged_score_counts_classes_of_one_waveform_as_one_and_no_others():
    classes = PAPER.classes
    ask, pam, cpfsk, gfsk, ook = (
        classes.index(n) for n in ("4ask", "4pam", "cpfsk", "gfsk", "ook")
    )
    truth = [ask, ask, pam, pam, cpfsk, gfsk, ook, ook]
    named = [ask, pam, ask, cpfsk, gfsk, gfsk, ook, ask]
    report = report_of(_outcome(named, truth, 0.0), classes, PAPER)
    assert report["accuracy"] == pytest.approx(3 / 8)
    assert report["merged"] == report["rows"][0]["merged"] == pytest.approx(6 / 8)
    assert report_of(_outcome(named, truth, 0.0), classes, OURS)["merged"] is None


def test_a_report_counts_each_frame_at_the_snr_it_was_asked_for():
    rng = np.random.default_rng(1)
    truth, named = rng.integers(10, size=(2, 300))
    snr = torch.tensor([-10.0, 0.0, 10.0]).repeat(100)
    outcome = _outcome(named, truth, snr, estimate=snr + 3)
    silent = dataclasses.replace(  # frames without a signal have no SNR, but their place
        outcome, snr_db=torch.where(torch.arange(300) < 30, torch.nan, snr), asked_snr_db=snr
    )
    report = report_of(silent, OURS.classes, OURS)
    json.dumps(report, allow_nan=False)
    for place, row in enumerate(report["rows"]):
        wanted = [t == n for t, n in zip(truth[place::3], named[place::3], strict=True)]
        assert (row["snr_db"], row["frames"], row["right"]) == (10 * place - 10, 100, sum(wanted))
        assert (row["low"], row["high"]) == pytest.approx(wilson(sum(wanted), 100), abs=1e-4)
        assert row["snr_rms_error_db"] == pytest.approx(3)
        of_ook = [w for w, t in zip(wanted, truth[place::3], strict=True) if t == 0]
        assert row["class_accuracy"]["ook"] == pytest.approx(np.mean(of_ook), abs=1e-4)
    assert sum(np.array(row["confusion"]) for row in report["rows"]).tolist() == report["confusion"]
    assert np.array_equal(report["confusion"], confusion(silent, 10))
    middle = report["rows"][1]["accuracy"] / 2 + report["rows"][2]["accuracy"] / 2
    assert report["means"]["-6..10"]["accuracy"] == pytest.approx(middle, abs=1e-4)


def test_a_recipe_without_a_limit_has_a_table_without_one():
    report = report_of(_outcome([0, 1], [0, 0], 5.0), OURS.classes, RECIPES["live"])
    assert report["rows"][0]["limit"] is None and report["violations"] == []
    assert not any("limit" in line for line in lines_of(report))


def _row(accuracy, limit, frames=400, error=0.003, snr_db=0.0):
    right = round(accuracy * frames)
    return {"snr_db": snr_db, "accuracy": right / frames, "frames": frames, "right": right,
            "limit": limit, "limit_error": error}  # fmt: skip


def test_what_lies_above_its_limit_by_more_than_chance_is_named():
    # One deviation of 400 frames at 0.6 is 0.0245, with the limit's own 0.0247.
    assert violations([_row(0.645, 0.6)]) == violations([_row(0.5, 0.6)]) == []
    at = violations([_row(0.69, 0.6, snr_db=4.0), _row(0.3, 0.6)])
    assert len(at) == 1 and at[0].startswith("at 4 dB 69.0 % are right, 9.0 points above")
    assert violations([_row(0.6 + 2.9 * 0.0247, 0.6), _row(0.3, 0.6)]) == []


def test_many_cells_that_are_each_a_little_too_good_are_found_together():
    """Nine cells, each 1.2 deviations above: together 3.6."""
    rows = [_row(0.63, 0.6, snr_db=k) for k in range(9)]
    found = violations(rows)
    assert len(found) == 1 and found[0].startswith("over 9 SNRs together the accuracy is 3.00")
    assert violations([_row(0.61, 0.6, snr_db=k) for k in range(9)]) == []


def test_a_likelihood_classifier_at_its_limit_is_no_violation_and_a_clairvoyant_is():
    rng = np.random.default_rng(3)
    honest = [_row(rng.binomial(480, 0.8) / 480, 0.8, 480, 0.0, k) for k in range(21)]
    assert violations(honest) == []
    assert len(violations([_row(1.0, 0.8, 480, 0.0, k) for k in range(21)])) == 22
