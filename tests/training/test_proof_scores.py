# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of refusal, areas under curves, trust and grades on cases whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from denomae.checkpoint import Refusal
from denomae.refusal import scorer
from denomae_training.evaluation.calibration import (
    FALSE_ALARM,
    calibrate,
    distance_of,
    refusal_of,
)
from denomae_training.evaluation.outcome import Outcome
from denomae_training.proof.refusal import (
    Bank,
    Deviations,
    auroc,
    mahalanobis,
    mean_auroc,
    neighbour,
)
from denomae_training.proof.said import Said
from denomae_training.proof.trust import error_by_chance, trust


def test_the_scores_of_logits_are_those_of_their_formulas():
    logits = torch.tensor([[1.0, 2.0, 4.0], [0.0, 0.0, 0.0]])

    def score_of(name, logits, temperature):
        return scorer(Refusal(name, 0.0, 0.0), temperature)(logits)

    energy = [math.log(sum(math.exp(x / 2) for x in row)) for row in logits.tolist()]
    assert score_of("energy", logits, 2.0).tolist() == pytest.approx(energy)
    assert score_of("logit", logits, 2.0).tolist() == pytest.approx([2.0, 0.0])
    assert score_of("probability", logits, 2.0).tolist() == pytest.approx(
        [math.exp(2.0 - energy[0]), 1 / 3]
    )


