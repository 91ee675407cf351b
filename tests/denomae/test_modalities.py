# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from denomae.errors import DenomaeError
from denomae.modalities import MODALITIES, build, in_table_order, unit_power
from denomae.raster import ImageSpec


def _frames(seed: int, batch: int, length: int) -> torch.Tensor:
    parts = np.random.default_rng(seed).standard_normal((batch, length, 2)).astype(np.float32)
    return torch.from_numpy(parts.view(np.complex64)[..., 0])


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
        "noisy_spectra": "clean_spectra",
        "clean_spectra": "clean_spectra",
    }


@pytest.mark.parametrize("names", [[], ["noise", "noise"], ["waterfall"]])
def test_modalities_that_make_no_sense_are_refused(names):
    with pytest.raises(DenomaeError, match="wanted one or more of"):
        in_table_order(names)
