# SPDX-License-Identifier: GPL-3.0-or-later
"""Wavelet targets against PyWavelets, and the loss against a loop."""

from dataclasses import replace

import numpy as np
import pytest
import pywt
import torch

from denomae.errors import DenomaeError
from denomae.model.encoder import Encoder
from denomae.model.presets import PRESETS
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.objectives.wamim import Wamim
from denomae_training.objectives.wavelets import haar_levels
from denomae_training.signals.dataset import make_batch
from denomae_training.signals.recipes import RECIPES

TINY = replace(PRESETS["nano"], width=32, depth=4, heads=2, decoder_width=32, decoder_heads=2)


@pytest.fixture(scope="module")
def sample():
    names = ("noisy_image", "clean_image")
    return sample_of(make_batch(RECIPES["live11"], seed=3, first=0, size=4), names, TINY)


def coefficients(image, level, bands):
    """By PyWavelets: [B, bands * C, h, w]."""
    rest, *levels = pywt.wavedec2(image.numpy(), "haar", "symmetric", level, axes=(2, 3))
    details = np.stack(levels[0], 1)
    chosen = details if bands == "details" else rest[:, None]
    return chosen.reshape(len(image), -1, *rest.shape[-2:])


@pytest.mark.parametrize("size", [64, 112, 224])
@pytest.mark.parametrize("bands", ["details", "approximation", "all"])
def test_targets_are_the_coefficients_of_pywavelets(size, bands):
    image = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    levels = haar_levels(image, 5)
    for number in (2, 3, 4, 5):
        found = levels[number - 1].coefficients(bands)
        if bands == "all":
            parts = [coefficients(image, number, part) for part in ("approximation", "details")]
            wanted = np.concatenate(parts, 1)
        else:
            wanted = coefficients(image, number, bands)
        np.testing.assert_allclose(found.numpy(), wanted, atol=2e-5)


@pytest.mark.parametrize("target", ["itself", "clean_image"])
@pytest.mark.parametrize("masked_only", [True, False])
def test_the_loss_is_that_of_a_loop_over_coefficients(sample, target, masked_only):
    objective = Wamim(target=target, masked_only=masked_only)
    torch.manual_seed(0)
    model = objective.model(TINY)
    kept = []
    model.register_forward_hook(lambda m, inputs, output: kept.append((inputs[1], output)))
    with torch.no_grad():
        loss, _ = objective.loss(model, sample, torch.Generator().manual_seed(1), 0.0)
    mask, answers = kept[0]
    image = sample.views["noisy_image" if target == "itself" else "clean_image"]
    total = 0.0
    for level, weight, guess in zip((2, 3, 4, 5), (0.8, 0.9, 1.1, 1.2), answers, strict=True):
        wanted = coefficients(image, level, "approximation" if level == 5 else "details")
        assert guess.shape == wanted.shape
        side = 2**level
        for frame in range(4):
            hidden = np.zeros((64, 64))
            for token in mask.masked[frame].tolist():
                row, column = divmod(token, 4)
                hidden[16 * row : 16 * row + 16, 16 * column : 16 * column + 16] = 1
            above, below = 0.0, 0.0
            for row in range(64 // side):
                for column in range(64 // side):
                    cell = np.s_[row * side : (row + 1) * side, column * side : (column + 1) * side]
                    share = hidden[cell].mean() if masked_only else 1.0
                    errors = []
                    for channel, values in enumerate(wanted[frame]):
                        value = (values[row, column] - values.mean()) / np.sqrt(values.var() + 1e-6)
                        errors.append((float(guess[frame, channel, row, column]) - value) ** 2)
                    above += share * float(np.mean(errors))
                    below += share
            total += weight * above / below / 4
    assert float(loss) == pytest.approx(total, rel=1e-3)


def test_two_processes_together_have_the_loss_of_one(sample):
    objective = Wamim()
    torch.manual_seed(0)
    model = objective.model(TINY)

    def loss(part):
        return float(objective.loss(model, part, torch.Generator().manual_seed(1), 0.0)[0].detach())

    halves = [
        Sample(
            {name: values[rows] for name, values in sample.views.items()},
            sample.class_index[rows],
            sample.snr_db[rows],
            rows,
            4,
        )
        for rows in (slice(0, 1), slice(1, 4))
    ]
    assert loss(sample) == pytest.approx(loss(halves[0]) / 4 + loss(halves[1]) * 3 / 4, rel=1e-5)


@pytest.mark.parametrize(
    "depth, layers", [(12, (3, 6, 9, 12)), (6, (2, 3, 4, 6)), (4, (1, 2, 3, 4))]
)
def test_layers_stand_at_the_same_share_of_any_depth(depth, layers):
    assert Wamim().model(replace(TINY, depth=depth)).layers == layers


@pytest.mark.parametrize("side, grids", [(64, (16, 8, 4, 2)), (112, (28, 14, 7, 4))])
def test_every_decoder_reaches_the_grid_of_its_level(side, grids):
    architecture = replace(TINY, image=replace(TINY.image, height=side, width=side))
    objective = Wamim()
    model = objective.model(architecture)
    views = {"noisy_image": torch.rand(2, 3, side, side)}
    answers = []
    model.register_forward_hook(lambda m, i, output: answers.extend(output))
    some = Sample(views, torch.zeros(2), torch.zeros(2), slice(0, 2), 2)
    objective.loss(model, some, torch.Generator(), 0.0)[0].backward()
    assert [tuple(answer.shape) for answer in answers] == [
        (2, 3 if grid == grids[-1] else 9, grid, grid) for grid in grids
    ]
    assert all(parameter.grad.any() for parameter in model.parameters())


def test_decoders_of_base_are_as_published():
    with torch.device("meta"):
        model = Wamim().model(PRESETS["base"])
    assert model.layers == (3, 6, 9, 12)
    decoder = model.decoders[0]
    assert decoder.leave.in_channels == 256 and decoder.block.attn.num_heads == 8


def test_what_is_kept_is_the_encoder(sample):
    objective = Wamim()
    model = objective.model(TINY)
    kind, kept = objective.kept(model)
    assert kind == "encoder" and isinstance(kept, Encoder) and kept is model.encoder


def test_a_mask_of_nothing_is_refused_and_no_mask_counts_all(sample):
    def loss(share):
        objective = Wamim(masked_share=share)
        return objective.loss(objective.model(TINY), sample, torch.Generator(), 0.0)[0]

    with pytest.raises(DenomaeError, match="a masked share of 0.02 masks 0 of 16 tokens"):
        loss(0.02)
    assert loss(0.0).isfinite() and loss(0.0) > 1


def test_choices_that_do_not_go_together_are_refused():
    with pytest.raises(DenomaeError, match="go together"):
        Wamim(levels=(2, 3)).model(TINY)
    with pytest.raises(DenomaeError, match="layers of 1 to 12"):
        Wamim(layers=(3, 6, 9, 13)).model(TINY)
    with pytest.raises(DenomaeError, match="power of 2"):
        Wamim().model(replace(TINY, image=replace(TINY.image, height=48, width=48), image_patch=12))
