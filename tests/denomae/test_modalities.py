# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from denomae import raster
from denomae.errors import DenomaeError
from denomae.modalities import MODALITIES, build, in_table_order, unit_power
from denomae.raster import PAPER_IMAGE, ImageSpec, constellation_image, constellation_image_torch

SPECS = [ImageSpec(), ImageSpec(48, 80, 1.5, (0.6, 4.0), (2, 12)), PAPER_IMAGE]


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
    for image, frame in zip(drawn, frames.numpy(), strict=True):
        np.testing.assert_allclose(image, _brute_force(frame, spec), atol=1e-4)


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
        compiled, constellation_image_torch(frames, spec), rtol=0, atol=1 / 255
    )


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


@given(st.floats(-37, 37))
def test_any_amplitude_becomes_unit_power(exponent):
    frames = _frames(4, 3, 64) * 10**exponent
    power = unit_power(frames).abs().square().mean(1)
    torch.testing.assert_close(power, torch.ones(3), rtol=1e-4, atol=0)


def test_a_frame_of_zeros_stays_zero():
    assert not unit_power(torch.zeros(1, 8, dtype=torch.complex64)).any()


def test_a_signal_is_i_and_q_and_an_image_lies_in_0_to_1():
    frames = unit_power(_frames(5, 2, 1024))
    built = build({"noisy": frames}, ["noisy_signal", "noisy_image"], ImageSpec())
    assert list(built) == ["noisy_image", "noisy_signal"]
    assert torch.equal(built["noisy_signal"][:, 0], frames.real)
    assert torch.equal(built["noisy_signal"][:, 1], frames.imag)
    assert built["noisy_image"].shape == (2, 3, 64, 64)
    assert built["noisy_image"].min() >= 0
    torch.testing.assert_close(built["noisy_image"].amax((2, 3)), torch.ones(2, 3))


def test_targets_are_the_clean_forms():
    targets = {name: modality.target for name, modality in MODALITIES.items()}
    assert targets == {
        "noisy_image": "clean_image",
        "noisy_signal": "clean_signal",
        "clean_image": "clean_image",
        "clean_signal": "clean_signal",
        "noise": "noise",
    }


@pytest.mark.parametrize("names", [[], ["noise", "noise"], ["waterfall"]])
def test_modalities_that_make_no_sense_are_refused(names):
    with pytest.raises(DenomaeError, match="wanted one or more of"):
        in_table_order(names)
