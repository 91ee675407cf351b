# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning as a function: label budgets, what is frozen, what chooses, what is resumed."""

from __future__ import annotations

import copy
import dataclasses
import resource
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES
from denomae.model.classifier import Classifier
from denomae.model.denomae import DenoMAE
from denomae.model.presets import PRESETS
from denomae_training.data.source import Balanced, Synthesized
from denomae_training.evaluation import answers
from denomae_training.feeds.feed import Share
from denomae_training.feeds.order import Order
from denomae_training.feeds.sample import sample_of
from denomae_training.finetuning.augment import Turned
from denomae_training.finetuning.finetune import Tuned, finetune
from denomae_training.finetuning.frozen import FrozenAnswers
from denomae_training.finetuning.linear import linear
from denomae_training.finetuning.selection import Evaluated, Selection
from denomae_training.finetuning.starting import starting_classifier
from denomae_training.finetuning.tuning import Tuning
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run
from denomae_training.signals.dataset import collect, make_batch, split_seed
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes import RECIPES

TEN = RECIPES["denomae10"]
PICO = dataclasses.replace(
    PRESETS["nano"], depth=1, width=32, heads=2, head_width=32, decoder_width=16, decoder_heads=2
)
CPU, MACHINE = torch.device("cpu"), Machine(workers=0, save_every_s=0, tensorboard=False)
ALONE = Share()


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tuned(folder: Path, encoder=None, source=None, after=None, **choices) -> Tuned:
    """Five steps of eight frames."""
    choices = {"labels": 20, "validation_frames": 30, "evaluations": 5} | choices
    schedule = Schedule(frames=40, batch_size=8, warmup_frames=0, learning_rate=3e-3)
    run = Run("test", 4, folder, schedule, MACHINE)
    source = source or Synthesized(TEN)
    return finetune(encoder, PICO, source, Tuning(**choices), run, CPU, torch.float32, after=after)


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# --- label budgets ---


def first_of_each(seed: int, each: int) -> list[int]:
    """One by one, as a person would choose them."""
    counts, chosen, number = dict.fromkeys(range(len(TEN.classes)), 0), [], 0
    while min(counts.values()) < each:
        index = synthesize(TEN, seed, number).class_index
        if counts[index] < each:
            counts[index] += 1
            chosen.append(number)
        number += 1
    return chosen


def test_a_budget_is_the_first_frames_of_each_class_and_part_of_a_larger_one() -> None:
    source = Synthesized(TEN)
    small, large = (Balanced(source, labels, 7) for labels in (30, 100))
    items = large.items(7, range(100))
    counts = np.bincount([item.class_index for item in items])
    assert counts.tolist() == [10] * 10 and large.size == 100
    for item, number in zip(items, first_of_each(7, 10), strict=True):
        np.testing.assert_array_equal(item.noisy, synthesize(TEN, 7, number).noisy)
    numbers = {item.noisy.tobytes() for item in items}
    assert all(item.noisy.tobytes() in numbers for item in small.items(7, range(30)))
    assert large.class_indices(7, [5, 99]).tolist() == [items[5].class_index, items[99].class_index]


def test_classes_that_are_never_drawn_get_no_labels() -> None:
    rare = dataclasses.replace(TEN, class_weights=(1.0, 0.01, *[0.0] * 8))
    budget = Balanced(Synthesized(rare), 6, 1)
    assert np.bincount(budget.class_indices(1, range(6))).tolist() == [3, 3]


@pytest.mark.parametrize("labels, near", [(7, 10), (26, 30), (1004, 1000)])
def test_a_budget_that_does_not_divide_evenly_is_a_sentence(labels, near) -> None:
    wanted = f"{labels} labels do not divide evenly by 10 classes .* such as {near}$"
    with pytest.raises(DenomaeError, match=wanted):
        Balanced(Synthesized(TEN), labels, 1)


# --- which frames are touched ---


class Watched(Synthesized):
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__(TEN)
        self.asked: dict[int, set[int]] = {}

    def items(self, seed: int, indices: Sequence[int]):
        self.asked.setdefault(seed, set()).update(indices)
        return super().items(seed, indices)


