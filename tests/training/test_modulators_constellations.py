# SPDX-License-Identifier: GPL-3.0-or-later
import math

import numpy as np
import pytest

from denomae_training.signals.constellations import (
    APSK16_RADII,
    APSK32_RADII,
    APSK64_RADII,
    APSK128_RADII,
    apsk16,
    apsk32,
    apsk64,
    apsk128,
    ask,
    cross_qam,
    gray,
    gray_square,
    pam,
    psk,
    square_qam,
    unit_power,
)


def _least_distance(points):
    gap = np.abs(points[:, None] - points[None, :])
    return gap[~np.eye(len(points), dtype=bool)].min()


@pytest.mark.parametrize("order", [2, 4, 8, 16, 32])
def test_psk_points_stand_evenly_on_the_unit_circle(order):
    np.testing.assert_allclose(np.abs(psk(order)), 1, atol=1e-6)
    assert _least_distance(psk(order)) == pytest.approx(2 * math.sin(math.pi / order), rel=1e-5)


@pytest.mark.parametrize("order", [2, 4, 8, 16])
def test_amplitude_levels_have_the_closed_form_power(order):
    assert np.mean(np.abs(pam(order)) ** 2) == pytest.approx((order**2 - 1) / 3)
    assert np.mean(np.abs(ask(order)) ** 2) == pytest.approx((order - 1) * (2 * order - 1) / 6)
    assert pam(order).mean() == 0 and ask(order).real.min() == 0 and not ask(order).imag.any()


@pytest.mark.parametrize("order", [4, 16, 64, 256])
def test_square_qam_has_the_closed_form_power(order):
    points = square_qam(order)
    assert len(set(points)) == order and _least_distance(points) == 2
    assert np.mean(np.abs(points) ** 2) == pytest.approx(2 * (order - 1) / 3)


@pytest.mark.parametrize("order", [32, 128])
def test_cross_qam_is_a_square_without_corners(order):
    points = cross_qam(order)
    assert len(set(points)) == order and _least_distance(points) == 2
    assert np.mean(np.abs(points) ** 2) == pytest.approx(31 * order / 48 - 2 / 3)
    for turn in (1j, -1, -1j):
        assert set(points * turn) == set(points)
    with pytest.raises(ValueError, match="32 or 128"):
        cross_qam(64)


@pytest.mark.parametrize(
    "points, radii",
    [(apsk16(rate), radii) for rate, radii in APSK16_RADII.items()]
    + [(apsk32(rate), radii) for rate, radii in APSK32_RADII.items()]
    + [(apsk64(rate), radii) for rate, radii in APSK64_RADII.items()]
    + [(apsk128(rate), radii) for rate, radii in APSK128_RADII.items()],
)
def test_apsk_points_lie_on_their_rings_and_apart(points, radii):
    rings, counts = np.unique(np.round(np.abs(points), 4), return_counts=True)
    np.testing.assert_allclose(rings, radii, rtol=1e-4)
    wanted = {16: [4, 12], 32: [4, 12, 16], 64: [8, 16, 20, 20], 128: [16, 16, 16, 16, 16, 48]}
    assert counts.tolist() == wanted[len(points)]
    # its mirror images are itself
    for mirrored in (points.conj(), -points.conj()):
        gap = np.abs(mirrored[:, None] - points[None, :]).min(1)
        assert gap.max() < 1e-5 * max(radii)
    assert _least_distance(points) > 0.3


def test_points_of_unit_power_have_it_and_stay_as_they_are():
    for points in (ask(8), pam(16), cross_qam(128), apsk32("3/4")):
        scaled = unit_power(points)
        assert np.mean(np.abs(scaled) ** 2) == pytest.approx(1, abs=1e-6)
        with pytest.raises(ValueError):
            scaled[0] = 0


@pytest.mark.parametrize("order", [4, 16, 64, 256])
def test_gray_labels_of_neighbours_differ_in_one_bit(order):
    points, label = square_qam(order), gray_square(order)
    assert sorted(label) == list(range(order))
    near = np.abs(np.abs(points[:, None] - points[None, :]) - 2) < 1e-6
    for one, other in np.argwhere(near):
        assert bin(label[one] ^ label[other]).count("1") == 1
    circle = gray(order)
    for one, other in zip(circle, np.roll(circle, 1), strict=True):
        assert bin(one ^ other).count("1") == 1
