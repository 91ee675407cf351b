# SPDX-License-Identifier: GPL-3.0-or-later
"""The study's two models, its objectives and conditions."""

from __future__ import annotations

import pytest
import torch

from denomae.model.masking import Mask
from denomae.model.patches import patchify_image
from denomae_training.feeds.sample import Sample
from denomae_training.loop.optimizer import parameter_groups
from denomae_training.study.conditions import PICTURE_DATA, over, plan
from denomae_training.study.conv import PictureDae
from denomae_training.study.objectives import (
    FillIn,
    NameClasses,
    PictureClassifier,
    TakeNoiseAway,
    noisy,
)
from denomae_training.study.picture_subject import PictureSubject
from denomae_training.study.pictures import Pictures
from denomae_training.study.vit import PictureVit, VitSize

TINY = VitSize(16, 1, 2, 8, 1, 2)
GREY, MNIST, CIFAR = (1, 8, 8), (1, 28, 28), (3, 32, 32)


def sample(shape: tuple[int, int, int], count: int = 4) -> Sample:
    images = torch.rand(count, *shape, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(count)
    return Sample({"image": images}, labels, labels.float(), slice(0, count), count)


@pytest.mark.parametrize(
    ("shape", "latent"), [(MNIST, (8, 3, 3)), (CIFAR, (48, 4, 4)), (GREY, (64, 1, 1))]
)
def test_the_latent_of_the_denoiser_is_as_published(shape, latent):
    model, images = PictureDae(shape), sample(shape).views["image"]
    assert model.encoder(images).shape[1:] == latent
    assert model(images).shape == images.shape


@pytest.mark.parametrize(("shape", "sequence"), [(MNIST, (50, 64)), (CIFAR, (65, 192))])
def test_the_visible_sequence_of_the_masked_autoencoder_is_as_published(shape, sequence):
    model = PictureVit(shape)
    visible = torch.arange(round(0.25 * model.token_count)).expand(2, -1)
    assert model.encoder(torch.rand(2, *shape), visible).shape[1:] == sequence


def test_hidden_patches_change_nothing_that_comes_out():
    model, images = PictureVit(GREY, TINY).eval(), sample(GREY).views["image"]
    index = torch.arange(16).expand(4, -1)
    mask = Mask(index[:, :4], index[:, 4:])  # the first row of patches is seen
    other = images.clone()
    other[:, :, 2:] = 1 - other[:, :, 2:]
    with torch.no_grad():
        assert torch.equal(model(images, mask), model(other, mask))
        other[:, :, :2] = 1 - other[:, :, :2]
        assert not torch.allclose(model(images, mask), model(other, mask), atol=1e-4)


def test_the_two_objectives_of_one_network_differ_by_the_mask():
    model, given = PictureVit(GREY, TINY), sample(GREY)
    FillIn(0.75).loss(model, given, torch.Generator().manual_seed(2), 0)[0].backward()
    assert float(model.decoder.mask_token.grad.abs().sum()) > 0
    model.zero_grad(set_to_none=True)
    TakeNoiseAway(0.5).loss(model, given, torch.Generator().manual_seed(2), 0)[0].backward()
    assert model.decoder.mask_token.grad is None  # nothing is hidden
    assert float(model.encoder.class_token.grad.abs().sum()) > 0


def test_the_masked_loss_leaves_out_what_was_seen():
    class Sees(torch.nn.Module):  # off by one where it saw nothing, by far where it did
        token_count = 16

        def forward(self, images, mask):
            patches = patchify_image(images, 2) + 1
            index = mask.visible[..., None].expand(-1, -1, 4)
            return patches.scatter(1, index, 100.0)

    loss, _ = FillIn(0.75).loss(Sees(), sample(GREY), torch.Generator().manual_seed(2), 0)
    assert float(loss) == pytest.approx(1, abs=1e-5)


def test_noise_has_its_deviation_and_stays_in_range():
    images = torch.full((50, 1, 28, 28), 0.5)
    made = noisy(images, 0.1, torch.Generator().manual_seed(1))
    assert float((made - images).std()) == pytest.approx(0.1, rel=0.02)
    loud = noisy(images, 2.0, torch.Generator().manual_seed(1))
    assert (float(loud.min()), float(loud.max())) == (0, 1)


@pytest.mark.parametrize("data", PICTURE_DATA)
def test_fair_conditions_differ_in_the_objective_alone(data):
    planned = plan(data, "fair")
    same = {(p.epochs, p.schedule, p.tuning) for p in planned}
    assert len(same) == 1
    assert [p.kind for p in planned if p.name in ("mae", "vit-dae")] == ["vit", "vit"]
    assert not next(iter(same))[2].signed


def test_published_conditions_are_uneven_as_they_were():
    dae, mae = plan("mnist", "published")
    assert (dae.tuning.frozen, dae.tuning.signed, dae.tuning.head) == (True, True, "three")
    assert (mae.tuning.frozen, mae.tuning.masked_share, mae.tuning.head) == (False, 0.75, "linear")
    assert dae.epochs == mae.epochs == 20
    schedule = over(dae.schedule, 60_000)
    assert schedule.rate(0) == schedule.rate(schedule.steps - 1) == 1e-3


def test_a_frozen_encoder_learns_nothing_and_a_slow_one_little():
    given = sample(GREY)
    frozen = PictureClassifier(PictureDae(GREY), 4, "three", frozen=True, signed=True)
    loss, _ = NameClasses().loss(frozen, given, torch.Generator(), 0)
    loss.backward()
    assert all(p.grad is None for p in frozen.inner.parameters())
    assert all(p.grad is not None for p in frozen.head.parameters())
    slow = PictureClassifier(PictureVit(GREY, TINY), 4, encoder_rate=0.01)
    scales = {id(p): g["scale"] for g in parameter_groups(slow, 0.0) for p in g["params"]}
    assert {scales[id(p)] for p in slow.head.parameters()} == {1.0}
    assert {scales[id(p)] for p in slow.inner.encoder.parameters()} == {0.01}
    assert not any(id(p) in scales for p in slow.inner.decoder.parameters())


def test_a_denoiser_and_a_masked_autoencoder_are_judged_on_the_same_pixels():
    pictures = Pictures(sample(GREY).views["image"], torch.arange(4))
    made = {}
    for planned in plan("digits", "fair")[:3]:
        torch.manual_seed(1)
        model = PictureDae(GREY) if planned.kind == "conv" else PictureVit(GREY)
        head = PictureClassifier(model, 4)
        subject = PictureSubject(planned, "digits", model, model, head, head)
        made[planned.name] = subject.reconstruct(pictures, torch.Generator().manual_seed(7))
    assert torch.equal(made["dae"].hidden, made["mae"].hidden)
    assert torch.equal(made["vit-dae"].hidden, made["mae"].hidden)
    assert int(made["mae"].hidden[0].sum()) == 48  # three quarters of 64 pixels
    seen = ~made["mae"].hidden[:, None]
    assert torch.equal(made["mae"].kept[seen], pictures.images[seen])
    assert not torch.equal(made["mae"].made[seen], pictures.images[seen])
    assert not torch.equal(made["dae"].shown, pictures.images)
