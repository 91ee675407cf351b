# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train study` on our own frames as a whole, trained by itself or from given runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from PIL import Image
from small_run import SMALL

from denomae.errors import DenomaeError
from denomae.model.presets import PRESETS
from denomae_training.cli import main
from denomae_training.evaluation import probe
from denomae_training.protocol.settings import SETTINGS
from denomae_training.study import frames, measure
from denomae_training.study.given import given_pretraining, given_tuning


@pytest.fixture
def tiny(monkeypatch):
    """A model and budgets so small that a study takes seconds."""
    settings = replace(
        SETTINGS["nano"], pretraining_epochs=1, finetuning_epochs=1, pretraining_frames=64,
        labels=20, validation_frames=24,
    )  # fmt: skip
    monkeypatch.setitem(SETTINGS, "nano", settings)
    monkeypatch.setitem(PRESETS, "nano", SMALL)
    monkeypatch.setattr(frames, "SNR_GRID", (10.0,))
    monkeypatch.setattr(probe, "PENALTIES", (0.01,))
    monkeypatch.setattr(measure, "MAPPED", 4)
    monkeypatch.setattr(measure, "ON_PLANE", 2)


def run(work: Path, data: str, count: int, *more: str) -> int:
    return main(
        ["study", "--data", data, "--work", str(work), "--frames", str(count), *more,
         "--machine.threads", "1", "--machine.workers", "0"]
    )  # fmt: skip


@pytest.mark.timeout(600)
def test_a_study_trains_what_it_was_not_given_and_becomes_a_page(tmp_path, tiny, capsys):
    work = tmp_path / "work"
    assert run(work, "denomae10", 20, "--measure-steps", "1") == 0
    said = capsys.readouterr().err
    assert "DAE (convolutions), pretraining: 1 steps of" in said
    assert said.count(", classifier: 1 steps of") == 6
    place = work / "denomae10-fair-s1"
    names = json.loads((place / "study.json").read_text())["models"]
    assert len(names) == 6
    for name in names:
        figures = json.loads((place / name / "figures.json").read_text())
        assert figures["updates"] == (0 if name == "scratch" else 1)
        assert figures["tuned_updates"] == 1
        assert not figures["frozen"]
        assert 20 * figures["tuned"] == pytest.approx(round(20 * figures["tuned"]))
        assert (figures["fidelity"] is None) == (name in ("wamim", "scratch"))

    assert run(work, "denomae10", 20) == 0
    assert "every model was measured before" in capsys.readouterr().err
    assert run(work, "denomae10", 30) == 2
    assert "frames 20, now 30 is wanted; choose another folder" in capsys.readouterr().err

    given = work / "protocol-denomae10-nano"
    other = tmp_path / "other"
    more = ("--fairness", "published", "--runs", str(given))
    assert run(other, "denomae10", 20, *more) == 0
    assert "pretraining:" not in capsys.readouterr().err
    assert not (other / "protocol-denomae10-nano").exists()
    place = other / "denomae10-published-s1"
    frozen = json.loads((place / "dae" / "figures.json").read_text())
    assert frozen["frozen"]
    assert frozen["clusters"] == frozen["tuned_clusters"]  # nothing of the encoder was tuned
    tuned = json.loads((place / "mae" / "figures.json").read_text())
    assert tuned["clusters"] != tuned["tuned_clusters"]

    shown = tmp_path / "report"
    assert main(["study", "report", "--work", str(other), "--output", str(shown)]) == 0
    html = (shown / "index.html").read_text()
    assert "Not run: denomae-train study --data denomae10 --fairness fair." in html
    for path in shown.glob("*.png"):
        Image.open(path).verify()


@pytest.mark.timeout(600)
def test_live_frames_are_studied_though_their_classes_do_not_divide_the_labels(tmp_path, tiny):
    work = tmp_path / "work"
    assert run(work, "live", 48, "--fairness", "published", "--measure-steps", "0") == 0
    figures = json.loads((work / "live-published-s1" / "mae" / "figures.json").read_text())
    assert len(figures["clusters"]["radius"]) == 24
    settings = yaml.safe_load((work / "live-published-s1" / "frames.yaml").read_text())["settings"]
    assert settings["labels"] == 24


def test_a_plan_is_told_and_nothing_is_done(tmp_path, tiny, capsys):
    work = tmp_path / "work"
    assert run(work, "denomae10", 20, "--fairness", "published", "--plan") == 0
    said = capsys.readouterr().err
    assert said.startswith("denomae10, published, timed by 3 steps of each:")
    assert "MAE (ViT), classifier: 1 steps of" in said
    assert "trainings together about" in said
    assert not work.exists()


def given_run(folder: Path, seed: int = 1, count: int = 64, **changes) -> None:
    """A finished pretraining and a fine-tuning of two steps, as far as they are looked at."""
    record = {"recipe": "denomae10", "preset": "nano", "seed": seed,
              "schedule": {"frames": count}} | changes  # fmt: skip
    for name in ("pretrain-mae-s1", "finetune-mae-image-s1"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "run.yaml").write_text(yaml.safe_dump(record))
    (folder / "pretrain-mae-s1" / "model.safetensors").touch()
    (folder / "finetune-mae-image-s1" / "best-00000001.safetensors").touch()
    rows = json.dumps([{"step": 1}, {"step": 2}])
    (folder / "finetune-mae-image-s1" / "evaluations.json").write_text(rows)


def test_a_given_run_counts_if_it_is_the_same_and_finished(tmp_path):
    schedule = replace(SETTINGS["nano"].pretraining, frames=64, batch_size=32)
    of = ("mae", "denomae10", "nano", 1)
    assert given_pretraining(None, *of, schedule) is None
    assert given_pretraining(tmp_path, *of, schedule) is None
    given_run(tmp_path)
    assert given_pretraining(tmp_path, *of, schedule) == tmp_path / "pretrain-mae-s1"
    best = given_tuning(tmp_path, *of, schedule)
    assert best.name == "best-00000001.safetensors"
    longer = replace(schedule, batch_size=16)  # four steps: it was stopped after two
    assert given_tuning(tmp_path, *of, longer) is None
    (tmp_path / "pretrain-mae-s1" / "model.safetensors").unlink()
    assert given_pretraining(tmp_path, *of, schedule) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recipe": "live"}, "recipe 'live', wanted 'denomae10'"),
        ({"preset": "tiny"}, "preset 'tiny', wanted 'nano'"),
        ({"seed": 2}, "seed 2, wanted 1"),
        ({"count": 65}, "schedule.frames 65, wanted 64"),
        ({"schedule": None}, "run.yaml cannot be read"),
    ],
)
def test_another_run_is_refused_in_one_sentence(tmp_path, changes, words):
    given_run(tmp_path, **changes)
    schedule = replace(SETTINGS["nano"].pretraining, frames=64, batch_size=32)
    with pytest.raises(DenomaeError, match=words):
        given_pretraining(tmp_path, "mae", "denomae10", "nano", 1, schedule)
