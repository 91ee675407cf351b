# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report draws of models: reconstructions in their place, attention, and how frames lie."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier
from denomae.model.denoiser import Denoiser
from denomae.model.denomae import DenoMAE
from denomae.model.encoder import patchify
from denomae.model.masking import draw_mask, draw_masks
from denomae.model.presets import PRESETS
from denomae_training.report.attention import draw_attention, last_attention, weights_of
from denomae_training.report.embedding import draw_embeddings, embed, features
from denomae_training.report.reconstruction import (
    Asking,
    Reconstruction,
    denoise,
    hidden_part,
    put_back,
    reconstruct,
)
from denomae_training.report.reconstructions import draw_images, draw_signals

SMALL = replace(PRESETS["nano"], depth=2, width=32, heads=4, head_width=16, decoder_width=16)
BOTH = ("noisy_image", "noisy_signal")
CLEAN = ("clean_image", "clean_signal")


def _views(count: int = 3, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    image = SMALL.image
    shapes = {"image": (count, 3, image.height, image.width), "signal": (count, 2, 1024)}
    return {name: torch.rand(shapes[name.split("_")[1]], generator=generator)
            for name in (*BOTH, *CLEAN)}  # fmt: skip


@pytest.fixture(scope="module")
def model() -> DenoMAE:
    torch.manual_seed(1)
    return DenoMAE(SMALL, (*BOTH, *CLEAN)).eval()


def _not_blank(path) -> None:
    pixels = np.asarray(Image.open(path).convert("L"), dtype=float)
    assert min(pixels.shape) > 200 and pixels.std() > 10
    assert len(np.unique(pixels)) > 8


@pytest.mark.parametrize("hidden_only", [False, True])
def test_what_was_seen_stays_in_its_place_and_the_rest_is_the_models(model, hidden_only):
    views = _views()
    asking = Asking(0.75, hidden_only)
    found = reconstruct(model, views, BOTH, asking, torch.Generator().manual_seed(5))
    again = draw_masks({name: SMALL.token_count(name) for name in BOTH}, 3, 0.75,
                       torch.Generator().manual_seed(5))  # fmt: skip
    asked = {name: mask.masked for name, mask in again.items()} if hidden_only else None
    with torch.inference_mode():
        predicted = model({name: views[name] for name in BOTH}, again, asked)
    for name, made in found.items():
        hidden = made.hidden[:, None].expand_as(made.made)
        assert torch.equal(made.made[~hidden], made.noisy[~hidden])
        assert made.hidden.float().mean() == pytest.approx(0.75, abs=0.01)
        patches = patchify(name, made.made, SMALL)
        for frame in range(3):
            for row, token in enumerate(again[name].masked[frame].tolist()):
                wanted = predicted[name][frame, row if hidden_only else token]
                assert torch.equal(patches[frame, token], wanted), (name, frame, token)


def test_patches_that_were_hidden_and_put_back_make_the_same_whole():
    views = _views()
    for name in BOTH:
        patches = patchify(name, views[name], SMALL)
        mask = draw_mask(3, patches.shape[1], 0.6, torch.Generator().manual_seed(2))
        hidden = torch.stack([patches[i, mask.masked[i]] for i in range(3)])
        blank = torch.zeros_like(patches)
        seen = torch.stack([patches[i, mask.visible[i]] for i in range(3)])
        for i in range(3):
            blank[i, mask.visible[i]] = seen[i]
        assert torch.equal(put_back(blank, hidden, mask), patches)
        where = hidden_part(name, mask, SMALL)
        lost = patchify(name, views[name] * ~where[:, None], SMALL)
        assert torch.equal(lost, blank)


def test_clean_inputs_are_never_shown(model):
    views = _views()
    one = reconstruct(model, views, BOTH, Asking(), torch.Generator().manual_seed(1))
    changed = views | {name: views[name] + 1 for name in CLEAN}
    two = reconstruct(model, changed, BOTH, Asking(), torch.Generator().manual_seed(1))
    assert all(torch.equal(one[name].made, two[name].made) for name in BOTH)


def test_normalised_patches_get_the_mean_and_spread_of_their_targets(model):
    views = _views()
    for own, goal in ((True, "noisy_signal"), (False, "clean_signal")):
        asking = Asking(0.5, normalised=True, own_target=own)
        found = reconstruct(model, views, BOTH, asking, torch.Generator().manual_seed(1))
        plain = reconstruct(model, views, BOTH, replace(asking, normalised=False),
                            torch.Generator().manual_seed(1))  # fmt: skip
        hidden = patchify("noisy_signal", found["noisy_signal"].hidden[:, None].expand(-1, 2, -1)
                          .float(), SMALL)[0, :, 0].bool()  # fmt: skip
        target, raw, made = (
            patchify("noisy_signal", each, SMALL)[0, hidden].numpy()
            for each in (views[goal], plain["noisy_signal"].made, found["noisy_signal"].made)
        )
        wanted = raw * target.std(1, ddof=1, keepdims=True) + target.mean(1, keepdims=True)
        assert np.allclose(made, wanted, atol=1e-4)


def test_a_denoiser_sees_everything_and_answers_for_everything():
    torch.manual_seed(2)
    found = denoise(Denoiser(SMALL, BOTH).eval(), _views())
    assert set(found) == set(BOTH) and not any(each.hidden.any() for each in found.values())
    assert not torch.equal(found["noisy_image"].made, found["noisy_image"].noisy)


def test_gains_are_those_of_hidden_samples():
    generator = torch.Generator().manual_seed(0)
    clean = torch.randn(2, 2, 64, generator=generator)
    noisy, made = clean + 1.0, clean + 0.1
    made[..., 32:] = noisy[..., 32:]
    hidden = (torch.arange(64) < 32).expand(2, -1)
    found = Reconstruction(noisy, hidden, made, clean).figures()
    assert found["gain_db"].tolist() == pytest.approx([20, 20], abs=1e-3)
    power = clean[..., :32].square().sum((1, 2))
    silence = 10 * torch.log10(64 / power)
    assert found["gain_of_silence_db"].tolist() == pytest.approx(silence.tolist(), abs=1e-3)


def test_attention_sums_to_one_and_is_the_softmax_of_queries_and_keys(model):
    views = {name: _views()[name] for name in BOTH}
    found = last_attention(model.encoder, views)
    tokens = sum(SMALL.token_count(name) for name in BOTH)
    assert found.weights.shape == (3, 4, tokens, tokens)
    assert torch.allclose(found.weights.sum(-1), torch.ones(3, 4, tokens), atol=1e-5)
    with torch.inference_mode():
        before = model.encoder.layers(views, None, (1,))[0]
        x = torch.cat(list(before.values()), dim=1)
        block = model.encoder.blocks[-1]
        qkv = block.attn.qkv(block.norm1(x)).double().numpy()
    width, head = SMALL.width, SMALL.width // 4
    for number in range(4):
        q, k = (qkv[1, :, part * width + number * head :][:, :head] for part in (0, 1))
        scores = np.array([[a @ b / math.sqrt(head) for b in k] for a in q])
        wanted = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        assert np.allclose(found.weights[1, number].numpy(), wanted, atol=1e-5)


def test_the_weights_are_those_that_the_block_mixes_with(model):
    attention = model.encoder.blocks[-1].attn
    x = torch.randn(2, 9, SMALL.width, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        values = attention.qkv(x)[..., 2 * SMALL.width :].reshape(2, 9, 4, -1).transpose(1, 2)
        mixed = (weights_of(attention, x) @ values).transpose(1, 2).reshape(2, 9, -1)
        assert torch.allclose(attention.proj(mixed), attention(x), atol=1e-5)


def test_attention_between_modalities_adds_up(model):
    found = last_attention(model.encoder, {name: _views()[name] for name in BOTH})
    for query in BOTH:
        total = sum(found.between(query, key) for key in BOTH)
        assert torch.allclose(total, torch.ones(3, 4), atol=1e-5)
    looked = sum(found.looked_at(name).sum(-1) for name in BOTH)
    assert torch.allclose(looked, torch.ones(3, 4), atol=1e-5)


def test_an_encoder_without_attention_is_named():
    class Convolution(torch.nn.Module):
        pass

    with pytest.raises(DenomaeError, match="an encoder Convolution without attention"):
        last_attention(Convolution(), {})


def test_features_are_the_mean_of_all_tokens():
    torch.manual_seed(3)
    model = Classifier(SMALL, BOTH, 4).eval()
    views = _views(5)
    found = features(model.encoder, views, BOTH, batch=2)
    tokens = model.encoder({name: views[name] for name in BOTH})
    wanted = torch.cat(list(tokens.values()), 1).mean(1)
    assert np.allclose(found, wanted.detach().numpy(), atol=1e-5)


@pytest.mark.timeout(300)
def test_classes_that_lie_apart_are_seen_apart_and_scale_does_not_matter():
    rng = np.random.default_rng(0)
    truth = np.arange(60) % 3
    apart = rng.normal(size=(60, 8)) + 20 * np.eye(8)[truth]
    mixed = rng.normal(size=(60, 8))
    good, large, bad = embed(apart, truth, 1), embed(1000 * apart, truth, 1), embed(mixed, truth, 1)
    assert good.neighbours == 1 and good.silhouette > 0.7
    assert large.silhouette == pytest.approx(good.silhouette, abs=1e-4)
    assert bad.neighbours < 0.6 and bad.silhouette < 0.1
    centres = np.stack([good.place[truth == k].mean(0) for k in range(3)])
    spread = max(good.place[truth == k].std() for k in range(3))
    assert min(np.linalg.norm(centres[i] - centres[i - 1]) for i in range(3)) > 2 * spread
    with pytest.raises(DenomaeError, match="5 frames of 3 classes; wanted 20 or more"):
        embed(apart[:5], truth[:5], 1)


@pytest.mark.timeout(300)
def test_pictures_of_models_are_not_blank(tmp_path, model):
    views = _views()
    by_snr = {snr: reconstruct(model, views, BOTH, Asking(), torch.Generator().manual_seed(1))
              for snr in (-10.0, 10.0)}  # fmt: skip
    draw_images({s: f["noisy_image"] for s, f in by_snr.items()}, 1, tmp_path / "image.png")
    draw_signals({s: f["noisy_signal"] for s, f in by_snr.items()}, 1, tmp_path / "signal.png")
    both = {name: views[name] for name in BOTH}
    found = {"0 dB": last_attention(model.encoder, both)}
    draw_attention(found, {"0 dB": both}, 1, SMALL, tmp_path / "attention.png")
    truth = np.arange(60) % 3
    lying = embed(np.random.default_rng(0).normal(size=(60, 8)), truth, 1)
    draw_embeddings({"one": {0.0: lying}}, ("a", "b", "c"), tmp_path / "embeddings.png")
    for name in ("image", "signal", "attention", "embeddings"):
        _not_blank(tmp_path / f"{name}.png")
