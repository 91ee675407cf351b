# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace
from itertools import chain, combinations

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from denomae.errors import DenomaeError
from denomae.modalities import (
    MODALITIES,
    NOISY_MODALITIES,
    PUBLISHED_MODALITIES,
    build,
    unit_power,
)
from denomae.model.blocks import encoder_block
from denomae.model.classifier import Classifier
from denomae.model.encoder import Encoder, patchify, unpatchify
from denomae.model.masking import dirichlet_counts, draw_masks
from denomae.model.presets import PRESETS
from denomae.model.sizes import multiply_accumulates, preset_table

SMALL = PRESETS["nano"]
NAMES = tuple(MODALITIES)
_SUBSETS = [
    *chain.from_iterable(combinations(PUBLISHED_MODALITIES, n) for n in range(1, 6)),
    *(subset for n in range(1, 4) for subset in combinations(NOISY_MODALITIES, n)),
]
SUBSETS = list(dict.fromkeys(_SUBSETS))


def _inputs(batch: int, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    waves = {
        name: unit_power(torch.randn(batch, 1024, dtype=torch.complex64, generator=generator))
        for name in ("noisy", "clean", "noise")
    }
    return build(waves, NAMES, SMALL.image)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(SMALL, NAMES).eval()


def test_frames_of_one_batch_do_not_see_each_other(encoder):
    first, second = _inputs(6, 1), _inputs(6, 2)
    kept = torch.tensor([True, False, True, False, True, False])
    mixed = {
        name: torch.where(kept.view(-1, *[1] * (first[name].ndim - 1)), first[name], second[name])
        for name in NAMES
    }
    with torch.no_grad():
        before, after = encoder(first), encoder(mixed)
    for name in NAMES:
        torch.testing.assert_close(after[name][kept], before[name][kept], rtol=1e-5, atol=1e-5)
        assert (after[name][~kept] - before[name][~kept]).abs().max() > 0.1


@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_every_subset_of_modalities_runs_in_any_order(encoder, subset):
    inputs = _inputs(2)
    forward = {name: inputs[name] for name in subset}
    backward = {name: inputs[name] for name in reversed(subset)}
    with torch.no_grad():
        one, other = encoder(forward), encoder(backward)
    assert list(one) == list(other) == list(subset)
    for name in subset:
        assert one[name].shape == (2, SMALL.token_count(name), SMALL.width)
        assert torch.equal(one[name], other[name])


def test_every_modality_has_a_say_in_the_tokens_of_the_others(encoder):
    inputs, other = _inputs(2, 1), _inputs(2, 2)
    with torch.no_grad():
        before = encoder(inputs)
        for changed in NAMES:
            after = encoder(inputs | {changed: other[changed]})
            for name in NAMES:
                assert (after[name] - before[name]).abs().max() > 1e-4, (changed, name)


def test_tokens_that_are_not_visible_have_no_influence(encoder):
    inputs, other = _inputs(3, 1), _inputs(3, 2)
    counts = {name: SMALL.token_count(name) for name in NAMES}
    masks = draw_masks(counts, 3, 0.75, torch.Generator().manual_seed(5))
    visible = {name: mask.visible for name, mask in masks.items()}
    changed = {}
    for name in NAMES:
        # replace every masked patch by another frame's, in the modality's own form
        patches = patchify(name, inputs[name], SMALL).clone()
        foreign = patchify(name, other[name], SMALL)
        index = masks[name].masked[..., None].expand(-1, -1, patches.shape[-1])
        patches.scatter_(1, index, foreign.gather(1, index))
        changed[name] = unpatchify(name, patches, SMALL)
        assert not torch.equal(changed[name], inputs[name])
    with torch.no_grad():
        one, two = encoder(inputs, visible), encoder(changed, visible)
    for name in NAMES:
        assert one[name].shape[1] == masks[name].visible.shape[1]
        torch.testing.assert_close(one[name], two[name])


def test_masks_are_independent_and_complete():
    counts = {"noisy_signal": 64, "clean_signal": 64}
    masks = draw_masks(counts, 50, 0.75, torch.Generator().manual_seed(0))
    for mask in masks.values():
        assert mask.visible.shape == (50, 16)
        everything = torch.cat([mask.visible, mask.masked], 1).sort(1).values
        assert torch.equal(everything, torch.arange(64).expand(50, 64))
    same = [
        set(a.tolist()) & set(b.tolist())
        for a, b in zip(masks["noisy_signal"].visible, masks["clean_signal"].visible, strict=True)
    ]
    assert 3 < sum(map(len, same)) / 50 < 5  # 16 * 16 / 64 = 4 by chance, 16 if they were tied


def test_a_share_that_leaves_nothing_visible_is_refused():
    with pytest.raises(DenomaeError, match="leaves 0 of 16 tokens visible"):
        draw_masks({"noisy_image": 16}, 1, 0.99, torch.Generator())


def test_a_share_that_masks_nothing_is_refused_but_a_budget_may_show_a_modality_whole():
    source = torch.Generator().manual_seed(0)
    with pytest.raises(DenomaeError, match="share of 0.02 masks 0 of 16 tokens; choose 0, or"):
        draw_masks({"noisy_image": 16}, 1, 0.02, source)
    assert draw_masks({"noisy_image": 16}, 1, 0.0, source)["noisy_image"].masked.shape == (1, 0)
    counts = {"noisy_image": 16, "noisy_signal": 64}
    drawn = [dirichlet_counts(counts, 0.2, 0.3, source) for _ in range(50)]
    assert 16 in [visible["noisy_image"] for visible in drawn]
    with pytest.raises(DenomaeError, match="share of 0.005 masks 0 of 80 tokens; choose 0, or"):
        dirichlet_counts(counts, 0.005, 1.0, source)
    assert dirichlet_counts(counts, 0.0, 1.0, source) == counts


def test_the_gate_of_a_gated_block_is_a_gelu():
    block = Encoder(SMALL, NAMES).blocks[0].eval()
    tokens = torch.randn(2, 5, SMALL.width, generator=torch.Generator().manual_seed(0))
    gate, value = block.mlp.fc1(tokens).chunk(2, -1)
    normal = torch.distributions.Normal(0.0, 1.0)
    torch.testing.assert_close(
        block.mlp(tokens), block.mlp.fc2(gate * normal.cdf(gate) * value), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("mlp", ["gated", "plain"])
def test_the_same_comes_out_with_and_without_a_gradient(mlp):
    torch.manual_seed(0)
    encoder = Encoder(replace(SMALL, mlp=mlp), ("noisy_signal",))
    inputs = {"noisy_signal": _inputs(3)["noisy_signal"]}
    kept = inputs["noisy_signal"].clone()
    trained = encoder(inputs)["noisy_signal"]
    with torch.inference_mode():
        live = encoder(inputs)["noisy_signal"]
    torch.testing.assert_close(live, trained.detach(), rtol=1e-5, atol=1e-5)
    assert torch.equal(inputs["noisy_signal"], kept)  # sums in place spoil nobody's numbers


@pytest.mark.parametrize("mlp", ["gated", "plain"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_block_keeps_type_and_shape_on_a_gpu(mlp, dtype):
    # Fake tensors know types and devices, and need no GPU: a GPU has its own way through the MLP.
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with FakeTensorMode(), torch.device("cuda:0"), torch.no_grad():
            tokens = torch.empty(2, 5, SMALL.width)
            out = encoder_block(replace(SMALL, mlp=mlp)).eval()(tokens)
    finally:
        torch.set_default_dtype(before)
    assert (out.shape, out.dtype, out.device) == (tokens.shape, dtype, tokens.device)


def test_an_unknown_modality_is_named(encoder):
    with pytest.raises(DenomaeError, match="spectrogram"):
        encoder({"spectrogram": torch.zeros(1, 2, 1024)})
    with pytest.raises(DenomaeError, match="knows \\['noisy_signal'\\], not \\['noise'\\]"):
        Encoder(SMALL, ("noisy_signal",))({"noise": torch.zeros(1, 2, 1024)})


def test_presets_have_the_published_sizes():
    rows = {row["preset"]: row for row in preset_table()}
    assert (
        rows["base"]["width"] == 768 and rows["base"]["depth"] == 12 and rows["base"]["heads"] == 12
    )
    # ViT-B/16 on a 224 x 224 image (Dosovitskiy et al.): 86.6 M parameters, 17.6 GMAC
    assert rows["base"]["parameters"] == pytest.approx(86.6e6, rel=0.02)
    assert multiply_accumulates(PRESETS["base"], ("noisy_image",)) == pytest.approx(
        17.6e9, rel=0.03
    )


def test_the_head_gives_one_verdict_a_frame():
    torch.manual_seed(0)
    model = Classifier(SMALL, ("noisy_image", "noisy_signal"), 7).eval()
    inputs = _inputs(3)
    verdict = model({name: inputs[name] for name in ("noisy_signal", "noisy_image")})
    assert verdict.logits.shape == (3, 7) and verdict.snr_db.shape == (3,)
