# SPDX-License-Identifier: GPL-3.0-or-later
"""The study of our own frames: each measurement where the answer is known, and the frames."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from small_run import SMALL
from torch import nn

from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier
from denomae_training.objectives.dae import Dae
from denomae_training.objectives.denomae import Denomae
from denomae_training.objectives.mae import Mae
from denomae_training.objectives.wamim import Wamim
from denomae_training.protocol.settings import SEEN_SNR_DB, SETTINGS
from denomae_training.signals.recipes import RECIPES
from denomae_training.study import frames
from denomae_training.study.fidelity import masked_part
from denomae_training.study.frame_subject import FrameSubject
from denomae_training.study.frames import frame_plan, frame_set, settings_for
from denomae_training.study.maps import half_area, high_share
from denomae_training.study.pictures import Pictures

IMAGE = ("noisy_image",)
SIDE = SMALL.image.height


def subject(objective, model=None) -> FrameSubject:
    torch.manual_seed(1)
    model = model or objective.model(SMALL)
    return FrameSubject("it", "It", objective, model, model, Classifier(SMALL, IMAGE, 3), SMALL)


def pictures(count: int = 3) -> Pictures:
    generator = torch.Generator().manual_seed(2)
    shape = (count, SMALL.image.channels, SIDE, SIDE)
    noisy, clean = (torch.rand(shape, generator=generator) for _ in range(2))
    return Pictures(noisy, torch.arange(count) % 3, clean)


class Known(nn.Module):
    """Two tokens a picture: its mean, and three times its mean; and a picture of 0.25."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Identity()
        self.encoder.forward = lambda views: {
            name: torch.stack([v.flatten(1).mean(1), 3 * v.flatten(1).mean(1)], 1)[..., None]
            for name, v in views.items()
        }

    def forward(self, views):
        return {name: torch.full_like(view, 0.25) for name, view in views.items()}


def test_a_feature_is_the_mean_token_of_the_encoder_that_is_asked_for():
    known, given = subject(Dae(), Known()), pictures()
    assert known.features(given.images)[:, 0].tolist() == pytest.approx(
        (2 * given.images.flatten(1).mean(1)).tolist()
    )
    with torch.no_grad():
        tuned = known.tuned.encoder({IMAGE[0]: given.images})[IMAGE[0]].mean(1)
        assert torch.allclose(known.features(given.images, tuned=True), tuned)


def test_a_denoiser_is_shown_everything_and_judged_where_a_mask_would_lie():
    given = pictures()
    made = subject(Dae(), Known()).reconstruct(given, torch.Generator().manual_seed(3))
    assert not made.masks
    assert torch.equal(made.shown, given.images)
    assert torch.equal(made.clean, given.clean)
    assert torch.equal(made.made, torch.full_like(given.images, 0.25))
    assert torch.equal(made.kept, made.made)
    assert made.hidden.float().mean(dim=(1, 2)).tolist() == [0.75] * 3
    masked = subject(Mae()).reconstruct(given, torch.Generator().manual_seed(3))
    assert torch.equal(made.hidden, masked.hidden)
    whole = subject(Denomae(IMAGE, masked_share=0.0))
    unmasked = whole.reconstruct(given, torch.Generator().manual_seed(3))
    assert not unmasked.masks
    assert torch.equal(made.hidden, unmasked.hidden)


@pytest.mark.parametrize("decoded_share", [1.0, 0.5])
def test_a_decoder_of_zeros_leaves_what_was_visible_and_its_error_is_the_clean_power(decoded_share):
    masked, given = subject(Mae(decoded_share=decoded_share)), pictures()
    with torch.no_grad():
        for parameter in masked.model.decoders.parameters():
            parameter.zero_()
    made = masked.reconstruct(given, torch.Generator().manual_seed(3))
    hidden = made.hidden[:, None].expand_as(made.made)
    assert made.masks
    assert torch.equal(made.made[~hidden], given.images[~hidden])
    assert not made.made[hidden].any()
    found = masked_part(made.made, made.clean, made.hidden).psnr_db
    power = (given.clean.square() * hidden).sum(dim=(1, 2, 3)) / hidden.sum(dim=(1, 2, 3))
    assert torch.allclose(found, -10 * torch.log10(power), atol=1e-3)


