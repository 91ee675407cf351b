# SPDX-License-Identifier: GPL-3.0-or-later
"""Retraining on labelled captures: a new class is learnt, the old ones stay, bad input is told."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from denomae import Engine
from denomae.captures import Annotation, write_sigmf
from denomae.errors import DenomaeError
from denomae.model.presets import PRESETS
from denomae_training.commands import finetune as module
from denomae_training.commands.finetune import Finetune
from denomae_training.data.plan import Plan
from denomae_training.data.recordings import Recordings
from denomae_training.data.written import write_set
from denomae_training.finetuning.captures import families_of
from denomae_training.finetuning.tuning import Tuning
from denomae_training.loop.schedule import Machine, Schedule
from denomae_training.signals.extended import with_classes
from denomae_training.signals.recipe import Recipe
from denomae_training.signals.recipes import RECIPES
from denomae_training.signals.recipes.live11 import LIVE11

EASY = replace(LIVE11, name="easy", classes=("noise", "carrier", "2fsk"), snr_db=(5.0, 30.0))
PICO = replace(PRESETS["nano"], depth=1, width=32, heads=2, head_width=32)
MACHINE = Machine(device="cpu", workers=0, threads=1, tensorboard=False)


@pytest.fixture(scope="module", autouse=True)
def known():
    """The small recipe and the small size by their names; one thread."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, "easy", EASY)
        patch.setitem(PRESETS, "pico", PICO)
        yield
    torch.set_num_threads(threads)


def command(output: Path, frames: int = 2240, **more) -> Finetune:
    tuning = {"validation_frames": 300} | more.pop("tuning", {})
    schedule = Schedule(
        frames=frames,
        batch_size=32,
        learning_rate=more.pop("rate", 1.5e-3),
        warmup_frames=500,
        decay_share=0.5,
    )
    more = {"report_frames": 600, "schedule": schedule, "machine": MACHINE} | more
    return Finetune(output, tuning=Tuning(**tuning), **more)


def write_captures(folder: Path, *classes: str, frames: int = 400) -> Path:
    """Twenty recordings."""
    recipe = replace(EASY, name="captures", classes=classes)
    write_set(Plan(recipe, 1, frames), folder, 0, lambda _: None)
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory, known) -> Path:
    """A classifier of the three classes."""
    output = tmp_path_factory.mktemp("first")
    command(output, frames=3200, preset="pico", recipe="easy", rate=3e-3, name="mine").run()
    return output / "checkpoint"


@pytest.fixture(scope="module")
def captures(tmp_path_factory) -> Path:
    return write_captures(tmp_path_factory.mktemp("captures") / "ook", "ook")


@pytest.fixture(scope="module")
def second(first, captures, tmp_path_factory) -> Path:
    """The classifier after a retraining on captures with a class that is new to it."""
    output = tmp_path_factory.mktemp("second")
    command(output, start=first, captures=captures).run()
    return output


def test_a_new_class_is_learnt_from_captures_and_the_old_ones_stay_within_a_point(second) -> None:
    report = json.loads((second / "report.json").read_text())
    old, new = report["sets"]
    assert old["before"]["all"] > 0.9  # there was something to lose
    assert old["after"]["all"] >= old["before"]["all"] - 0.01
    assert set(old["counts"]) == set(EASY.classes) and old["frames"] == 600
    assert new["counts"] == {"ook": 60} and new["before"] == {"all": 0.0, "ook": None}
    assert new["after"]["ook"] > 0.9
    assert report["new_classes"] == ["ook"]


def test_the_live_engine_classifies_with_what_retraining_wrote(second, captures) -> None:
    engine = Engine.load(second / "checkpoint", device="cpu")
    assert engine.classes == ("noise", "carrier", "2fsk", "ook")
    assert engine.families["ook"] == "ask" and engine.config.name == "mine"
    side = Recordings(captures, with_classes(EASY, {"ook": None})).side("test")
    frames = torch.cat([batch.waveforms["noisy"] for batch in side.each(50)]).numpy()
    right = np.mean([label.label == "ook" for label in engine.classify(frames)])
    report = json.loads((second / "report.json").read_text())
    assert right == pytest.approx(report["sets"][1]["after"]["ook"], abs=1e-4)


def test_head_mode_leaves_the_encoder_of_the_checkpoint_bit_equal(first, captures, tmp_path):
    run = command(
        tmp_path / "head", 320, start=first, captures=captures, family=("ook=pulse",),
        tuning={"mode": "head", "labels": 40, "validation_frames": 50}, report_frames=20,
    )  # fmt: skip
    run.run()
    before, after = (
        load_file(folder / "model.safetensors") for folder in (first, tmp_path / "head/checkpoint")
    )
    assert all(torch.equal(before[n], after[n]) for n in before if n.startswith("encoder."))
    assert any(not torch.equal(before[n], after[n]) for n in before if n == "head.hidden.weight")
    assert Engine.load(tmp_path / "head/checkpoint", device="cpu").families["ook"] == "pulse"