def test_training_and_selection_see_the_label_budget_and_validation_frames_alone(tmp_path) -> None:
    source = Watched()
    tuned(tmp_path, source=source)
    train, validation = split_seed(4, "train"), split_seed(4, "validation")
    assert source.asked == {train: set(first_of_each(train, 2)), validation: set(range(30))}


def test_the_model_that_is_returned_is_the_best_on_validation_frames(tmp_path) -> None:
    found = tuned(tmp_path)
    frames = [make_batch(TEN, split_seed(4, "validation"), 0, 30)]
    assert answers(found.model, frames).accuracy == found.best.accuracy
    assert [row.step for row in found.history] == [1, 2, 3, 4, 5]
    assert found.best.accuracy == max(row.accuracy for row in found.history)


def test_a_selection_keeps_the_best_and_goes_on_where_it_was_killed(tmp_path) -> None:
    models = [torch.nn.Linear(3, 2) for _ in range(4)]
    kept = [
        Selection(tmp_path).add(Evaluated(step, 8 * step, accuracy, loss), models[step])
        for step, accuracy, loss in [(0, 0.5, 1.0), (1, 0.9, 1.0), (2, 0.7, 0.1), (3, 0.9, 1.1)]
    ]
    assert kept == [True, True, False, False]
    again = Selection(tmp_path)
    assert again.best.step == 1 and len(again.history) == 4
    found = torch.nn.Linear(3, 2)
    again.load_best(found)
    assert same(found, models[1])
    assert again.add(Evaluated(4, 32, 0.9, 0.9), models[3])  # as accurate, and surer
    assert [path.name for path in tmp_path.glob("best-*")] == ["best-00000004.safetensors"]


def test_a_disk_that_fills_up_is_a_sentence_and_the_best_so_far_stays(tmp_path) -> None:
    models = [torch.nn.Linear(100, 100) for _ in range(2)]
    Selection(tmp_path).add(Evaluated(1, 8, 0.5, 1.0), models[0])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (20_000, 50):  # for the record and not for the weights, and for neither
        better = Evaluated(2, 16, 0.9 if room > 50 else 0.1, 1.0)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        try:
            with pytest.raises(DenomaeError, match=r"could not be written \(File too large\)"):
                Selection(tmp_path).add(better, models[1])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("damage", ["", "[1]", '[{"step": 1', '[{"step": 1}]'])
def test_a_record_of_a_selection_that_cannot_be_read_is_a_sentence(tmp_path, damage) -> None:
    Selection(tmp_path).add(Evaluated(1, 8, 0.5, 1.0), torch.nn.Linear(3, 2))
    (tmp_path / "evaluations.json").write_text(damage)
    with pytest.raises(DenomaeError, match="cannot be read .*best-00000001.safetensors. are still"):
        tuned(tmp_path)
    assert (tmp_path / "best-00000001.safetensors").is_file()


class Killed(BaseException):
    """No error that anyone handles."""


@pytest.mark.parametrize("mode", ["whole", "head"])
def test_a_run_that_was_killed_ends_as_if_it_had_not_been(tmp_path, monkeypatch, mode) -> None:
    whole = tuned(tmp_path / "whole", mode=mode)
    add = Selection.add

    def die(self: Selection, row: Evaluated, model: torch.nn.Module) -> bool:
        best = add(self, row, model)
        if row.step == 3:  # ahead of the state after this step
            raise Killed
        return best

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Selection, "add", die)
        tuned(tmp_path / "broken", mode=mode)
    broken = tuned(tmp_path / "broken", mode=mode)
    assert same(whole.model, broken.model) and whole.history == broken.history


# --- the starting point ---


