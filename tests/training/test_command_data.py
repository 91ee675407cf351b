# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train data` counts what is there and says what is in the way."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from denomae.captures import Annotation, write_sigmf
from denomae_training.cli import main


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    for number in range(10):
        marks = [
            Annotation(0, 3 * 1024 + 5, "qpsk", snr_db=float(3 * number)),
            Annotation(5000, 2048, "fm" if number else "mine"),
        ]
        samples = np.ones(8000, np.complex64)
        write_sigmf(tmp_path / f"r{number}", samples, 1e6, annotations=marks)
    return tmp_path


def data(capsys: pytest.CaptureFixture[str], path: Path, *more: str, code: int = 0):
    assert main(["data", "--captures", str(path), *more]) == code
    return capsys.readouterr()


def test_the_counts_are_those_of_the_annotations(folder: Path, capsys) -> None:
    found = json.loads(data(capsys, folder, "--json").out)
    rows = {row["label"]: row for row in found["rows"]}
    assert {name: row["frames"] for name, row in rows.items()} == {"fm": 18, "mine": 2, "qpsk": 30}
    assert {name: row["recordings"] for name, row in rows.items()} == {
        "fm": 9,
        "mine": 1,
        "qpsk": 10,
    }
    assert (rows["mine"]["name"], rows["fm"]["name"]) == (None, "fm")
    for row in rows.values():
        assert sum(row["sides"].values()) == sum(row["snr_db"].values()) == row["frames"]
    assert rows["qpsk"]["snr_db"]["27 dB"] == 3 and rows["fm"]["snr_db"]["?"] == 18
    assert found["recordings"] == 10 and found["problem"] is None


def test_the_table_shows_sides_and_snr_for_people(folder: Path, capsys) -> None:
    text = data(capsys, folder).out
    assert "annotated SigMF, 50 frames of 1024 samples in 10 recordings" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["label", "our", "name", "recordings", "frames", "train", "validation", "test"] in lines
    assert any(line[:4] == ["qpsk", "qpsk", "10", "30"] for line in lines)


def test_labels_that_a_recipe_does_not_know_are_an_error_after_the_table(
    folder: Path, capsys
) -> None:
    said = data(capsys, folder, "--recipe", "live", code=2)
    assert "No frames of: noise, carrier, am" in said.out and "qpsk" in said.out
    assert said.err.count("\n") == 1
    assert "has the labels mine, which the recipe live does not know" in said.err
    said = data(capsys, folder, "--recipe", "live", "--leave-out-unknown")
    assert "frames of mine are left out" in said.err
    data(capsys, folder, "--recipe", "dead", code=2)


def test_many_snrs_are_gathered_into_ranges_that_hold_them_all(tmp_path: Path, capsys) -> None:
    ratios = np.random.default_rng(0).uniform(-20, 30, 200)
    marks = [Annotation(100 * n, 100, "fm", snr_db=r) for n, r in enumerate(ratios)]
    write_sigmf(tmp_path / "a", np.ones(20_000, np.complex64), 1e6, annotations=marks)
    more = ["--frame-length", "100", "--json"]
    row = json.loads(data(capsys, tmp_path, *more, code=2).out)["rows"][0]
    assert len(row["snr_db"]) <= 12 and sum(row["snr_db"].values()) == 200
    for column, count in row["snr_db"].items():
        low, high = column.removesuffix(" dB").split("..")
        assert count == np.count_nonzero((ratios >= float(low)) & (ratios < float(high)))


def test_one_recording_cannot_be_divided_and_its_counts_are_shown_all_the_same(
    tmp_path: Path, capsys
) -> None:
    marks = [Annotation(0, 2048, "fm")]
    write_sigmf(tmp_path / "a", np.ones(2048, np.complex64), 1e6, annotations=marks)
    said = data(capsys, tmp_path, code=2)
    assert "fm" in said.out and "has 1 recordings, too few to divide" in said.err
