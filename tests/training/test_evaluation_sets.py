# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier
from denomae.model.presets import PRESETS
from denomae_training.evaluation import SNR_GRID, TestSet, answers
from denomae_training.evaluation import test_set as module
from denomae_training.evaluation.cost import cost_of, flops_of
from denomae_training.evaluation.probe import features_of, linear_probe
from denomae_training.signals.dataset import split_seed
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes import RECIPES

NANO = dataclasses.replace(PRESETS["nano"], depth=2, width=32, heads=2, head_width=16)
OURS = RECIPES["denomae10"]


def test_all_snrs_and_all_classes_have_equally_many_frames():
    tests = TestSet(OURS, 1, 2 * 21 * 10)
    items = tests.items(0, tests.frames)
    cells = [(item.snr_db, item.class_index) for item in items]
    assert len(items) == 420 and set(cells) == {(s, c) for s in SNR_GRID for c in range(10)}
    assert all(cells.count(cell) == 2 for cell in set(cells))
    assert [item.snr_db for item in items] == tests.asked_snr_db.tolist()
    for item in items[::37]:
        noise, clean = (np.mean(np.abs(w) ** 2) for w in (item.noise, item.clean))
        assert 10 * np.log10(clean / noise) == pytest.approx(item.snr_db, abs=0.7)


def test_a_test_set_is_the_same_every_time_and_another_under_another_seed():
    one, again = TestSet(OURS, 1, 210), TestSet(OURS, 1, 210)
    other = TestSet(OURS, 2, 210)
    whole = one.items(0, 210)
    for k, item in enumerate(again.items(100, 130)):
        assert np.array_equal(item.noisy, whole[100 + k].noisy)
    for a, b in zip(whole, other.items(0, 210), strict=True):
        assert not np.array_equal(a.noise, b.noise)


def test_no_split_shares_an_item_with_the_test_set():
    """The noise, brought to unit power, is that of no other item, whatever its SNR and class."""

    def keys(items) -> set[bytes]:
        first = (item.noise[:4] / np.abs(item.noise[0]) for item in items)
        return {np.round(values, 3).tobytes() for values in first}

    tested = keys(TestSet(OURS, 1, 420).items(0, 420))
    assert len(tested) == 420
    for split in ("pretrain", "train", "validation", "test"):
        made = keys(synthesize(OURS, split_seed(1, split), k) for k in range(420))
        assert len(made) == 420 and not made & tested, split


def test_frames_of_a_class_without_a_signal_are_counted_where_they_were_asked_for():
    live = RECIPES["live11"]
    tests = TestSet(live, 1, 2 * len(live.classes), (0.0, 10.0))
    built = tests.build(("noisy_signal",), NANO)
    outcome = built.answers(Classifier(NANO, ("noisy_signal",), len(live.classes)))
    noise = outcome.class_index == live.classes.index("noise")
    assert torch.isnan(outcome.snr_db[noise]).all() and noise.sum() == 2
    assert outcome.cells.tolist() == [0.0, 10.0] * len(live.classes)


def test_frames_that_do_not_fit_are_made_again_and_are_the_same(monkeypatch):
    tests = TestSet(OURS, 1, 20, (0.0, 5.0))
    names = ("noisy_signal", "clean_signal")
    kept = tests.build(names, NANO)
    monkeypatch.setattr(module, "keep_bytes", lambda _: 1)
    made = tests.build(names, NANO)
    for a, b in zip(kept.each(7), made.each(7), strict=True):
        assert len(a) == len(b) and torch.equal(a.class_index, b.class_index)
        assert all(torch.equal(a.views[name], b.views[name]) for name in names)


def test_answers_are_the_same_in_batches_of_any_size():
    built = TestSet(OURS, 1, 20, (0.0, 5.0)).build(("noisy_signal",), NANO)
    torch.manual_seed(1)
    model = Classifier(NANO, ("noisy_signal",), 10)
    whole, parts = (answers(model, built.each(size)) for size in (20, 3))
    assert torch.allclose(whole.logits, parts.logits, atol=1e-5)
    assert not model.training


def test_what_cannot_be_tested_is_one_sentence():
    with pytest.raises(DenomaeError, match="wanted at least 210, one of each"):
        TestSet(OURS, 1, 100)
    tests = TestSet(OURS, 1, 10, (0.0,))
    with pytest.raises(DenomaeError, match="without 'noisy_image'; build it"):
        tests.build(("noisy_signal",), NANO).answers(Classifier(NANO, ("noisy_image",), 10))
    with pytest.raises(DenomaeError, match="1024 samples, the model wants 512"):
        tests.build(("noisy_signal",), dataclasses.replace(NANO, frame_length=512))


@pytest.mark.parametrize("mlp, products", [("plain", 8), ("gated", 7.5)])
def test_the_operations_of_a_frame_are_those_counted_by_hand(mlp, products):
    architecture = dataclasses.replace(NANO, mlp=mlp)
    model = Classifier(architecture, ("noisy_signal",), 10)
    tokens, width = 1024 // 16, architecture.width
    block = tokens * (4 + products) * width**2 + 2 * tokens**2 * width  # weights, then attention
    head = width * 16 + 16 * 10 + 16
    by_hand = 2 * (tokens * 32 * width + architecture.depth * block + head)
    assert flops_of(model) == pytest.approx(by_hand, rel=1e-6)


def test_the_cost_says_what_was_measured():
    cost = cost_of(Classifier(NANO, ("noisy_signal",), 10), batch_size=2)
    assert cost.frames_per_s > 0 and (cost.batch_size, cost.device) == (2, "cpu")
    assert cost.parameters == sum(
        p.numel() for p in Classifier(NANO, ("noisy_signal",), 10).parameters()
    )


class _Raw(torch.nn.Module):
    """An encoder that tells the class plainly in some of its features."""

    modalities = ("noisy_signal",)

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs, visible=None):
        return {"noisy_signal": inputs["noisy_signal"].transpose(1, 2)}  # [B, N, 2]


def test_probes_find_what_is_there_to_be_found_and_no_more():
    generator = torch.Generator().manual_seed(1)
    classes = torch.arange(60) % 3
    centres = 3 * torch.nn.functional.one_hot(classes, 3).float()

    def features(values):
        from denomae_training.evaluation.probe import Features

        return Features(values, classes, torch.zeros(60))

    known = [features(F.pad(centres + torch.randn(60, 3, generator=generator) / 2, (0, 4)))
             for _ in range(3)]  # fmt: skip
    outcome, penalty = linear_probe(*known, class_count=4)
    assert outcome.accuracy > 0.95 and penalty > 0 and outcome.logits.shape == (60, 4)
    blind = [features(torch.randn(60, 7, generator=generator)) for _ in range(3)]
    assert linear_probe(*blind, class_count=3)[0].accuracy < 0.6


def test_features_are_the_mean_of_a_frames_tokens():
    built = TestSet(OURS, 1, 10, (0.0,)).build(("noisy_signal",), NANO)
    found = features_of(_Raw(), built.each(4))
    signals = torch.cat([sample.views["noisy_signal"] for sample in built.each(10)])
    assert torch.allclose(found.values, signals.mean(2), atol=1e-6)
    assert found.class_index.tolist() == list(range(10))