def test_the_area_is_one_for_apart_half_for_alike_and_counts_ties_half():
    assert auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auroc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0.0
    assert auroc(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    assert auroc(np.array([1.0, 3.0]), np.array([2.0])) == 0.5
    kinds = {"a": np.zeros(5), "b": np.full(1, 9.0)}
    assert mean_auroc(np.array([1.0, 2.0]), kinds) == 0.5


def test_two_gaussians_have_the_area_of_the_closed_form():
    """Phi(d / sqrt 2) for unit variances whose means lie d apart."""
    rng = np.random.default_rng(1)
    found = auroc(rng.normal(1.0, 1, 20_000), rng.normal(0.0, 1, 20_000))
    assert found == pytest.approx(0.5 * (1 + math.erf(0.5)), abs=0.01)


def test_the_mahalanobis_score_is_the_distance_in_deviations_to_the_nearest_class():
    rng = np.random.default_rng(2)
    spread, means = np.diag([4.0, 0.25]), np.array([[0.0, 0.0], [30.0, 0.0]])
    truth = np.arange(20_000) % 2
    features = means[truth] + rng.normal(size=(20_000, 2)) @ np.sqrt(spread)
    score = mahalanobis(features, truth)
    found = score(np.array([[4.0, 0.0], [0.0, 1.0], [30.0, 0.0], [26.0, 1.0]]))
    assert found == pytest.approx([-4.0, -4.0, 0.0, -8.0], abs=0.25)


def test_the_neighbours_score_is_minus_the_distance_on_the_unit_sphere():
    bank = np.array([[1.0, 0.0], [10.0, 0.0], [0.0, 1.0]])
    score = neighbour(bank, 2)
    assert score(np.array([[5.0, 0.0], [0.0, 3.0]])) == pytest.approx([0.0, -math.sqrt(2)])


def test_deviations_of_a_normal_score_are_standard_whatever_its_tail():
    rng = np.random.default_rng(4)
    known = np.concatenate([rng.normal(3.0, 2.0, 50_000), np.full(500, -1e6)])
    assert Deviations(known)(np.array([3.0, 5.0])) == pytest.approx([0.0, 1.0], abs=0.05)


def test_the_sum_of_two_scores_finds_what_only_one_of_them_does():
    """Frames far from all features of known ones, and frames of weak logits near to them."""
    rng = np.random.default_rng(5)
    truth = np.arange(600) % 3

    def said(features: np.ndarray, strength: float) -> Said:
        logits = strength * torch.eye(3)[torch.from_numpy(truth)] + 0.1 * torch.randn(600, 3)
        return Said(logits, torch.zeros(600), torch.from_numpy(features).float())

    near = 20 * np.eye(4)[truth] + rng.normal(size=(600, 4))
    bank = Bank(said(near, 8.0), truth, 1.0)
    known = bank.scores(said(20 * np.eye(4)[truth] + rng.normal(size=(600, 4)), 8.0))
    far, weak = bank.scores(said(near + 30, 8.0)), bank.scores(said(near, 2.0))
    area = {n: [auroc(known[n], s[n]) for s in (far, weak)] for n in known}
    assert area["energy"][0] < 0.6 < 0.99 < area["energy"][1]
    assert area["mahalanobis"][1] < 0.6 < 0.99 < area["mahalanobis"][0]
    assert min(area["energy+mahalanobis"]) > 0.99


def _outcome(confidence: float, right: np.ndarray, snr_db: np.ndarray, error_db: float = 0.0):
    logits = torch.zeros(len(right), 2)
    logits[:, 0] = math.log(confidence / (1 - confidence))
    snr = torch.as_tensor(snr_db, dtype=torch.float32)
    truth = torch.as_tensor(np.where(right, 0, 1))
    return Outcome(logits, snr + error_db, truth, snr)


def test_trust_counts_each_frame_in_its_bin_and_knows_what_chance_brings():
    count = 6000
    rng = np.random.default_rng(3)
    snr = rng.uniform(-10, 10, count)
    right = rng.random(count) < 0.8
    snr[:300] = np.nan
    found = trust(_outcome(0.8, right, snr, 0.7), 1.0, 1)
    assert [row["low_db"] for row in found["rows"]] == [-10, -5, 0, 5]
    assert sum(row["frames"] for row in found["rows"]) == count - 300
    assert found["all"]["frames"] == count
    for row in found["rows"]:
        assert row["snr_bias_db"] == pytest.approx(0.7, abs=1e-3) == row["snr_rms_error_db"]
        assert row["calibration_error"] < 4 * row["by_chance"]
    sure = trust(_outcome(0.99, right, snr), 1.0, 1)["all"]
    assert sure["calibration_error"] == pytest.approx(0.19, abs=0.02) and sure["by_chance"] < 0.01


def test_chance_brings_the_mean_deviation_of_a_binomial():
    """E|X - np| / n of n = 400, p = 0.8 is sqrt(2 p (1 - p) / (pi n))."""
    outcome = _outcome(0.8, np.ones(400, bool), np.zeros(400))
    wanted = math.sqrt(2 * 0.16 / (math.pi * 400))
    assert error_by_chance(outcome, 1.0, 5) == pytest.approx(wanted, rel=0.3)


def _strong(seed: int, count: int = 4000) -> Outcome:
    """Logits of five classes, of which 0 is noise, with a spread of their own."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(5, size=count)
    logits = 6 * np.eye(5)[truth] + rng.normal(0, 1, (count, 5)) @ np.diag([1, 1, 2, 1, 0.3])
    snr = rng.uniform(-20, 30, count)
    snr[truth == 0] = np.nan
    snr_db = torch.from_numpy(snr).float()
    return Outcome(torch.from_numpy(logits).float(), snr_db, torch.from_numpy(truth), snr_db)


def test_calibrating_fits_the_distance_at_the_false_alarm_that_is_stated_on_other_frames():
    calibration = calibrate(_strong(6), 0)
    refusal = calibration.refusal
    assert (refusal.score, refusal.from_db, len(refusal.middles)) == ("distance", 5.0, 4)
    other = _strong(7, 20_000)
    score = scorer(refusal, calibration.temperature)(other.logits[other.snr_db >= 5])
    assert (score < refusal.threshold).float().mean() == pytest.approx(FALSE_ALARM, abs=0.012)
    torn = other.logits[other.snr_db >= 5].roll(1, 1) * 0.5
    assert (scorer(refusal, calibration.temperature)(torn) < refusal.threshold).float().mean() > 0.5


def test_the_distance_of_logits_is_that_of_mahalanobis_and_does_not_change_with_a_common_shift():
    outcome = _strong(8)
    strong = outcome.part(outcome.snr_db >= 5)
    refusal = distance_of(strong, 1.0)
    found = scorer(refusal, 1.0)(strong.logits[:50])
    centred = (strong.logits - strong.logits.mean(1, keepdim=True)).double().numpy()[:, :4]
    truth = strong.class_index.numpy()
    means = np.stack([centred[truth == n].mean(0) for n in range(1, 5)])
    spread = centred - means[truth - 1]
    inverse = np.linalg.inv(spread.T @ spread / len(spread))
    apart = centred[:50, None] - means
    wanted = -np.einsum("fck,kl,fcl->fc", apart, inverse, apart).min(1)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=0.02, atol=0.02)
    shifted = scorer(refusal, 1.0)(strong.logits[:50] + 7)
    assert torch.allclose(found, shifted, atol=1e-3)


def test_a_class_without_strong_frames_that_is_not_noise_leaves_the_refusal_out():
    outcome = _strong(9)
    assert refusal_of(outcome, 1.0, 0) is not None
    assert refusal_of(outcome, 1.0) is None  # class 0 may be a recorded one, of unknown SNR
    assert refusal_of(outcome.part(torch.arange(120)), 1.0, 0) is None
