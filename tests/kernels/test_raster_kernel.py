# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled raster against its definition, written out in numpy."""

from __future__ import annotations

import numpy as np
import pytest

_kernels = pytest.importorskip("denomae._kernels")

LIVE = dict(height=64, width=64, extent=2.5, decay_px=(0.75, 1.5, 3.0), half_size_px=(3, 6, 10))
WIDE = dict(height=20, width=30, extent=1.0, decay_px=(2.0, 14.1), half_size_px=(4, 50))
PAPER = dict(
    height=224,
    width=224,
    extent=2.5,
    decay_px=(2**0.5, 2**0.5 / 0.2, 2**0.5 / 0.1),
    half_size_px=(5, 25, 50),
)
TOLERANCE = 1 / 255


def definition(
    frame: np.ndarray, height: int, width: int, extent: float, decay_px, half_size_px
) -> np.ndarray:
    """float64 [C, H, W] of one frame, complex64 [N]: a sum over every sample and pixel."""
    with np.errstate(invalid="ignore"):
        x = (frame.real.astype(float) + extent) / (2 * extent / width)
        y = (extent - frame.imag.astype(float)) / (2 * extent / height)
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    rows, columns = np.arange(height), np.arange(width)
    dx = columns + 0.5 - x[:, None]  # [N, W]
    dy = rows + 0.5 - y[:, None]  # [N, H]
    distance = np.hypot(dy[:, :, None], dx[:, None, :])  # [N, H, W]
    images = []
    for decay, half in zip(decay_px, half_size_px, strict=True):
        near_x = np.abs(columns - np.floor(x)[:, None]) <= half
        near_y = np.abs(rows - np.floor(y)[:, None]) <= half
        window = near_y[:, :, None] & near_x[:, None, :]
        total = np.where(window, np.exp(-distance / decay), 0.0).sum(0)
        images.append(total / total.max() if total.max() > 0 else total)
    return np.stack(images)


