# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of another generator, from a file, judged by class and SNR; and files that are none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from denomae_training.cli import main
from denomae_training.data.source import generator
from denomae_training.signals.recipes import RECIPES

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ("carrier", "bpsk", "waterfall")


@pytest.fixture
def frames(tmp_path) -> Path:
    """Three frames each of two classes that the shipped model knows, at 0 and 20 dB, and of one
    that it does not know."""
    recipe = RECIPES["live11"]
    made, names, levels = [], [], []
    for index in range(18):
        name, snr_db = CLASSES[index % 3], 20.0 * (index % 2)
        number = recipe.classes.index(name) if name in recipe.classes else 0
        made.append(recipe.item(generator(7, "other", index), number, snr_db).noisy)
        names.append(name)
        levels.append(snr_db)
    path = tmp_path / "others.npz"
    np.savez(path, frames=np.stack(made), class_name=np.array(names), snr_db=np.float32(levels))
    return path


def command(path: Path, folder: Path) -> list[str]:
    return ["prove", "--output", str(folder), "--parts", "others", "--others", str(path),
            "--machine.threads", "1"]  # fmt: skip


def test_classes_that_the_model_knows_are_judged(frames, tmp_path):
    assert main(command(frames, tmp_path / "out")) == 0
    record = json.loads((tmp_path / "out" / "metrics.json").read_text())
    part = record["parts"]["others"]
    assert part["made"] == ["carrier", "bpsk"]
    assert [row["snr_db"] for row in part["rows"]] == [0, 20]
    assert part["class_from"] == part["family_from"]
    assert part["class_from"]["frames"] == part["class_from"]["right"] == 6
    page = (tmp_path / "out" / "proof.md").read_text()
    assert "| bpsk |" in page and "waterfall" not in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"class_name": None}, "cannot be read as frames of another generator"),
        ({"frames": np.ones((18, 64), np.complex64)}, "N = 1024"),
        ({"class_name": np.array([{}] * 18, object)}, "cannot be read as frames"),
        ({"snr_db": np.zeros(3)}, "SNRs [3]"),
        ({"class_name": np.array(["waterfall"] * 18)}, "none of which is a class of live"),
    ],
)
def test_a_file_of_something_else_is_refused_in_a_sentence(frames, tmp_path, capsys, change, said):
    with np.load(frames) as file:
        arrays = {**file, **change}
    path = tmp_path / "wrong.npz"
    np.savez(path, **{name: values for name, values in arrays.items() if values is not None})
    assert main(command(path, tmp_path / "out")) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_none_or_is_not_there(tmp_path, capsys):
    (tmp_path / "text.npz").write_text("not a zip")
    assert main(command(tmp_path / "text.npz", tmp_path / "out")) == 2
    assert "cannot be read as frames" in capsys.readouterr().err
    assert main(command(tmp_path / "absent.npz", tmp_path / "out")) == 2
    assert "absent.npz" in capsys.readouterr().err


def test_the_script_says_what_it_wants_where_the_other_generator_is_absent(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "script" / "torchsig-frames", str(tmp_path / "o.npz")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode == 0:
        pytest.skip("TorchSig is here")
    assert done.returncode == 2 and "No module named 'torchsig'" in done.stderr
