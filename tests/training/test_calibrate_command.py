# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train calibrate` fits thresholds anew and leaves the weights alone."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest

from denomae import Engine
from denomae.checkpoint import SHIPPED, load_model, read_config, write_checkpoint
from denomae_training.cli import main
from denomae_training.proof.unknowns import unknown_frame


def test_a_checkpoint_is_calibrated_in_place_and_then_refuses_what_it_called_known(
    tmp_path, capsys
):
    folder = shutil.copytree(SHIPPED, tmp_path / "model")
    old = read_config(folder)
    broken = dataclasses.replace(old.calibration, temperature=9.0, refusal=None)
    write_checkpoint(folder, dataclasses.replace(old, calibration=broken), load_model(folder))
    frames = np.stack([unknown_frame("hopping", 2, n, (15.0, 20.0), 1024)[0] for n in range(12)])
    with_old = Engine.load(SHIPPED, device="cpu", precision="fp32", threads=1).classify(frames)
    assert [label.verdict for label in with_old].count("unknown") <= 3
    weights = (folder / "model.safetensors").read_bytes()
    command = ["calibrate", "--checkpoint", str(folder), "--frames", "660",
               "--machine.threads", "1"]  # fmt: skip
    assert main(command) == 0
    assert "distance" in capsys.readouterr().out
    config = read_config(folder)
    assert config.calibration.temperature == pytest.approx(old.calibration.temperature, abs=0.25)
    assert config.calibration.refusal.score == "distance"
    assert (folder / "model.safetensors").read_bytes() == weights
    assert len(json.loads((folder / "config.json").read_text())["weights_sha256"]) == 64
    labels = Engine.load(folder, device="cpu", precision="fp32", threads=1).classify(frames)
    assert [label.verdict for label in labels].count("unknown") >= 9


def test_what_cannot_be_calibrated_is_one_sentence(nano_checkpoint, capsys):
    assert main(["calibrate", "--checkpoint", str(nano_checkpoint), "--frames", "5"]) == 2
    assert "frames is 5" in capsys.readouterr().err
    assert main(["calibrate", "--checkpoint", str(nano_checkpoint)]) == 2
    error = capsys.readouterr().err
    assert "and its recipe live makes" in error and error.count("\n") == 1