def test_what_makes_no_picture_has_no_fidelity():
    generator = torch.Generator()
    assert subject(Wamim()).reconstruct(pictures(), generator) is None
    assert subject(None, Mae().model(SMALL)).reconstruct(pictures(), generator) is None


def test_an_encoder_without_keys_looks_everywhere_alike():
    even = subject(Mae())
    attention = even.model.encoder.blocks[-1].attn
    with torch.no_grad():
        width = SMALL.width
        attention.qkv.weight[width : 2 * width] = 0
        attention.qkv.bias[width : 2 * width] = 0
    maps = even.maps(pictures().images)
    assert even.attends
    assert maps.shape == (3, SMALL.heads, *even.grid)
    assert torch.allclose(maps, torch.full_like(maps, 1 / math.prod(even.grid)), atol=1e-6)
    assert torch.allclose(half_area(maps), torch.tensor(0.5), atol=1e-4)


def test_the_saliency_of_convolutions_is_the_gradient_of_their_tokens():
    known = subject(Dae(), Known())
    assert not known.attends
    maps = known.maps(pictures().images)
    assert maps.shape == (3, 1, SIDE, SIDE)
    # the mean token is twice the mean pixel: every pixel of each channel has the same gradient
    each = 2 * SMALL.image.channels / (SMALL.image.channels * SIDE * SIDE)
    assert torch.allclose(maps, torch.full_like(maps, each), rtol=1e-4)
    assert not high_share(maps).any()


def test_labels_are_the_nearest_number_that_all_classes_share():
    nano = SETTINGS["nano"]
    assert settings_for(RECIPES["denomae10"], nano) == nano
    live = settings_for(RECIPES["live"], nano, 2, 3)
    assert (live.labels, live.pretraining_epochs, live.finetuning_epochs) == (1008, 2, 3)
    assert settings_for(RECIPES["live"], replace(nano, labels=1)).labels == 24


def test_published_conditions_freeze_the_denoiser_alone():
    dae, mae = frame_plan(SETTINGS["nano"], "published")
    assert (dae.name, dae.frozen, mae.name, mae.frozen) == ("dae", True, "mae", False)
    fair = frame_plan(SETTINGS["nano"], "fair")
    assert not any(each.frozen for each in fair)
    assert {each.pretrained.frames for each in fair if each.pretrained} == {10_000}
    assert [each.name for each in fair if each.pretrained is None] == ["scratch"]


def test_frames_are_of_equally_many_classes_and_no_part_shares_one(monkeypatch):
    monkeypatch.setattr(frames, "SNR_GRID", (-10.0, 10.0))
    recipe = RECIPES["live"]
    runner = SimpleNamespace(seen=replace(recipe, snr_db=SEEN_SNR_DB), architecture=SMALL)
    found = frame_set(recipe, runner, 1, 48, 96)
    assert found.classes == recipe.classes
    for part, each in ((found.train, 2), (found.test, 4)):
        assert torch.bincount(part.class_index).tolist() == [each] * 24
        assert part.images.shape == part.clean.shape == (24 * each, 3, SIDE, SIDE)
        assert 0 <= float(part.images.min()) < float(part.images.max()) <= 1
    every = torch.cat([found.train.images, found.validation.images, found.test.images])
    assert len(every.flatten(1).unique(dim=0)) == len(every)
    gap = (found.test.images - found.test.clean).square().flatten(1).mean(1)
    assert float(gap[1::2].mean()) < float(gap[::2].mean())  # less noise at 10 dB than at -10 dB
    with pytest.raises(DenomaeError, match="95 frames were asked for; wanted at least 96"):
        frame_set(recipe, runner, 1, 48, 95)
