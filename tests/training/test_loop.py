# SPDX-License-Identifier: GPL-3.0-or-later
"""The schedule, the optimizer, the average and the log of the training loop."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_run import CPU, MACHINE, SCHEDULE, SIGNALS, SMALL, feed_for, rows, small_run
from torch import nn

from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier
from denomae_training.loop.average import Average
from denomae_training.loop.distributed import Group
from denomae_training.loop.gradients import seed_of
from denomae_training.loop.optimizer import optimizer_of, parameter_groups
from denomae_training.loop.progress import Clock
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.loop.train import Run, _Training, train


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_cosine_rises_in_a_line_and_falls_along_half_a_cosine():
    schedule = Schedule(
        frames=1100, batch_size=10, warmup_frames=100, learning_rate=2.0, shape="cosine"
    )
    rates = np.array([schedule.rate(step) for step in range(schedule.steps)])
    np.testing.assert_allclose(rates[:10], 2.0 * np.arange(1, 11) / 10)
    angles = np.arange(100) * np.pi / 100
    np.testing.assert_allclose(rates[10:], 1.0 + np.cos(angles), atol=1e-12)
    assert rates[-1] < 2.0 * 3e-4 and schedule.rate(schedule.steps) == pytest.approx(0)


def test_lower_layers_learn_more_slowly_and_frozen_ones_have_no_place():
    model = Classifier(SMALL, ("noisy_signal",), 3)
    model.encoder.blocks[0].requires_grad_(False)
    scales = {}
    names = {parameter: name for name, parameter in model.named_parameters()}
    for group in parameter_groups(model, 0.05, 0.5):
        for parameter in group["params"]:
            scales[names[parameter]] = (group["scale"], group["weight_decay"])
    assert not any("blocks.0." in name for name in scales)
    assert len(scales) == sum(parameter.requires_grad for parameter in model.parameters())
    # of two blocks: embeddings 3 below the top, the second block 1 below, norm and head on top
    assert scales["encoder.embeddings.noisy_signal.projection.weight"] == (0.125, 0.05)
    assert scales["encoder.embeddings.noisy_signal.modality"] == (0.125, 0.0)
    assert scales["encoder.norm.weight"] == (1.0, 0.0)
    assert scales["head.classes.weight"] == (1.0, 0.05)
    blocks = {scale for name, (scale, _) in scales.items() if "blocks.1." in name}
    assert blocks == {0.5}
    with pytest.raises(DenomaeError, match="wants a model with encoder.blocks"):
        optimizer_of(nn.Linear(2, 2), Schedule(layer_decay=0.9))
    with pytest.raises(DenomaeError, match="nothing to train"):
        optimizer_of(nn.Linear(2, 2).requires_grad_(False), Schedule())


def test_the_rate_of_each_group_is_its_share_of_the_schedule(tmp_path):
    schedule = replace(SCHEDULE, layer_decay=0.5)
    training = _training(tmp_path, schedule)
    for sample in training.feed.samples(0, 1):
        training._step(sample, _NeverStops())
    rates = {group["lr"] / group["scale"] for group in training.optimizer.param_groups}
    assert rates == {schedule.rate(0)}
    assert len({group["lr"] for group in training.optimizer.param_groups}) == 4


def test_an_average_is_the_recursion_written_out():
    model = nn.BatchNorm1d(3)
    average = Average(model, 0.8)
    wanted = np.ones(3)
    draws = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
    for step, weights in enumerate(draws, start=1):
        with torch.no_grad():
            model.weight.copy_(torch.from_numpy(weights))
            model.num_batches_tracked += 1
        average.update(model, step)
        keep = min(0.8, (1 + step) / (10 + step))
        wanted = keep * wanted + (1 - keep) * weights
    np.testing.assert_allclose(average.values["weight"], wanted, rtol=1e-5)
    assert average.values["num_batches_tracked"] == 40
    own = model.weight.detach().clone()
    with average.shown(model):
        np.testing.assert_allclose(model.weight.detach(), wanted, rtol=1e-5)
    assert torch.equal(model.weight, own)


def test_a_batch_in_parts_has_the_gradient_of_the_whole(tmp_path):
    gradients = []
    for parts in (1, 2, 4):
        training = _training(tmp_path / str(parts), replace(SCHEDULE, accumulate=parts))
        for sample in training.feed.samples(3, 4):
            told = training.gradients.of(sample, 3)
        gradients.append([p.grad.clone() for p in training.model.parameters()])
        assert set(told) == {"loss", "noisy_signal", "clean_signal"}
        gradients[-1].append(torch.tensor(list(told.values())))
    for parts in gradients[1:]:
        for one, other in zip(gradients[0], parts, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def test_a_norm_above_the_clip_is_cut_to_it_and_one_below_is_left(tmp_path):
    sizes = {}
    for clip in (0.0, 0.01, 1e6):
        training = _training(tmp_path / str(clip), replace(SCHEDULE, clip=clip))
        for sample in training.feed.samples(0, 1):
            training._step(sample, _NeverStops())
        sizes[clip] = math.sqrt(sum(p.grad.square().sum() for p in training.model.parameters()))
    assert sizes[0.01] == pytest.approx(0.01, rel=1e-3) and sizes[0.0] == sizes[1e6] > 0.1


def test_the_log_averages_over_its_intervals_and_ends_with_the_last_step(tmp_path):
    each = small_run(tmp_path / "each", replace(SCHEDULE, frames=28))
    some = small_run(tmp_path / "some", replace(SCHEDULE, frames=28), replace(MACHINE, log_every=3))
    assert all(torch.equal(each[name], some[name]) for name in each)
    fine, coarse = rows(tmp_path / "each"), rows(tmp_path / "some")
    assert [row["step"] for row in coarse][-1] == 7 and len(coarse) < 7
    first = 0
    for row in coarse:
        losses = [r["loss"] for r in fine if first < r["step"] <= row["step"]]
        assert row["loss"] == pytest.approx(np.mean(losses))
        assert 0 <= row["waiting"] <= 1 and row["frames_per_s"] > 0
        assert row["frames"] == 4 * row["step"]
        first = row["step"]


def test_what_is_validated_and_kept_is_the_average(tmp_path):
    """Against the weights of a run without an average, which are the same, step by step."""
    schedule, machine = replace(SCHEDULE, frames=12), replace(MACHINE, validate_every_s=-1)

    def run(ema):
        torch.manual_seed(1)
        model = SIGNALS.model(SMALL)
        seen = [_numbers(model)]

        def after(step):
            seen.append(_numbers(model))
            return {"validation_loss": float(step)}

        folder = tmp_path / str(ema)
        folder.mkdir()
        given = Run("small", 1, folder, replace(schedule, ema=ema), machine)
        feed = feed_for(SIGNALS, schedule)
        train(model, SIGNALS, feed, given, CPU, torch.float32, after)
        assert [row["validation_loss"] for row in rows(folder)] == [1, 2, 3]
        return seen, _numbers(model)

    (weights, last), (shown, kept) = run(0.0), run(0.9)
    average = weights[0]
    for step in (1, 2, 3):
        keep = min(0.9, (1 + step) / (10 + step))
        average = keep * average + (1 - keep) * weights[step]
        np.testing.assert_allclose(shown[step], average, rtol=1e-4, atol=1e-6)
        assert np.abs(shown[step] - weights[step]).max() > 1e-4
    np.testing.assert_array_equal(kept, shown[3])
    np.testing.assert_array_equal(last, weights[3])


def test_one_slow_save_does_not_make_all_later_ones_rare(tmp_path, monkeypatch):
    """Saving takes 1 s, once 100 s; a step takes 10 s."""
    now, saved, slow = [0.0], [], {4: 100.0}
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def save(self):
        now[0] += slow.get(self.done, 1.0)
        saved.append(self.done)
        self.saved = self.done

    def step(self, sample, stop):
        now[0] += 10.0
        self.done += 1
        return {"loss": 1.0}, False

    monkeypatch.setattr(_Training, "_save", save)
    monkeypatch.setattr(_Training, "_step", step)
    machine = replace(MACHINE, save_every_s=35.0)
    small_run(tmp_path, replace(SCHEDULE, frames=4 * 220), machine)
    assert saved == [4, *range(4 + 201, 220, 4), 220]


@pytest.mark.parametrize(
    "cores, processes, workers", [(1, 1, 1), (2, 1, 1), (6, 1, 5), (64, 1, 8), (16, 4, 3)]
)
def test_spare_cores_make_frames(monkeypatch, cores, processes, workers):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
    assert Machine().workers == workers and Machine(workers=0).workers == 0


def test_waiting_is_counted_behind_the_first_batch(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def samples():
        for seconds in (7.0, 1.0, 1.0):
            now[0] += seconds
            yield seconds

    clock = Clock()
    for _ in clock.over(samples()):
        now[0] += 3.0  # of computing
    assert clock.start_up_s == 7.0 and clock.seconds == 11.0
    assert clock.waiting == pytest.approx(2 / 11)
    assert clock.lap() == pytest.approx((11.0, 2 / 11))


def test_tensorboard_has_the_rows_of_the_log(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    schedule = replace(SCHEDULE, frames=8)
    small_run(tmp_path, schedule, replace(MACHINE, tensorboard=True))
    read = EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    found = [(event.step, event.value) for event in read.Scalars("loss")]
    wanted = [(row["step"], row["loss"]) for row in rows(tmp_path)]
    assert len(found) == 2
    for (step, value), (wanted_step, loss) in zip(found, wanted, strict=True):
        assert step == wanted_step and value == pytest.approx(loss, rel=1e-6)


def test_what_is_optional_is_not_imported_before_it_is_needed():
    program = (
        "import sys, json, denomae_training.loop.train, denomae_training.commands.common;"
        "print(json.dumps([n for n in ('accelerate', 'tensorboard') if n in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert json.loads(done.stdout) == []


def _numbers(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()]).double().numpy()


class _NeverStops:
    asked = False


def _training(folder, schedule):
    torch.manual_seed(1)
    model = SIGNALS.model(SMALL)
    run = Run("small", 1, folder, schedule, MACHINE)
    feed = feed_for(SIGNALS, schedule)
    return _Training(model, SIGNALS, feed, run, CPU, torch.float32, Group())


def test_masks_differ_between_seeds_steps_and_from_dropout():
    """A CPU's generator takes 32 bits of its seed, and the run's own must be among them."""
    draws = {
        tuple(torch.randperm(64, generator=torch.Generator().manual_seed(number)).tolist())
        for number in (
            seed_of(1, "masks", 0), seed_of(2, "masks", 0), seed_of(1, "masks", 1),
            seed_of(1, "dropout", 0),
        )
    }  # fmt: skip
    assert len(draws) == 4
    assert len({seed_of(1, "masks", step) for step in range(10_000)}) == 10_000
    assert seed_of(1, "masks", 5) == seed_of(1, "masks", 5) < 2**32
