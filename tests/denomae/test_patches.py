# SPDX-License-Identifier: GPL-3.0-or-later
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from denomae.errors import DenomaeError
from denomae.model.patches import (
    patchify_image,
    patchify_signal,
    unpatchify_image,
    unpatchify_signal,
)

sizes = st.integers(1, 4)


@given(sizes, sizes, sizes, sizes, sizes)
def test_unpatchify_undoes_patchify_of_images(batch, channels, rows, columns, patch):
    image = torch.randn(batch, channels, rows * patch, columns * patch)
    patches = patchify_image(image, patch)
    assert patches.shape == (batch, rows * columns, channels * patch * patch)
    assert torch.equal(unpatchify_image(patches, patch, rows * patch, columns * patch), image)


@given(sizes, st.integers(1, 9), sizes)
def test_unpatchify_undoes_patchify_of_signals(batch, count, patch):
    signal = torch.randn(batch, 2, count * patch)
    patches = patchify_signal(signal, patch)
    assert patches.shape == (batch, count, 2 * patch)
    assert torch.equal(unpatchify_signal(patches, patch), signal)


def test_an_image_patch_holds_one_square_of_pixels():
    image = torch.zeros(1, 1, 6, 6)
    image[0, 0, 2:4, 4:6] = 1  # row 1, column 2 of a 3 x 3 grid
    patches = patchify_image(image, 2)
    assert patches[0].sum(1).tolist() == [0, 0, 0, 0, 0, 4, 0, 0, 0]


def test_a_signal_patch_holds_consecutive_samples():
    signal = torch.stack([torch.arange(12.0), 100 + torch.arange(12.0)])[None]
    assert patchify_signal(signal, 4)[0, 1].tolist() == [4, 5, 6, 7, 104, 105, 106, 107]


def test_a_size_that_does_not_divide_is_refused():
    with pytest.raises(DenomaeError, match="5 x 6 px does not divide into patches of 2"):
        patchify_image(torch.zeros(1, 3, 5, 6), 2)
    with pytest.raises(DenomaeError, match="10 samples does not divide into patches of 4"):
        patchify_signal(torch.zeros(1, 2, 10), 4)