class Killed(BaseException):
    """No error that anyone handles."""


def test_a_retraining_that_was_killed_ends_as_if_it_had_not_been(
    first, captures, tmp_path, monkeypatch
) -> None:
    def run(name: str) -> None:
        tuning = {"validation_frames": 40, "evaluations": 4}
        machine = dataclasses.replace(MACHINE, save_every_s=0)
        more = {"start": first, "captures": captures, "machine": machine, "report_frames": 50}
        command(tmp_path / name, 256, tuning=tuning, **more).run()

    run("whole")
    write, written = module.write_checkpoint, []

    def die(*given: object) -> None:
        written.append(given)
        if len(written) == 2:
            raise Killed
        write(*given)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(module, "write_checkpoint", die)
        run("broken")
    run("broken")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    one, two = (load_file(folder / "checkpoint/model.safetensors") for folder in (whole, broken))
    assert all(torch.equal(one[name], two[name]) for name in one)
    sets = [json.loads((folder / "report.json").read_text())["sets"] for folder in (whole, broken)]
    assert sets[0] == sets[1]


# --- bad input ---


def refused(words: str, output: Path, **more: object) -> None:
    with pytest.raises(DenomaeError, match=words):
        command(output, 64, **more).run()
    assert not output.exists()  # nothing was begun


def test_what_cannot_be_retrained_is_told_before_anything_is_written(
    first, second, captures, tmp_path
) -> None:
    run = tmp_path / "run"
    there = {"start": first, "captures": captures}
    refused(r"and the recipe live11 has .*wanted a pretrained", run, start=first, recipe="live11")
    refused("--captures with recordings of those", run, start=second / "checkpoint")
    refused("no recipe 'lively'", run, start=first, recipe="lively")
    refused("600 labels are 600 of each .* 280 frames of ook .* wanted 280 labels at most",
            run, tuning={"labels": 600}, **there)  # fmt: skip
    refused("a family is said of 'morse', but the new classes are ook", run,
            family=("morse=ask",), **there)  # fmt: skip
    refused("the mix is 1.5; wanted a share", run, mix=1.5, **there)
    refused("no source has a frame of noise, carrier, 2fsk", run, mix=1.0, **there)
    refused("a mix is wanted, but no --captures", run, mix=0.5, start=first)
    refused("recordings have .* alone", run, tuning={"modalities": ("noise",)}, **there)
    refused("no frame of a class of the recipe easy", run, leave_out_unknown=True, **there)
    other = write_captures(tmp_path / "am", "am", frames=40)
    refused("no source has a frame of ook", run, start=second / "checkpoint", captures=other)


@pytest.mark.parametrize(
    "samples, recordings, words",
    [
        (1000, 5, "none of its 5 recordings has an annotation .* over 1024 samples or more"),
        (4096, 1, "too few to divide"),
    ],
)
def test_captures_that_are_too_short_or_too_few_are_a_sentence(
    first, tmp_path, samples, recordings, words
) -> None:
    folder = tmp_path / "captures"
    folder.mkdir()
    for number in range(recordings):
        path = folder / f"r{number}"
        marks = [Annotation(0, samples, "morse")]
        write_sigmf(path, np.ones(samples, np.complex64), 1e6, annotations=marks)
    refused(words, tmp_path / "run", start=first, captures=folder)


def test_families_are_told_by_name() -> None:
    assert families_of(["a=b=psk"], ["a=b", "c"]) == {"a=b": "psk", "c": None}
    for pair in ("ook", "=ask", "ook="):
        with pytest.raises(DenomaeError, match="wanted NAME=FAMILY"):
            families_of([pair], ["ook"])


def test_a_label_budget_of_recordings_is_a_balanced_part_of_them(tmp_path) -> None:
    recipe: Recipe = with_classes(EASY, {"ook": None, "am": None})
    folder = write_captures(tmp_path / "set", "ook", "am")
    side = Recordings(folder, recipe).side("train")
    own = {frame.tobytes() for b in side.each(64) for frame in b.waveforms["noisy"].numpy()}
    budgets = {}
    for labels in (10, 40):
        part = side.balanced(labels, seed=3)
        batch = next(part.each(labels))
        frames = {frame.tobytes() for frame in batch.waveforms["noisy"].numpy()}
        assert np.bincount(batch.class_index)[3:].tolist() == [labels // 2] * 2
        assert len(frames) == labels == len(part) and frames <= own
        drawn = {item.noisy.tobytes() for item in part.items(9, range(400))}
        assert drawn == frames
        budgets[labels] = frames
    assert budgets[10] < budgets[40]
    with pytest.raises(DenomaeError, match="5 labels do not divide evenly by 2 classes"):
        side.balanced(5, seed=3)
