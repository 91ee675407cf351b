# SPDX-License-Identifier: GPL-3.0-or-later
"""Every measurement of the study on a case whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from denomae.errors import DenomaeError
from denomae_training.study.clusters import clusters, plane
from denomae_training.study.features import Seen, linear_probe, nearest
from denomae_training.study.fidelity import masked_part, whole
from denomae_training.study.maps import (
    brought_to_one,
    half_area,
    head_attention,
    high_share,
    on_grid,
    saliency,
)
from denomae_training.study.vit import PictureVit, VitSize
from denomae_training.study.weights import BINS, counted_weights, kurtosis, layers, together


def two_lines(count: int = 40) -> Seen:
    """Two classes that a line parts, where the nearest centroid does not tell them."""
    generator = torch.Generator().manual_seed(1)
    along = torch.linspace(-20, 20, count)
    off = torch.where(torch.arange(count) % 2 == 0, 1.0, -1.0)
    values = torch.stack([along, off + 0.1 * torch.randn(count, generator=generator)], 1)
    return Seen(values, (off > 0).long())


def test_a_linear_probe_parts_what_a_line_parts_and_guesses_what_has_no_class():
    lines = two_lines()
    assert linear_probe(lines, lines, lines, 2) == 1.0
    blind = Seen(torch.zeros(40, 2), lines.class_index)
    assert linear_probe(blind, blind, blind, 2) == 0.5


def test_the_nearest_neighbours_vote():
    train = Seen(torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1], [5.2]]),
                 torch.tensor([0, 0, 1, 1, 1, 0]))  # fmt: skip
    test = Seen(torch.tensor([[0.1], [5.1], [5.0]]), torch.tensor([0, 1, 0]))
    assert nearest(train, test, 3) == pytest.approx(2 / 3)
    with pytest.raises(DenomaeError, match="6 pictures have no 7 neighbours"):
        nearest(train, test, 7)


def test_doubled_features_double_the_radius_and_leave_what_is_free_of_scale():
    values = torch.tensor([[0.0, 1.0], [0.0, -1.0], [10.0, 2.0], [10.0, -2.0]])
    labels = torch.tensor([0, 0, 1, 1])
    found = clusters(values, labels, 2)
    assert found.radius == (1.0, 2.0)
    assert found.centroid_distance == 10.0
    assert found.relative_radius == pytest.approx(0.15)
    doubled = clusters(2 * values, labels, 2)
    assert doubled.radius == (2.0, 4.0)
    assert doubled.relative_radius == pytest.approx(found.relative_radius)
    assert doubled.silhouette == pytest.approx(found.silhouette)


def test_the_silhouette_is_rousseeuws():
    values = torch.tensor([[0.0], [1.0], [4.0], [6.0]])
    # each point's mean distance to its own class, and to the other: (b - a) / max(a, b)
    by_hand = [(5 - 1) / 5, (4 - 1) / 4, (3.5 - 2) / 3.5, (5.5 - 2) / 5.5]
    found = clusters(values, torch.tensor([0, 0, 1, 1]), 2)
    assert found.silhouette == pytest.approx(float(np.mean(by_hand)))


def test_a_class_of_one_picture_is_refused():
    with pytest.raises(DenomaeError, match="class 1 has 1 pictures, wanted at least two"):
        clusters(torch.zeros(3, 2), torch.tensor([0, 0, 1]), 2)


def test_tsne_keeps_two_far_groups_apart_and_repeats_itself():
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(40, 5, generator=generator)
    values[20:] += 30
    place = plane(values, 3)
    apart = (place[:20].mean(0) - place[20:].mean(0)).norm()
    spread = torch.cat([place[:20] - place[:20].mean(0), place[20:] - place[20:].mean(0)])
    assert apart > 2 * spread.norm(dim=1).mean()
    assert torch.equal(place, plane(values, 3))
    with pytest.raises(DenomaeError, match="t-SNE got 5 pictures"):
        plane(values[:5], 3)


def test_the_saliency_of_a_linear_encoder_is_the_sum_of_its_weights():
    layer = nn.Linear(2 * 3 * 4, 5)
    found = saliency(lambda images: layer(images.flatten(1)), torch.rand(2, 2, 3, 4))
    wanted = layer.weight.detach().abs().sum(0).reshape(2, 3, 4).sum(0)
    assert torch.allclose(found, wanted.expand(2, -1, -1), rtol=1e-5)


def test_each_head_attends_by_the_softmax_of_its_products():
    model = PictureVit((1, 8, 8), VitSize(16, 1, 2, 8, 1, 2)).eval()
    block = model.encoder.blocks[0]
    with torch.no_grad():  # head 0 has no key: it looks everywhere alike
        block.attn.qkv.weight[16:24] = 0
        block.attn.qkv.bias[16:24] = 0
    weights = head_attention(block.attn, lambda: model.encoder(torch.rand(3, 1, 8, 8)))
    assert weights.shape == (3, 2, 17, 17)
    assert torch.allclose(weights.sum(-1), torch.ones(3, 2, 17), atol=1e-5)
    assert torch.allclose(weights[:, 0], torch.full((17, 17), 1 / 17), atol=1e-6)
    assert not torch.allclose(weights[:, 1], torch.full((17, 17), 1 / 17), atol=1e-3)


def test_hidden_patches_have_no_attention_on_the_map():
    seen = on_grid(torch.tensor([[[0.25, 0.75]]]), (2, 2), torch.tensor([[1, 2]]))
    assert torch.equal(seen, torch.tensor([[[[0.0, 0.25], [0.75, 0.0]]]]))


def test_shares_of_maps_with_known_areas():
    even, one, half = torch.ones(4, 4), torch.zeros(4, 4), torch.zeros(4, 4)
    one[1, 2] = 7.0
    half[:2] = 3.0
    maps = torch.stack([even, one, half])
    assert torch.equal(brought_to_one(maps)[0], torch.zeros(4, 4))
    assert high_share(maps).tolist() == [0, 1 / 16, 0.5]
    assert half_area(maps).tolist() == pytest.approx([0.5, 0.5 / 16, 0.25])
    assert torch.allclose(half_area(maps), half_area(1000 * maps))
    ramp = torch.arange(1.0, 5.0).reshape(2, 2)  # 4 of 10, and a third of the 3 after it
    assert float(half_area(ramp)) == pytest.approx((1 + 1 / 3) / 4)


def test_weights_that_learnt_nothing_have_not_moved():
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(30, 40), nn.LayerNorm(40), nn.Conv2d(2, 3, 3))
    found = layers(model, model)
    assert [layer.name for layer in found] == ["0", "2"]
    assert list(counted_weights(model)) == ["0", "2"]
    whole_model = together(found)
    assert whole_model["moved"] == 0
    assert whole_model["overlap"] == pytest.approx(1)
    assert found[0].count == 1200
    assert len(found[0].histogram) == BINS


def test_weights_of_twice_the_length_have_moved_by_one():
    first, model = nn.Linear(50, 50), nn.Linear(50, 50)
    with torch.no_grad():
        model.weight.copy_(2 * first.weight)
    (layer,) = layers(model, first)
    assert layer.moved == pytest.approx(1)
    assert layer.deviation == pytest.approx(2 * layer.first_deviation)
    assert layer.kurtosis == pytest.approx(layer.first_kurtosis, abs=1e-4)
    assert 0.3 < layer.overlap < 0.7  # two even spreads, one twice as wide: a half


def test_kurtosis_tells_a_gaussian_from_evenly_spread_weights():
    generator = torch.Generator().manual_seed(1)
    assert kurtosis(torch.randn(200_000, generator=generator)) == pytest.approx(0, abs=0.05)
    assert kurtosis(torch.rand(200_000, generator=generator)) == pytest.approx(-1.2, abs=0.02)


def test_fidelity_of_a_known_error():
    clean = torch.full((2, 1, 16, 16), 0.5)
    found = whole(clean + 0.1, clean)
    assert found.psnr_db.tolist() == pytest.approx([20.0, 20.0], abs=1e-3)
    assert whole(clean, clean).ssim.tolist() == pytest.approx([1, 1])
    assert whole(clean + 7, clean).psnr_db.tolist() == pytest.approx([10 * math.log10(4)] * 2)


def test_the_masked_part_counts_hidden_pixels_alone():
    generator = torch.Generator().manual_seed(1)
    clean = torch.rand(3, 1, 16, 16, generator=generator) * 0.5
    hidden = torch.zeros(3, 16, 16, dtype=torch.bool)
    hidden[:2, :4] = True
    made = clean.clone()
    made[0, :, :4] += 0.1  # wrong where it was hidden
    made[1, :, 4:] += 0.1  # wrong elsewhere
    found = masked_part(made, clean, hidden)
    assert float(found.psnr_db[0]) == pytest.approx(20, abs=1e-3)
    assert math.isinf(float(found.psnr_db[1]))
    assert math.isnan(float(found.psnr_db[2]))  # nothing was hidden
    assert float(found.ssim[0]) < float(found.ssim[1]) <= 1
    everywhere = masked_part(made, clean, torch.ones_like(hidden))
    assert torch.allclose(everywhere.ssim, whole(made, clean).ssim, atol=0.05)
