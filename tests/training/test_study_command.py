# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train study` as a whole: a small study becomes a page, and nothing is done twice."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from study_files import write_mnist

from denomae_training.cli import main
from denomae_training.evaluation import probe
from denomae_training.study import conditions, measure, vit
from denomae_training.study.report import all_tables
from denomae_training.study.results import read_studies

SMALL = ["--pretraining-epochs", "1", "--tuning-epochs", "1", "--machine.threads", "1",
         "--measure-steps", "0"]  # fmt: skip


@pytest.fixture
def tiny(monkeypatch):
    """Networks and batches so small that a study takes seconds."""
    monkeypatch.setattr(vit, "GREY", vit.VitSize(16, 1, 2, 8, 1, 2))
    monkeypatch.setattr(probe, "PENALTIES", (0.01,))
    monkeypatch.setattr(measure, "MAPPED", 4)
    monkeypatch.setattr(measure, "ON_PLANE", 2)


def run(work: Path, *more: str) -> int:
    return main(["study", "--work", str(work), *SMALL, *more])


@pytest.mark.timeout(600)
def test_a_study_of_files_becomes_a_page_and_is_not_done_twice(tmp_path, tiny, capsys):
    write_mnist(tmp_path / "mnist", train=600, test=40)
    work = tmp_path / "work"
    given = ["--data", "mnist", "--folder", str(tmp_path / "mnist"), "--fairness", "published"]
    assert run(work, *given, "--measure-steps", "1") == 0
    assert "MAE, pretraining: 5 steps of" in capsys.readouterr().err
    place = work / "mnist-published-s1"
    figures = json.loads((place / "mae" / "figures.json").read_text())
    assert 0 <= figures["tuned"] <= 1
    assert figures["fidelity"]["masks"] is True
    assert figures["updates"] == 5
    before = {path: path.stat().st_mtime_ns for path in place.rglob("figures.json")}
    capsys.readouterr()
    assert run(work, *given) == 0
    assert capsys.readouterr().err.count("done before") == 2
    assert len(before) == 3  # two models, and the pixels themselves
    assert before == {path: path.stat().st_mtime_ns for path in place.rglob("figures.json")}

    (place / "mae" / "figures.json").unlink()  # stopped before the last model was measured
    assert run(work, *given) == 0
    again = json.loads((place / "mae" / "figures.json").read_text())
    assert again == figures

    page = tmp_path / "page.md"
    page.write_text("<!-- table: accuracy study -->\n<!-- end -->\n")
    shown = tmp_path / "report"
    assert main(["study", "report", "--work", str(work), "--output", str(shown),
                 "--markdown", str(page)]) == 0  # fmt: skip
    html = (shown / "index.html").read_text()
    assert "Not run: denomae-train study --data mnist --fairness fair." in html
    assert "Not run: needs the binary version of CIFAR-10." in html
    assert "<script" not in html
    assert html.count("data:image/png;base64,") == len(list(shown.glob("*.png"))) == 7
    for path in shown.glob("*.png"):
        Image.open(path).verify()
    lines = page.read_text().splitlines()
    (mnist,) = (line for line in lines if line.startswith("| MNIST"))
    assert [cell.strip() for cell in mnist.split("|")][2:4] == ["88.9", "92.9"]
    (cifar,) = (line for line in lines if line.startswith("| CIFAR-10"))
    assert cifar.count("not run") == 8

    tables = all_tables(read_studies(work))
    assert len(tables["mnist"]["radius"].rows) == 10
    assert tables["mnist"]["radius"].columns[1:3] == ("DAE, reported", "MAE, reported")


def test_another_study_in_the_same_folder_is_refused(tmp_path, tiny, capsys):
    write_mnist(tmp_path / "mnist", train=600, test=40)
    given = ["--data", "mnist", "--folder", str(tmp_path / "mnist"), "--fairness", "published"]
    assert run(tmp_path / "work", *given) == 0
    capsys.readouterr()
    assert run(tmp_path / "work", *given, "--pretraining-epochs", "2") == 2
    assert "choose another folder" in capsys.readouterr().err


def test_damaged_weights_are_named_and_made_again_once_they_are_gone(tmp_path, tiny, capsys):
    write_mnist(tmp_path / "mnist", train=600, test=40)
    given = ["--data", "mnist", "--folder", str(tmp_path / "mnist"), "--fairness", "published"]
    work = tmp_path / "work"
    assert run(work, *given) == 0
    place = work / "mnist-published-s1" / "dae"
    figures = (place / "figures.json").read_text()
    (place / "figures.json").unlink()
    (place / "model.safetensors").write_bytes(b"junk")
    capsys.readouterr()
    assert run(work, *given) == 2
    assert "model.safetensors cannot be read" in capsys.readouterr().err
    (place / "model.safetensors").unlink()
    assert run(work, *given) == 0
    assert (place / "figures.json").read_text() == figures


def test_a_rate_is_chosen_on_validation_pictures_alone(tmp_path, tiny, monkeypatch):
    from denomae_training.study import learn

    asked = []
    monkeypatch.setattr(
        learn, "accuracy", lambda model, pictures: asked.append(len(pictures)) or len(asked) / 10
    )
    write_mnist(tmp_path / "mnist", train=600, test=41)
    dae = conditions.plan("mnist", "fair")[0]
    short = replace(dae, objective=None, tuning=replace(dae.tuning, epochs=1))
    monkeypatch.setattr(conditions, "_fair", lambda data: (short,))
    work = tmp_path / "work"
    assert run(work, "--data", "mnist", "--folder", str(tmp_path / "mnist")) == 0
    assert asked == [60, 60, 41]  # two rates, and the test pictures once


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["study", "report", "--work", "WORK"], "holds no study"),
        (["study", "--data", "denomae10", "--runs", "WORK/none"], "is no folder"),
        (["study", "--data", "denomae10", "--preset", "small"], "no schedule for 'small'"),
        (["study", "--data", "live", "--frames", "527"], "527 frames .* wanted at least 528"),
        (["study", "--measure-steps", "-1"], "measure_steps is -1"),
        (["study", "--pretraining-epochs", "-1"], "pretraining_epochs is -1"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(tmp_path, capsys, arguments, words):
    given = [argument.replace("WORK", str(tmp_path)) for argument in arguments]
    assert main([*given, *([] if "--work" in given else ["--work", str(tmp_path / "w")])]) == 2
    said = capsys.readouterr().err
    assert re.search(words, said)
    assert said.count("\n") == 1
