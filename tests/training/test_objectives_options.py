# SPDX-License-Identifier: GPL-3.0-or-later

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from denomae.errors import DenomaeError
from denomae.modalities import MODALITIES, PUBLISHED_MODALITIES
from denomae.model.encoder import patchify
from denomae.model.masking import dirichlet_counts
from denomae.model.presets import PRESETS
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.objectives.denomae import Denomae
from denomae_training.objectives.mae import Mae
from denomae_training.signals.dataset import make_batch
from denomae_training.signals.recipes import RECIPES

TINY = replace(PRESETS["nano"], width=32, depth=2, heads=2, decoder_width=32, decoder_heads=2)
NAMES = PUBLISHED_MODALITIES
COUNTS = {name: TINY.token_count(name) for name in NAMES}
ALL = {
    "plain": Denomae(),
    "seen whole": Denomae(masked_share=0.0),
    "dirichlet": Denomae(budget="dirichlet"),
    "partly decoded": Denomae(decoded_share=0.3),
    "three masks": Denomae(masks_per_frame=3),
    "positions": Denomae(patch_position=0.1),
    "as images": Denomae(signal_form="image"),
    "everything": Denomae(
        budget="dirichlet",
        masks_per_frame=2,
        decoded_share=0.5,
        normalised_targets=True,
        patch_position=0.1,
    ),
    "mae": Mae(decoded_share=0.5),
}


@pytest.fixture(scope="module")
def sample():
    return sample_of(make_batch(RECIPES["live11"], seed=3, first=0, size=6), NAMES, TINY)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def part_of(sample, rows):
    views = {name: values[rows] for name, values in sample.views.items()}
    return Sample(views, sample.class_index[rows], sample.snr_db[rows], rows, sample.whole)


@pytest.mark.parametrize("objective", ALL.values(), ids=ALL)
def test_two_processes_together_have_the_loss_of_one(objective, sample):
    torch.manual_seed(0)
    model = objective.model(TINY)
    with torch.no_grad():
        whole = objective.loss(model, sample, generator(), 0.0)[0]
        halves = [
            objective.loss(model, part_of(sample, rows), generator(), 0.0)[0]
            for rows in (slice(0, 3), slice(3, 6))
        ]
    assert float(whole) == pytest.approx(float(sum(halves)) / 2, rel=1e-5)


@pytest.mark.parametrize("objective", ALL.values(), ids=ALL)
def test_a_frame_is_reconstructed_alike_whatever_frames_stand_beside_it(objective, sample):
    torch.manual_seed(0)
    model = objective.model(TINY)
    others = {n: v.roll(1, 0) for n, v in sample.views.items()}  # every frame but the first changes
    mixed = {n: torch.cat([v[:1], others[n][1:]]) for n, v in sample.views.items()}
    answers = []

    def keep(module, inputs, output):
        answers.append(output[0] if isinstance(output, tuple) else output)

    model.register_forward_hook(keep)
    with torch.no_grad():
        for views in (sample.views, mixed):
            objective.loss(model, replace(sample, views=views), generator(), 0.0)
    for name in answers[0]:
        one, other = answers[0][name], answers[1][name]
        torch.testing.assert_close(one[0], other[0], rtol=1e-5, atol=1e-5)
        assert one[0].numel() == 0 or not torch.allclose(one[1], other[1], atol=1e-4)


class Echo(torch.nn.Module):
    """Answers with the true patches of what was asked, one of them wrong by 1 in every number."""

    def __init__(self, views):
        super().__init__()
        self.architecture, self.views = TINY, views

    def forward(self, inputs, masks, asked=None):
        self.asked = asked
        true = {n: patchify(g := MODALITIES[n].target, self.views[g], TINY) for n in masks}
        rounds = len(asked["noise"]) // len(true["noise"])
        answers = {}
        for name, index in asked.items():
            patches = true[name].repeat(rounds, 1, 1)
            answers[name] = patches.gather(1, index[..., None].expand(-1, -1, patches.shape[-1]))
        answers["noise"][-1, -1] += 1
        return answers


def test_only_a_random_part_of_the_masked_tokens_is_asked_and_counted(sample):
    echo = Echo(sample.views)
    objective = Denomae(decoded_share=0.25, masks_per_frame=2)
    _, parts = objective.loss(echo, sample, generator(), 0.0)
    asked = echo.asked["noise"]
    assert asked.shape == (12, 12)  # 2 masks of 6 frames, a quarter of 48 masked tokens
    assert all(len(set(row.tolist())) == 12 for row in asked)
    assert not torch.equal(asked[:6].sort(1).values, asked[6:].sort(1).values)
    wrong = 1 / asked.numel()
    assert float(parts["noise"]) == pytest.approx(wrong, rel=1e-4)
    assert all(float(parts[name]) == 0 for name in NAMES if name != "noise")


