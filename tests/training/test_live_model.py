# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way to a live model: the plan, its stages, a stop in between, and the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from denomae import DenoisingEngine, Engine
from denomae.errors import DenomaeError
from denomae_training.cli import main
from denomae_training.commands.record import Record
from denomae_training.commands.stages import Stage, run_stage

ROOT = Path(__file__).resolve().parents[2]
TINY = [
    "--recipe", "live11", "--strong-recipe", "live11_hard", "--strong-frames", "32",
    "--finetune-frames", "32", "--denoiser-frames", "16",
    "--batch-size", "16", "--validation-frames", "22", "--frames-per-snr", "22", "--snr", "10",
    "--measure-frames", "0", "--warmup-frames", "0", "--gpus", "0",
    "--machine.threads", "1", "--machine.workers", "0", "--machine.no-tensorboard",
]  # fmt: skip


def command(output: Path, pretrain_frames: int) -> list[str]:
    return [
        "live-model", "--output", str(output), *TINY, "--pretrain-frames", str(pretrain_frames)
    ]  # fmt: skip


def test_the_script_tells_the_plan_and_does_nothing(tmp_path, capsys):
    done = subprocess.run(
        [ROOT / "script" / "train-live-model", *command(tmp_path / "run", 5000)[1:], "--plan"],
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout
    for stage in ("pretrain", "strong", "finetune", "denoiser", "evaluate", "denoising"):
        assert stage in said
    assert "5,000 frames" in said
    assert not (tmp_path / "run").exists()
    assert main([*command(tmp_path, 5000), "--plan", "--finetune-frames", "0"]) == 2
    assert "finetune_frames is 0; wanted 1 or more" in capsys.readouterr().err


def test_a_stage_that_fails_is_not_done_and_one_of_another_command_is_refused(tmp_path, capfd):
    stage = Stage("record", Record(tmp_path / "nowhere", tmp_path / "no.sigmf-meta"), 0)
    with pytest.raises(DenomaeError, match="the stage record ended with exit code 2"):
        run_stage(stage, tmp_path / "plan")
    assert "no checkpoint at" in capfd.readouterr().err
    assert not (tmp_path / "plan" / "record.done").exists()
    (tmp_path / "plan" / "record.yaml").rename(tmp_path / "plan" / "record.done")
    run_stage(stage, tmp_path / "plan")
    assert "done before" in capfd.readouterr().out
    other = Stage("record", Record(tmp_path / "elsewhere", tmp_path / "no.sigmf-meta"), 0)
    with pytest.raises(DenomaeError, match="a finished stage record with checkpoint"):
        run_stage(other, tmp_path / "plan")


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_it_goes_on_after_a_stop_and_ends_with_a_model_and_its_denoiser(tmp_path, capfd):
    output = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "denomae_training", *command(output, 100_000)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    log = output / "pretrain" / "log.jsonl"
    while not (log.is_file() and log.stat().st_size) and process.poll() is None:
        time.sleep(0.05)  # until it trains; the guard is the test's own
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 130
    states = list((output / "pretrain").glob("state-*"))
    assert states and not (output / "plan" / "pretrain.done").exists()
    seen = json.loads(log.read_text().splitlines()[-1])["frames"]
    frames = seen + 64
    assert main(command(output, frames)) == 0  # where it was stopped, to a nearer end
    engine = Engine.load(output / "model", device="cpu", precision="fp32", threads=1)
    provenance = engine.config.provenance
    assert provenance.frames_pretrained >= frames
    assert provenance.frames_finetuned in (16, 32)  # the better of two steps
    assert engine.config.recipe == "live11" and engine.config.calibration.temperature > 0
    DenoisingEngine.load(output / "denoiser" / "checkpoint", device="cpu", threads=1)
    rows = json.loads((output / "evaluation" / "evaluation.json").read_text())["rows"]
    assert [row["snr_db"] for row in rows] == [10]
    assert (output / "evaluation" / "denoising.json").is_file()
    rates = [json.loads(line)["frames"] for line in log.read_text().splitlines()]
    assert rates == sorted(rates), "no frame was trained on twice"
    weights = (output / "model" / "model.safetensors").read_bytes()
    capfd.readouterr()
    assert main(command(output, frames)) == 0
    assert capfd.readouterr().out.count("done before") == 6
    assert (output / "model" / "model.safetensors").read_bytes() == weights
