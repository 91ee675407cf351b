# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from denomae import raster
from denomae.raster import (
    PAPER_IMAGE,
    ImageSpec,
    constellation_image,
    constellation_image_by_windows,
    constellation_image_torch,
)
from denomae.raster.far import _spectra, divide

SPECS = [ImageSpec(), ImageSpec(48, 80, 1.5, (0.6, 4.0), (2, 12)), PAPER_IMAGE]
NEVER_FAR = ImageSpec(40, 40, 2.0, (0.5, 1.0), (3, 20))  # too steep for polynomials, too faint
LIMIT = 1 / 255


def _brute_force(frame: np.ndarray, spec: ImageSpec) -> np.ndarray:
    """The definition, sample by sample and pixel by pixel, in double precision."""
    image = np.zeros((spec.channels, spec.height, spec.width))
    for sample in frame.astype(complex):
        x = (sample.real + spec.extent) * spec.width / (2 * spec.extent)
        y = (spec.extent - sample.imag) * spec.height / (2 * spec.extent)
        for c, (decay, half) in enumerate(zip(spec.decay_px, spec.half_size_px, strict=True)):
            for i in range(int(np.floor(y)) - half, int(np.floor(y)) + half + 1):
                for j in range(int(np.floor(x)) - half, int(np.floor(x)) + half + 1):
                    if 0 <= i < spec.height and 0 <= j < spec.width:
                        image[c, i, j] += np.exp(-np.hypot(i + 0.5 - y, j + 0.5 - x) / decay)
    peak = image.max((1, 2), keepdims=True)
    return image / np.where(peak > 0, peak, 1)


def _frames(seed: int, batch: int, length: int, spread: float = 1.0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    parts = rng.standard_normal((batch, length, 2)).astype(np.float32) * spread
    return torch.from_numpy(parts.view(np.complex64)[..., 0])


@pytest.mark.parametrize("spec", SPECS[:2])
@pytest.mark.parametrize("spread", [0.01, 1.0, 3.0])
def test_the_torch_raster_is_the_definition(spec, spread):
    frames = _frames(1, 2, 40, spread)
    drawn = constellation_image_torch(frames, spec).numpy()
    by_windows = constellation_image_by_windows(frames, spec).numpy()
    for i, frame in enumerate(frames.numpy()):
        image = _brute_force(frame, spec)
        np.testing.assert_allclose(by_windows[i], image, atol=1e-4)
        np.testing.assert_allclose(drawn[i], image, atol=LIMIT / 4)


@pytest.mark.skipif(raster._kernels is None, reason="the compiled kernels are not installed")
@pytest.mark.parametrize("spec", SPECS)
@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**31),
    spread=st.sampled_from([1e-6, 0.3, 0.7, 2.0, 30.0]),
    length=st.integers(1, 600),
)
def test_the_compiled_and_the_torch_raster_agree(spec, seed, spread, length):
    frames = _frames(seed, 2, length, spread)
    compiled = constellation_image(frames, spec)
    torch.testing.assert_close(
        compiled, constellation_image_torch(frames, spec), rtol=0, atol=LIMIT
    )


@pytest.mark.parametrize("spec", [*SPECS, NEVER_FAR])
@settings(deadline=None, max_examples=12)
@given(
    seed=st.integers(0, 2**31),
    spread=st.sampled_from([1e-6, 0.3, 0.7, 2.0, 30.0]),
    length=st.integers(1, 300),
)
def test_wide_windows_drawn_in_two_parts_are_the_windows(spec, seed, spread, length):
    frames = _frames(seed, 2, length, spread)
    torch.testing.assert_close(
        constellation_image_torch(frames, spec),
        constellation_image_by_windows(frames, spec),
        rtol=0,
        atol=LIMIT,
    )