def test_decoding_all_masked_tokens_is_the_same_with_one_as_with_the_full_share(sample):
    torch.manual_seed(0)
    model = Denomae().model(TINY)
    counted = []

    def loss(objective):
        model.register_forward_hook(lambda m, i, o: counted.append(o["noise"].shape[1]))
        with torch.no_grad():
            return objective.loss(model, sample, generator(), 0.0)[0]

    assert torch.equal(loss(Denomae(decoded_share=1.0)), loss(Denomae()))
    assert set(counted) == {COUNTS["noise"]}


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5])
def test_a_decoded_share_that_cannot_be_is_refused(share, sample):
    objective = Denomae(decoded_share=share)
    with pytest.raises(DenomaeError, match="decoded share"):
        objective.loss(objective.model(TINY), sample, generator(), 0.0)


def test_the_encoder_computes_on_visible_tokens_only(sample):
    def flops(share):
        objective = Denomae(masked_share=share)
        model = objective.model(TINY)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            objective.loss(model, sample, generator(), 0.0)
        return counter.get_flop_counts()["DenoMAE.encoder"]

    def expected(visible):
        """Products of embedding, attention and MLP, twice each, for 6 frames."""
        d, tokens = TINY.width, sum(visible.values())
        embed = sum(count * TINY.patch_size(name) * d for name, count in visible.items())
        hidden = int(d * 5 / 2) * 3 * d  # two halves in, one out
        block = tokens * (4 * d * d + hidden) + 2 * tokens * tokens * d
        return 6 * 2 * (embed + TINY.depth * block)

    assert sum(flops(0.0).values()) == expected(COUNTS)
    quarter = {name: count // 4 for name, count in COUNTS.items()}
    assert sum(flops(0.75).values()) == expected(quarter)


@pytest.mark.parametrize("alpha", [0.05, 1.0, 100.0])
def test_dirichlet_budgets_sum_to_the_equal_one_and_fit(alpha):
    source = generator(1)
    drawn = [dirichlet_counts(COUNTS, 0.5, alpha, source) for _ in range(200)]
    for counts in drawn:
        assert sum(counts.values()) == sum(COUNTS.values()) // 2
        assert all(0 <= counts[name] <= COUNTS[name] for name in NAMES)
    signal = torch.tensor([float(counts["noise"]) for counts in drawn])
    if alpha < 1:
        assert signal.min() == 0 and signal.max() == COUNTS["noise"]
    if alpha > 1:
        assert signal.std() < 5


def test_dirichlet_masks_have_one_count_for_the_batch_and_another_for_the_next(sample):
    objective, seen = Denomae(budget="dirichlet"), []
    model = objective.model(TINY)
    model.register_forward_hook(
        lambda m, inputs, o: seen.append({n: k.visible.shape[1] for n, k in inputs[1].items()})
    )
    for seed in range(3):
        objective.loss(model, sample, generator(seed), 0.0)[0].backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert len({tuple(counts.values()) for counts in seen}) == 3
    assert {sum(counts.values()) for counts in seen} == {sum(COUNTS.values()) // 4}


def test_as_published_a_signal_is_an_image_of_its_real_part():
    architecture = replace(TINY, signal_form="image")
    signal = torch.randn(2, 2, 1024, generator=generator())
    patches = patchify("noise", signal, architecture)
    assert (
        patches.shape == (2, 16, 768) == (2, COUNTS["noisy_image"], TINY.patch_size("noisy_image"))
    )
    changed = signal.clone()
    changed[:, 1] = 0
    assert torch.equal(patchify("noise", changed, architecture), patches)
    first = patches[0, 0].reshape(3, 16, 16)  # pixels 0..15 of lines 0..15
    for line in (0, 7, 15):
        for column in (0, 9):
            place = (64 * line + column) * 1023 / 4095
            below = int(place)
            part = place - below
            wanted = signal[0, 0, below] * (1 - part) + signal[0, 0, below + 1] * part
            for channel in range(3):
                assert float(first[channel, line, column]) == pytest.approx(float(wanted), abs=1e-4)


def test_the_place_of_a_token_can_be_learnt(sample):
    objective = Mae(masked_share=0.0, patch_position=1.0)
    torch.manual_seed(0)
    model = objective.model(TINY)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(30):
        loss, parts = objective.loss(model, sample, generator(step), 0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 0:
            assert parts["patch_position"] > 2  # chance: ln 16 = 2.8
    assert parts["patch_position"] < 0.3
    kind, kept = objective.kept(model)
    assert kind == "pretrained" and not any("places" in name for name in kept.state_dict())
