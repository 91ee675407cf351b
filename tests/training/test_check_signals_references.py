# SPDX-License-Identifier: GPL-3.0-or-later
"""What the signals are held against: closed forms and measures, on cases that textbooks give."""

from __future__ import annotations

import math

import numpy as np
import pytest

from denomae_training.checks import closed_forms, measures
from denomae_training.signals.constellations import cross_qam, pam, psk, square_qam, unit_power


def test_bpsk_has_one_error_in_a_hundred_thousand_at_9_59_db():
    assert closed_forms.bipolar(2)(10**0.9588) == pytest.approx(1e-5, rel=0.01)


@pytest.mark.parametrize(
    ("points", "closed"),
    [
        (psk(8), closed_forms.phase_keying(8)),
        (square_qam(16), closed_forms.square(16)),
        (square_qam(256), closed_forms.square(256)),
        (pam(4), closed_forms.bipolar(4)),
        (np.arange(4).astype(complex), closed_forms.unipolar(4)),
    ],
)
def test_integration_around_points_agrees_with_closed_forms(points, closed):
    gamma = closed_forms.gamma_for(closed, 0.03)
    assert closed_forms.nearest_point(unit_power(points))(gamma) == pytest.approx(0.03, rel=1e-3)


def test_integration_around_a_cross_agrees_with_counting():
    points = unit_power(cross_qam(32))
    rng = np.random.default_rng(3)
    gamma = closed_forms.gamma_for(closed_forms.nearest_point(points), 0.08)
    sent = rng.integers(32, size=100_000)
    seen = points[sent] + measures.white_noise(rng, len(sent), 1 / gamma)
    decided = np.abs(seen[:, None] - points).argmin(1)
    assert np.mean(decided != sent) == pytest.approx(0.08, rel=0.04)


@pytest.mark.parametrize("gamma", [1.0, 4.0, 9.0])
def test_unknown_phase_costs_what_the_two_binary_formulas_say(gamma):
    assert closed_forms.orthogonal(2)(gamma) == pytest.approx(0.5 * math.exp(-gamma / 2), rel=1e-5)
    dbpsk = 0.5 * math.exp(-gamma)
    assert closed_forms.differential_phase(2)(gamma) == pytest.approx(dbpsk, rel=1e-3)


def test_orthogonal_tones_agree_with_the_alternating_series_where_that_is_stable():
    gamma, order = 6.0, 8
    series = sum(
        (-1) ** (n + 1) * math.comb(order - 1, n) / (n + 1) * math.exp(-n * gamma / (n + 1))
        for n in range(1, order)
    )
    assert closed_forms.orthogonal(order)(gamma) == pytest.approx(series, rel=1e-4)


@pytest.mark.parametrize(
    ("points", "c20", "c40", "c42"),
    [  # Swami and Sadler, IEEE Transactions on Communications 48 (3), 2000, table I
        (psk(2), 1.0, -2.0, -2.0),
        (psk(4), 0.0, 1.0, -1.0),
        (psk(8), 0.0, 0.0, -1.0),
        (pam(4), 1.0, -1.36, -1.36),
        (square_qam(16), 0.0, -0.68, -0.68),
        (square_qam(64), 0.0, -0.619, -0.619),
    ],
)
def test_cumulants_of_points_are_those_of_the_published_table(points, c20, c40, c42):
    found = measures.cumulants(np.tile(points, 10))
    wanted = {"C20": c20, "C40": c40, "C42": c42}
    for name, value in wanted.items():
        assert found[name].real == pytest.approx(value, abs=1e-3)


def test_white_noise_occupies_99_percent_of_the_band_and_a_line_next_to_nothing():
    noise = measures.white_noise(np.random.default_rng(4), 400_000, 1.0)
    assert measures.occupied_bandwidth(noise) == pytest.approx(0.99, abs=0.002)
    assert measures.occupied_bandwidth(np.exp(0.3j * np.arange(20_000))) < 0.001


def test_noise_behind_a_gentle_filter_is_not_taken_for_white():
    noise = measures.white_noise(np.random.default_rng(5), 100_000, 1.0).reshape(-1, 1000)
    assert measures.whiteness(noise) < 4.5
    assert measures.whiteness(noise[:, 1:] + 0.05 * noise[:, :-1]) > 4.5


def test_the_distance_of_a_wave_from_itself_with_an_error_is_that_of_the_error():
    rng = np.random.default_rng(6)
    wave = measures.white_noise(rng, 50_000, 1.0)
    wrong = 2j * wave + measures.white_noise(rng, 50_000, 4e-4)
    assert measures.distance_db(wave, wrong) == pytest.approx(-40.0, abs=0.1)
