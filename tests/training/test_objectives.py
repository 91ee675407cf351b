# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses

import numpy as np
import pytest
import torch

from denomae.modalities import LIVE_MODALITIES, MODALITIES, PUBLISHED_MODALITIES
from denomae.model.classifier import Classifier
from denomae.model.denomae import DenoMAE
from denomae.model.encoder import patchify
from denomae.model.masking import draw_masks
from denomae.model.presets import PRESETS
from denomae_training.feeds.sample import sample_of, training_modalities
from denomae_training.objectives.classification import Classification
from denomae_training.objectives.denomae import Denomae
from denomae_training.signals.dataset import make_batch
from denomae_training.signals.recipes import RECIPES

NANO = PRESETS["nano"]
NAMES = PUBLISHED_MODALITIES


@pytest.fixture(scope="module")
def batch():
    return make_batch(RECIPES["live11"], seed=3, first=0, size=4)


def denomae_loss(model, batch, objective=None):
    objective = objective or Denomae()
    sample = sample_of(batch, objective.needs, NANO)
    return objective.loss(model, sample, torch.Generator().manual_seed(0), 0.0)


def draw(share=0.75, size=4):
    counts = {name: NANO.token_count(name) for name in NAMES}
    return draw_masks(counts, size, share, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("share", [0.75, 0.0])
def test_the_loss_is_that_of_a_loop_over_masked_tokens_and_pixels(batch, share, normalised):
    torch.manual_seed(0)
    built = training_modalities(batch, NAMES, NANO)
    model = DenoMAE(NANO, NAMES).eval()
    masks = draw(share)
    with torch.no_grad():
        predicted = model(built, masks)
        _, parts = denomae_loss(
            model, batch, Denomae(masked_share=share, normalised_targets=normalised)
        )
    for name in NAMES:
        target = built[MODALITIES[name].target].double().numpy()
        guess, hidden = predicted[name].double().numpy(), masks[name].masked.tolist()
        total, count = 0.0, 0
        for frame in range(4):
            for token in hidden[frame] if share else range(guess.shape[1]):
                if MODALITIES[name].form == "image":
                    row, column = divmod(token, 4)
                    rows, columns = (
                        slice(16 * row, 16 * row + 16),
                        slice(16 * column, 16 * column + 16),
                    )
                    true = target[frame][:, rows, columns].reshape(-1)
                else:
                    true = target[frame][:, 16 * token : 16 * token + 16].reshape(-1)
                if normalised:
                    true = (true - true.mean()) / np.sqrt(true.var(ddof=1) + 1e-6)
                for value, wanted in zip(guess[frame, token], true, strict=True):
                    total += (value - wanted) ** 2
                    count += 1
        assert float(parts[name]) == pytest.approx(total / count, rel=1e-4), name


def test_visible_targets_receive_no_gradient(batch):
    torch.manual_seed(0)
    model = DenoMAE(NANO, NAMES)
    answers = {}

    class Watched(torch.nn.Module):
        architecture = NANO

        def forward(self, inputs, masks, asked):
            answers.update(model(inputs, masks, asked))
            for answer in answers.values():
                answer.retain_grad()
            return answers

    denomae_loss(Watched(), batch)[0].backward()
    for name, mask in draw().items():
        touched = answers[name].grad.abs().sum(-1) > 0
        assert torch.equal(touched, torch.zeros_like(touched).scatter(1, mask.masked, True))


class Oracle(torch.nn.Module):
    """Answers with true patches, and nonsense on the visible tokens; may be wrong on one masked."""

    def __init__(self, built, goal, wrong: str | None = None) -> None:
        super().__init__()
        self.architecture, self.built, self.goal, self.wrong = NANO, built, goal, wrong
        self.encoder = type("Names", (), {"modalities": NAMES})()

    def forward(self, inputs, masks, asked=None):
        answers = {}
        for name, mask in masks.items():
            answer = patchify(self.goal[name], self.built[self.goal[name]], NANO).clone()
            answer.scatter_(1, mask.visible[..., None].expand(-1, -1, answer.shape[-1]), 1e6)
            if name == self.wrong:
                answer[0, mask.masked[0, 0]] += 1
            answers[name] = answer
        return answers


def test_every_modality_is_asked_for_its_clean_target_on_masked_tokens_alone(batch):
    built = training_modalities(batch, NAMES, NANO)
    targets = {name: MODALITIES[name].target for name in NAMES}
    loss, parts = denomae_loss(Oracle(built, targets), batch)
    assert loss == 0 and list(parts) == list(NAMES)
    for wrong in NAMES:
        oracle = Oracle(built, targets, wrong)
        _, parts = denomae_loss(oracle, batch)
        assert [name for name in NAMES if parts[name] > 0] == [wrong]
    inputs = Oracle(built, {name: name for name in NAMES})
    _, parts = denomae_loss(inputs, batch)
    assert {n for n in NAMES if parts[n] > 0} == {"noisy_image", "noisy_signal"}


def test_waveforms_keep_one_scale(batch):
    built = training_modalities(batch, ("noisy_signal", "clean_signal", "noise"), NANO)
    torch.testing.assert_close(
        built["noisy_signal"], built["clean_signal"] + built["noise"], rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(
        built["noisy_signal"].square().sum(1).mean(1), torch.ones(4), rtol=1e-4, atol=0
    )


def test_a_step_of_training_changes_every_tensor(batch):
    torch.manual_seed(0)
    model = DenoMAE(NANO, NAMES)
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    loss, _ = denomae_loss(model, batch)
    loss.backward()
    torch.optim.SGD(model.parameters(), lr=1.0).step()
    still = [name for name, tensor in model.named_parameters() if torch.equal(tensor, before[name])]
    assert still == []


def test_a_batch_of_nothing_but_noise_trains(batch):
    live = RECIPES["live11"]
    only_noise = tuple(float(name == "noise") for name in live.classes)
    silent = dataclasses.replace(live, class_weights=only_noise)
    frames = make_batch(silent, seed=3, first=0, size=3)
    assert frames.class_index.tolist() == [0, 0, 0]
    torch.manual_seed(0)
    model = Classifier(NANO, LIVE_MODALITIES, 11)
    objective = Classification(11)
    sample = sample_of(frames, objective.needs, NANO)
    loss, _ = objective.loss(model, sample, torch.Generator().manual_seed(0), 0.0)
    loss.backward()
    assert torch.isfinite(loss) and all(torch.isfinite(p.grad).all() for p in model.parameters())