def cloud(count: int, spread: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    samples = random.normal(scale=spread, size=(2, count))
    return (samples[0] + 1j * samples[1]).astype(np.complex64)


def ring(count: int, radius: float) -> np.ndarray:
    return (radius * np.exp(2j * np.pi * np.arange(count) / count)).astype(np.complex64)


def clusters(count: int, noise: float, seed: int) -> np.ndarray:
    """16QAM of unit mean power, noise added."""
    levels = np.array([-3, -1, 1, 3]) / np.sqrt(10)
    points = (levels[:, None] + 1j * levels).ravel()
    return (np.resize(points, count) + cloud(count, noise, seed)).astype(np.complex64)


def with_gaps(frame: np.ndarray) -> np.ndarray:
    holes = frame.copy()
    holes[::7] = np.nan
    holes[3::11] = complex(np.inf, 0.2)
    return holes


FRAMES = {
    "a point": np.full(64, 0.31 - 0.62j, np.complex64),
    "a ring": ring(60, 1.0),
    "a ring outside": np.append(ring(60, 2.7), np.complex64(0.1 + 0.2j)),
    "noise": cloud(60, 0.7, seed=5),
    "wide noise": cloud(60, 2.5, seed=6),
    "16QAM": clusters(64, 0.0, seed=7),
    "16QAM in noise": clusters(64, 0.1, seed=8),
    "gaps": with_gaps(cloud(60, 0.7, seed=9)),
}


def assert_agrees(frame: np.ndarray, spec: dict) -> None:
    image = _kernels.raster(frame[None], **spec)[0]
    assert np.abs(image - definition(frame, **spec)).max() < TOLERANCE


@pytest.mark.parametrize("spec", [LIVE, WIDE], ids=["live", "wide"])
@pytest.mark.parametrize("spread", [0.0, 0.02, 0.7, 3.0])
def test_the_raster_agrees_with_its_definition(spec: dict, spread: float) -> None:
    assert_agrees(cloud(200, spread, seed=1), spec)


@pytest.mark.parametrize("spec", [LIVE, PAPER], ids=["live", "paper"])
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_the_raster_agrees_for_the_frames_that_are_drawn(spec: dict, frame: np.ndarray) -> None:
    assert_agrees(frame, spec)


@pytest.mark.parametrize(
    "spec",
    [
        dict(height=5, width=9, extent=1.0, decay_px=(1.0,), half_size_px=(0,)),
        dict(height=31, width=12, extent=1.0, decay_px=(0.05, 0.05), half_size_px=(1, 1024)),
        dict(height=1, width=1, extent=1.0, decay_px=(3.0,), half_size_px=(10,)),
        dict(height=40, width=90, extent=1.0, decay_px=(6.0, 40.0), half_size_px=(30, 1024)),
    ],
    ids=["half size 0", "decay 0.05", "one pixel", "larger than the image"],
)
@pytest.mark.parametrize("spread", [0.0, 0.3, 2.0])
def test_the_raster_agrees_for_odd_specs(spec: dict, spread: float) -> None:
    assert_agrees(cloud(50, spread, seed=10), spec)


def test_a_lone_sample_agrees_wherever_it_lies_in_its_pixel() -> None:
    pixel = 2 * LIVE["extent"] / LIVE["width"]
    for phase_x in np.linspace(0, 1, 13):
        for phase_y in np.linspace(0, 1, 13):
            lone = np.array([complex(0.31 + phase_x * pixel, -0.52 + phase_y * pixel)])
            assert_agrees(lone.astype(np.complex64), LIVE)


def test_samples_on_the_border_of_pixels_and_image_agree() -> None:
    edges = np.linspace(-2.5, 2.5, 65).astype(np.float32)
    border = (edges + 1j * edges[::-1]).astype(np.complex64)
    assert_agrees(border, LIVE)
    corners = np.array([2.5 + 2.5j, -2.5 + 2.5j, 2.5 - 2.5j, -2.5 - 2.5j], dtype=np.complex64)
    assert_agrees(corners, LIVE)


def test_a_sample_outside_draws_what_reaches_into_the_image() -> None:
    lone = np.array([2.5 + 0.3 + 0.5j], dtype=np.complex64)
    assert definition(lone, **LIVE).max() > 0
    assert_agrees(lone, LIVE)


def test_samples_that_are_not_finite_or_huge_add_nothing() -> None:
    good = cloud(100, 0.7, seed=2)
    bad = [np.nan, complex(0, np.nan), np.inf, complex(0.1, -np.inf), 1e30, -3e38j]
    mixed = np.concatenate([good, np.array(bad, dtype=np.complex64)])
    np.testing.assert_array_equal(
        _kernels.raster(mixed[None], **LIVE), _kernels.raster(good[None], **LIVE)
    )


def test_q_points_upward_and_i_to_the_right() -> None:
    image = _kernels.raster(np.array([[1.5 + 2.0j]], dtype=np.complex64), **LIVE)[0, 0]
    row, column = np.unravel_index(image.argmax(), image.shape)
    assert row < 32 < column


def test_nothing_to_draw_stays_zero() -> None:
    image = _kernels.raster(np.full((1, 5), 1e9, dtype=np.complex64), **LIVE)
    assert not image.any()


def test_frames_of_a_batch_are_drawn_apart_and_threads_change_nothing() -> None:
    frames = cloud(9 * 64, 0.7, seed=3).reshape(9, 64)
    together = _kernels.raster(frames, **LIVE, threads=3)
    assert together.shape == (9, 3, 64, 64) and together.dtype == np.float32
    alone = [_kernels.raster(frame[None], **LIVE)[0] for frame in frames]
    np.testing.assert_array_equal(together, np.stack(alone))


def test_a_view_is_drawn_as_its_copy() -> None:
    frames = cloud(4 * 64, 0.7, seed=4).reshape(4, 64)
    np.testing.assert_array_equal(
        _kernels.raster(frames[::2, ::-1], **LIVE),
        _kernels.raster(frames[::2, ::-1].copy(), **LIVE),
    )


def test_an_empty_batch_gives_no_image() -> None:
    assert _kernels.raster(np.zeros((0, 64), np.complex64), **LIVE).shape == (0, 3, 64, 64)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((2, 8), complex), "complex128"),
        (np.zeros(8, np.complex64), r"\(8,\)"),
        ([[0j]], "list"),
    ],
)
def test_frames_of_another_kind_are_refused(frames, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        _kernels.raster(frames, **LIVE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 0}, "height is 0"),
        ({"width": -3}, "width is -3"),
        ({"extent": float("nan")}, "extent is nan"),
        ({"decay_px": (1.0, 1.0)}, "half_size_px is 3, wanted 2"),
        ({"decay_px": (1.0, 0.0, 1.0)}, "decay_px is 0"),
        ({"half_size_px": (1, 1, -1)}, "half_size_px is -1"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_a_spec_without_sense_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _kernels.raster(np.zeros((1, 8), np.complex64), **{**LIVE, **change})