@pytest.mark.parametrize("spec", SPECS)
def test_one_sample_is_drawn_right_wherever_it_lies_in_its_pixel(spec):
    # With one sample no error of its place averages out; borders of pixels are places too.
    place = torch.linspace(0, 1, 7)
    x, y = torch.meshgrid(place, place, indexing="xy")
    pixel = 2 * spec.extent / spec.width, 2 * spec.extent / spec.height
    for column, row in ((spec.width // 3, spec.height // 2), (-1, spec.height + 1)):
        i = -spec.extent + (column + x) * pixel[0]
        q = spec.extent - (row + y) * pixel[1]
        frames = torch.complex(i, q).reshape(-1, 1)
        torch.testing.assert_close(
            constellation_image_torch(frames, spec),
            constellation_image_by_windows(frames, spec),
            rtol=0,
            atol=LIMIT,
        )


def _beside(spec: ImageSpec, pixels: float) -> complex:
    """A sample so many pixels left of the image and above it."""
    return complex(
        -spec.extent - pixels * 2 * spec.extent / spec.width,
        spec.extent + pixels * 2 * spec.extent / spec.height,
    )


@pytest.mark.parametrize("spec", [SPECS[0], PAPER_IMAGE])
def test_samples_that_only_a_wider_channel_reaches_leave_nothing_in_a_narrower(spec):
    assert divide(spec).far == (1, 2)  # two channels share what may leave a rounding error
    narrow, wide = spec.half_size_px[1:]
    frames = torch.full((1, 500), _beside(spec, (narrow + wide) / 2), dtype=torch.complex64)
    image = constellation_image_torch(frames, spec)[0]
    assert not image[:2].any()
    assert image[2].max() == 1


@pytest.mark.parametrize("spec", [SPECS[0], PAPER_IMAGE])
def test_one_faint_sample_is_right_beside_a_thousand_that_its_channel_does_not_reach(spec):
    narrow, wide = spec.half_size_px[1:]
    frames = torch.full((1, 1024), _beside(spec, (narrow + wide) / 2), dtype=torch.complex64)
    frames[0, 7] = _beside(spec, narrow - 0.5)  # one pixel of the image, at the window's corner
    torch.testing.assert_close(
        constellation_image_torch(frames, spec),
        constellation_image_by_windows(frames, spec),
        rtol=0,
        atol=LIMIT,
    )


@pytest.mark.parametrize("spec", SPECS)
def test_most_of_a_wide_window_is_not_drawn_pixel_by_pixel(spec):
    # the promise behind the speed: 13 M additions a frame become 0.2 M with the published kernel
    drawn = sum((2 * half + 1) ** 2 for half in divide(spec).near_half)
    whole = sum((2 * half + 1) ** 2 for half in spec.half_size_px)
    assert drawn < {64: 0.2, 48: 0.1, 224: 0.02}[spec.height] * whole


@pytest.mark.parametrize("spec", [*SPECS, NEVER_FAR])
def test_drawing_never_looks_at_a_value(spec):
    # Fake tensors have shapes alone: what would wait for a GPU, or break a CUDA graph, raises.
    frames = _frames(0, 2, 50)
    constellation_image_torch(frames, spec)  # makes the tables
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        image = constellation_image_torch(mode.from_tensor(frames), spec)
        assert image.shape == (2, spec.channels, spec.height, spec.width)
        with pytest.raises(DataDependentOutputException):
            image.sum().item()


@pytest.mark.parametrize("spec", [*SPECS, NEVER_FAR])
def test_a_gpu_draws_without_anything_of_the_cpu(spec):
    # Fake tensors know their device, and no operation takes two of them; no GPU is needed for it.
    _spectra.cache_clear()
    try:
        with FakeTensorMode():
            frames = torch.empty(2, 50, dtype=torch.complex64, device="cuda:0")
            assert constellation_image_torch(frames, spec).device == frames.device
    finally:
        _spectra.cache_clear()  # of fake tables


def test_i_runs_to_the_right_and_q_upwards():
    frames = torch.full((1, 1), 2 + 1j, dtype=torch.complex64)
    image = constellation_image_torch(frames, ImageSpec())[0, 0]
    row, column = divmod(int(image.argmax()), 64)
    assert column == int((2 + 2.5) / 5 * 64) and row == int((2.5 - 1) / 5 * 64)


def test_samples_that_are_not_finite_or_far_away_leave_no_mark():
    clean = _frames(3, 1, 50)
    dirty = torch.cat(
        [
            clean,
            torch.tensor([[complex("nan"), complex("inf"), 1e30, -1e30j]], dtype=torch.complex64),
        ],
        1,
    )
    drawn = constellation_image_torch(dirty, ImageSpec())
    torch.testing.assert_close(drawn, constellation_image_torch(clean, ImageSpec()))
    assert not constellation_image_torch(
        torch.full((1, 9), 1e9, dtype=torch.complex64), ImageSpec()
    ).any()
