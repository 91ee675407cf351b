# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol: what is planned, and a small one from end to end."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from denomae.errors import DenomaeError
from denomae.model.presets import PRESETS
from denomae_training.cli import main
from denomae_training.loop.schedule import Machine
from denomae_training.protocol.plan import plan
from denomae_training.protocol.run import Runner
from denomae_training.protocol.settings import SETTINGS, Settings
from denomae_training.report.result import read_results
from denomae_training.signals.recipes import RECIPES

SMALL = dataclasses.replace(
    PRESETS["nano"], width=32, depth=1, heads=2, head_width=16, decoder_width=16, decoder_heads=2
)
BRIEF = dataclasses.replace(
    SETTINGS["nano"],
    pretraining_epochs=1,
    finetuning_epochs=1,
    denoising_epochs=1,
    pretraining_frames=40,
    labels=20,
    validation_frames=20,
    test_frames=210,
    denoising_snr_db=(0.0,),
    denoising_frames=2,
)


def runner(folder, recipe: str = "denomae10", settings: Settings = BRIEF) -> Runner:
    machine = Machine(device="cpu", workers=0, threads=1, tensorboard=False)
    return Runner(
        RECIPES[recipe], "nano", SMALL, settings, folder / "results", folder / "work",
        machine, torch.device("cpu"), torch.float32, "unknown",
    )  # fmt: skip


@pytest.mark.parametrize("recipe", ["denomae10", "paper10", "paper10_no_power"])
@pytest.mark.parametrize("preset", ["nano", "tiny", "base"])
def test_a_plan_names_each_run_once_and_grows_with_the_tier(recipe, preset):
    settings = SETTINGS[preset]
    tiers = [plan(recipe, preset, settings, tier) for tier in ("cpu", "gpu", "full")]
    names = [[point.id for point in points] for points in tiers]
    assert all(len(set(ids)) == len(ids) for ids in names)
    assert set(names[0]) <= set(names[1]) < set(names[2])
    assert bool(names[0]) == (preset == "nano")


def test_runs_that_are_compared_have_the_same_epochs_and_labels():
    settings = SETTINGS["nano"]
    points = plan("denomae10", "nano", settings, "cpu")
    main_points = [point for point in points if "main" in point.parts]
    assert {point.labels for point in main_points} == {1000}
    pretrained = [p.pretrained for p in points if p.pretrained]
    scaled = {p.frames for p in pretrained}
    assert scaled == {1_000, 10_000, 20_000}


def test_a_tier_that_is_none_is_refused():
    with pytest.raises(DenomaeError, match="no tier 'tpu'; wanted one of"):
        plan("denomae10", "nano", SETTINGS["nano"], "tpu")


@pytest.mark.timeout(300)
def test_every_kind_of_run_leaves_a_result_that_can_be_read(tmp_path):
    small = runner(tmp_path)
    points = {p.id: p for p in plan("denomae10", "nano", BRIEF, "cpu")}
    chosen = ["forest-s1", "scratch-image-s1", "denomae-both-s1", "mae-image-s1", "cnn-signal-s1",
              "dae-image-s1", "wamim-image-s1", "vit-dae-both-s1", "denoise-s1",
              "denomae-signal+noise-s1", "patch-position-image-s1"]  # fmt: skip
    for name in chosen:
        small.run(points[name])
    results = {result.id: result for result in read_results(tmp_path / "results")}
    assert sorted(results) == sorted(chosen)
    for name, result in results.items():
        if name == "denoise-s1":
            assert result.denoising
            continue
        assert [row.snr_db for row in result.rows] == [float(x) for x in range(-20, 21, 2)]
        assert sum(row.frames for row in result.rows) == 210
    assert results["denomae-both-s1"].pretraining.frames == 40
    for name, epochs in (("pretrain-denomae-s1", 40), ("finetune-denomae-both-s1", 20)):
        log = (tmp_path / "work" / name / "log.jsonl").read_text().splitlines()
        assert json.loads(log[-1])["frames"] == 64 >= epochs  # one epoch, in whole batches
    assert results["scratch-image-s1"].pretraining is None


def test_a_second_run_takes_the_pretrained_encoder_that_is_there(tmp_path):
    small = runner(tmp_path)
    points = {p.id: p for p in plan("denomae10", "nano", BRIEF, "cpu")}
    small.run(points["mae-image-s1"])
    weights = tmp_path / "work" / "pretrain-mae-s1" / "model.safetensors"
    before = weights.stat().st_mtime_ns
    again = runner(tmp_path)
    first = (tmp_path / "results" / "mae-image-s1.json").read_text()
    again.run(points["mae-image-s1"])
    assert weights.stat().st_mtime_ns == before
    assert (tmp_path / "results" / "mae-image-s1.json").read_text() == first


def test_runs_of_other_settings_are_not_gone_on_with(tmp_path):
    points = {p.id: p for p in plan("denomae10", "nano", BRIEF, "cpu")}
    runner(tmp_path).run(points["scratch-image-s1"])
    longer = dataclasses.replace(BRIEF, finetuning_epochs=4)
    with pytest.raises(DenomaeError, match=r"schedule\.frames 20, now 80 is wanted"):
        runner(tmp_path, settings=longer).run(points["scratch-image-s1"])


def test_a_run_without_a_record_is_not_taken_for_another(tmp_path):
    folder = tmp_path / "work" / "pretrain-mae-s1"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"")
    points = {p.id: p for p in plan("denomae10", "nano", BRIEF, "cpu")}
    with pytest.raises(DenomaeError, match="holds a run and no run.yaml"):
        runner(tmp_path).run(points["mae-image-s1"])


def test_several_processes_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["protocol", "--results", str(tmp_path)]) == 2
    assert "2 processes and runs as one" in capsys.readouterr().err


def test_published_frames_run_on_the_image_alone(tmp_path):
    small = runner(tmp_path, "paper10")
    points = {p.id: p for p in plan("paper10", "nano", BRIEF, "cpu")}
    result = small.run(points["denomae-image-s1"])
    assert result.finetuning.modalities == ("noisy_image",)
    assert {row.limit is not None for row in result.rows} == {True}


def test_the_list_says_what_is_there_and_what_is_not(tmp_path, capsys):
    assert main(["protocol", "--list", "--results", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(plan("denomae10", "nano", SETTINGS["nano"], "full"))
    assert all(line.startswith("-") for line in lines)
