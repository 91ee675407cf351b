# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of differential and of blindly corrected samples: what an offset does to them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from denomae.modalities import build, unit_power
from denomae.raster import ImageSpec, constellation_image, constellation_image_torch
from denomae.raster.shown import ORDERS, blind_correction, shown_samples

N = 1024
SPEC = ImageSpec()
CORRECTED = dataclasses.replace(SPEC, samples="corrected")
DIFFERENTIAL = dataclasses.replace(SPEC, samples="differential", lag=3)


def keyed(points: int, snr_db: float, seed: int, per_symbol: int = 4) -> np.ndarray:
    """PSK of rectangular symbols in white noise, before any offset: complex128 [8, N]."""
    rng = np.random.default_rng(seed)
    turns = rng.integers(0, points, (8, N // per_symbol)) / points
    noise = rng.standard_normal((8, N, 2)) @ [1, 1j] / np.sqrt(2)
    return np.exp(2j * np.pi * turns).repeat(per_symbol, 1) + 10 ** (-snr_db / 20) * noise


def offset(frames: np.ndarray, seed: int, most: float) -> tuple[torch.Tensor, np.ndarray]:
    """The frames with a carrier offset of up to `most` turns a sample and any phase."""
    rng = np.random.default_rng(seed)
    turns, phase = rng.uniform(-most, most, (8, 1)), rng.uniform(0, 1, (8, 1))
    turned = frames * np.exp(2j * np.pi * (turns * np.arange(N) + phase))
    return torch.from_numpy(turned.astype(np.complex64)), turns[:, 0]


@pytest.mark.parametrize(("points", "order"), [(2, 2), (4, 4), (8, 8)])
def test_a_blind_correction_finds_the_offset_and_makes_the_constellation_tight(points, order):
    frames, turns = offset(keyed(points, 15.0, 1), 2, 0.9 / (2 * order))
    found, _ = blind_correction(frames)
    # a hundredth of a turn over the frame
    np.testing.assert_allclose(found.numpy(), turns, atol=1e-2 / N)
    corrected = shown_samples(frames, CORRECTED).numpy()
    angle = np.angle(corrected**order)  # all points at one place, and that at phase 0
    assert np.sqrt(np.mean(angle**2)) < 0.2 * order
    assert abs(np.mean(np.exp(1j * angle), 1)).min() > 0.5
    smeared = np.exp(1j * np.angle(frames.numpy() ** order))
    assert abs(smeared.mean(1)).max() < 0.3


def test_the_corrected_image_is_that_of_the_signal_without_its_offset():
    plain = keyed(4, 20.0, 3)
    frames, _ = offset(plain, 4, 0.02)
    # points on the axes are where the correction puts them, up to a quarter of a turn
    wanted = constellation_image(torch.from_numpy(plain.astype(np.complex64)), SPEC)
    drawn = build({"noisy": frames}, ["noisy_image"], CORRECTED)["noisy_image"]
    smeared = build({"noisy": frames}, ["noisy_image"], SPEC)["noisy_image"]
    for image, goal, raw in zip(drawn, wanted, smeared, strict=True):
        turned = [torch.rot90(goal, quarter, (1, 2)) for quarter in range(4)]
        distance = min((image - t).abs().mean() for t in turned)
        assert distance < 0.25 * min((raw - t).abs().mean() for t in turned)


def test_noise_is_left_as_it_is():
    rng = np.random.default_rng(5)
    frames = torch.from_numpy((rng.standard_normal((200, N, 2)) @ [1, 1j]).astype(np.complex64))
    found, phase = blind_correction(frames)
    assert (found == 0).all() and (phase == 0).all()
    torch.testing.assert_close(shown_samples(frames, CORRECTED), frames)


def test_a_differential_image_does_not_change_with_phase_and_its_points_with_an_offset_only_turn():
    frames, _ = offset(keyed(4, 20.0, 6), 7, 0.0)
    turned = frames * torch.exp(2j * torch.pi * torch.rand(8, 1))
    images = [
        build({"noisy": unit_power(f)}, ["noisy_image"], DIFFERENTIAL)["noisy_image"]
        for f in (frames, turned)
    ]
    assert (images[0] - images[1]).abs().max() < 2 / 255
    moved = frames * torch.exp(2j * torch.pi * 0.01 * torch.arange(N))
    ratio = shown_samples(moved, DIFFERENTIAL) / shown_samples(frames, DIFFERENTIAL)
    torch.testing.assert_close(
        ratio, torch.full_like(ratio, complex(np.exp(2j * np.pi * 0.03))), atol=1e-4, rtol=0
    )


def test_differential_samples_are_their_definition_at_the_scale_of_the_frame():
    frames = torch.from_numpy((3 * keyed(8, 5.0, 8)).astype(np.complex64))
    shown = shown_samples(frames, DIFFERENTIAL).numpy()
    assert shown.shape == (8, N - 3)
    x = frames[2].numpy()
    for n in (3, 100, N - 1):
        a, b = x[n], x[n - 3]
        wanted = np.sqrt(abs(a) * abs(b)) * np.exp(1j * (np.angle(a) - np.angle(b)))
        assert shown[2, n - 3] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("spec", [DIFFERENTIAL, CORRECTED])
def test_both_forms_of_the_raster_draw_these_samples(spec):
    frames, _ = offset(keyed(4, 10.0, 9), 10, 0.02)
    frames[0, -100:] = torch.nan  # a frame that ends early
    samples = shown_samples(frames, spec)
    assert (
        constellation_image(samples, spec) - constellation_image_torch(samples, spec)
    ).abs().max() < 1 / 255
    assert torch.isfinite(constellation_image(samples, spec)).all()


def test_a_clean_image_is_turned_as_its_noisy_one():
    plain = keyed(4, 200.0, 11)
    clean, _ = offset(plain, 12, 0.02)
    noisy = clean + 0.1 * torch.randn(8, N, dtype=torch.complex64)
    built = build({"noisy": noisy, "clean": clean}, ["noisy_image", "clean_image"], CORRECTED)
    wanted = constellation_image(
        shown_samples(noisy, CORRECTED) - shown_samples(noisy - clean, CORRECTED, noisy), CORRECTED
    )
    assert (built["clean_image"] - wanted).abs().max() < 2 / 255


def test_a_frame_of_zeros_and_the_smallest_powers_are_no_trouble():
    frames = torch.zeros(3, N, dtype=torch.complex64)
    frames[1] = 1e-30
    frames[2, 5] = 1.0
    for spec in (DIFFERENTIAL, CORRECTED):
        assert torch.isfinite(shown_samples(frames, spec).abs()).all()
    assert ORDERS == (2, 4, 8)