def test_head_mode_leaves_the_encoder_as_it_was_and_whole_mode_learns_in_a_copy(tmp_path) -> None:
    torch.manual_seed(1)
    pretrained = DenoMAE(PICO, ("noisy_image", "noisy_signal", "noise"))
    before = copy.deepcopy(pretrained)
    fresh = starting_classifier(pretrained.encoder, PICO, LIVE_MODALITIES, 10, seed=4)
    head = tuned(tmp_path / "head", pretrained.encoder, mode="head").model
    assert same(head.encoder, fresh.encoder) and not same(head.head, fresh.head)
    whole = tuned(tmp_path / "whole", pretrained.encoder, mode="whole").model
    assert not same(whole.encoder, fresh.encoder)
    assert same(pretrained, before)
    assert all(parameter.requires_grad for parameter in head.parameters())
    own, kept = pretrained.encoder.state_dict(), fresh.encoder.state_dict()
    assert all(torch.equal(own[name], value) for name, value in kept.items())


def test_what_a_frozen_encoder_saw_once_gives_the_answers_of_the_whole_model() -> None:
    torch.manual_seed(1)
    model = Classifier(PICO, LIVE_MODALITIES, 10)
    frames = [make_batch(TEN, 1, 0, 8), make_batch(TEN, 1, 8, 3)]
    whole, frozen = answers(model, frames), FrozenAnswers(model, frames, CPU)()
    torch.testing.assert_close(frozen.logits, whole.logits)
    torch.testing.assert_close(frozen.snr_estimate_db, whole.snr_estimate_db)
    assert torch.equal(frozen.class_index, whole.class_index)


def test_a_linear_probe_says_of_a_budget_what_scikit_learn_says_of_its_means() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    torch.manual_seed(1)
    pretrained = DenoMAE(PICO, ("noisy_signal",)).encoder
    frames = [make_batch(TEN, 5, 0, 40)]
    tuning = Tuning(labels=40, modalities=("signal",), validation_frames=30)
    source = Watched()
    outcome, penalty = linear(pretrained, PICO, source, tuning, 4, CPU, frames)
    assert set(source.asked) == {split_seed(4, "train"), split_seed(4, "validation")}

    def means(batch) -> np.ndarray:
        sample = sample_of(batch, ("noisy_signal",), PICO)
        with torch.no_grad():
            return pretrained(sample.views)["noisy_signal"].mean(1).numpy()

    of = split_seed(4, "train")
    learnt = collect([synthesize(TEN, of, number) for number in first_of_each(of, 4)], TEN)
    x = means(learnt)
    middle, width = x.mean(0), x.std(0, ddof=1)
    probe = linear_model.LogisticRegression(C=penalty, max_iter=2000)
    probe.fit((x - middle) / width, learnt.class_index)
    theirs = probe.predict((means(frames[0]) - middle) / width)
    assert np.mean(outcome.logits.argmax(1).numpy() == theirs) > 0.95  # but for rounding
    with pytest.raises(DenomaeError, match="wanted --labels"):
        linear(pretrained, PICO, source, Tuning(modalities=("signal",)), 4, CPU, frames)


# --- augmentation ---


def test_a_turned_frame_is_the_frame_times_a_phasor_of_its_own_each_time() -> None:
    source, seed = Balanced(Synthesized(TEN), 10, 3), 3

    def feed(share: Share = ALONE) -> Turned:
        return Turned(source, seed, LIVE_MODALITIES, PICO, Order(10, 10, 1), CPU, share=share)

    angles = []
    for number in range(2):
        batch = feed().batch(number)
        items = source.items(seed, Order(10, 10, 1).batch(number).tolist())
        for name in ("noisy", "clean"):
            plain = torch.from_numpy(np.stack([getattr(item, name) for item in items]))
            ratio = (batch.waveforms[name] / plain).mean(1)
            torch.testing.assert_close(batch.waveforms[name], plain * ratio[:, None])
            torch.testing.assert_close(ratio.abs(), torch.ones(10))
        angles.append(ratio.angle())
    assert len(torch.cat(angles).unique()) == 20
    halves = [feed(Share(rank, 2)).batch(1).waveforms["noisy"] for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), feed().batch(1).waveforms["noisy"])


def test_training_with_turned_frames_reaches_its_end(tmp_path) -> None:
    turned = tuned(tmp_path / "turned", augment="phase")
    assert not same(turned.model, tuned(tmp_path / "plain").model)
