# SPDX-License-Identifier: GPL-3.0-or-later
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from denomae_training.loop.schedule import Schedule
from denomae_training.signals.recipes import RECIPES

ROOT = Path(__file__).resolve().parents[2]
STEPS, BATCH = 14, 4


def _environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def _command(
    output: Path, *more: str, stage: str = "pretrain", save_every_s: float = 0
) -> list[str]:
    return [
        sys.executable, "-m", "denomae_training", stage, "--output", str(output),
        "--schedule.frames", str(STEPS * BATCH), "--schedule.batch-size", str(BATCH),
        "--machine.threads", "1", "--machine.workers", "0",
        "--machine.save-every-s", str(save_every_s), "--machine.log-every", "1",
        "--machine.no-tensorboard", *more,
    ]  # fmt: skip


def _rows(output: Path) -> list[dict]:
    path = output / "log.jsonl"
    lines = path.read_text().splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "stage, save_every_s, more",
    [
        ("pretrain", 0, []),
        # validation in between, worker processes, a kill between states, half of the tokens first
        ("finetune", 0.3, ["--validation-frames", "100", "--machine.workers", "1",
                           "--machine.validate-every-s", "0.2"]),
    ],
)  # fmt: skip
def test_a_run_that_was_killed_goes_on_bit_exactly(tmp_path, stage, save_every_s, more):
    whole, broken = tmp_path / "whole", tmp_path / "broken"

    def command(output: Path) -> list[str]:
        return _command(output, *more, stage=stage, save_every_s=save_every_s)

    subprocess.run(command(whole), env=_environment(), check=True, capture_output=True)
    process = subprocess.Popen(
        command(broken), env=_environment(), stderr=subprocess.DEVNULL, start_new_session=True
    )
    while len(_rows(broken)) < 5 and process.poll() is None:
        time.sleep(0.01)  # until it is under way; the kill comes at any point of a step or a save
    os.killpg(process.pid, signal.SIGKILL)  # the workers too
    process.wait()
    assert process.returncode == -signal.SIGKILL and len(_rows(broken)) < STEPS
    subprocess.run(command(broken), env=_environment(), check=True, capture_output=True)
    one = load_file(whole / "checkpoint" / "model.safetensors")
    two = load_file(broken / "checkpoint" / "model.safetensors")
    assert one.keys() == two.keys()
    for name in one:
        assert torch.equal(one[name], two[name]), name
    losses = {row["step"]: row["loss"] for row in _rows(whole)}
    assert all(row["loss"] == losses[row["step"]] for row in _rows(broken))
    assert _rows(broken)[-1]["step"] == STEPS


@pytest.mark.timeout(300)
def test_finetuning_starts_from_a_pretrained_encoder_and_can_be_evaluated(tmp_path):
    pretrained, tuned = tmp_path / "pretrained", tmp_path / "tuned"
    subprocess.run(_command(pretrained), env=_environment(), check=True, capture_output=True)
    start = pretrained / "checkpoint"
    command = [
        sys.executable, "-m", "denomae_training", "finetune", "--output", str(tuned),
        "--start", str(start),
        "--schedule.frames", "4", "--schedule.batch-size", "4", "--schedule.learning-rate", "0",
        "--validation-frames", "100", "--machine.threads", "1", "--machine.workers", "0",
    ]  # fmt: skip
    subprocess.run(command, env=_environment(), check=True, capture_output=True)
    before, after = (load_file(f / "model.safetensors") for f in (start, tuned / "checkpoint"))
    shared = [name for name in after if name.startswith("encoder.")]
    assert shared and all(torch.equal(before[name], after[name]) for name in shared)
    again = tmp_path / "again"
    further = [*command]
    further[further.index(str(tuned))] = str(again)
    further[further.index(str(start))] = str(tuned / "checkpoint")
    subprocess.run(further, env=_environment(), check=True, capture_output=True)
    whole, gone_on = (load_file(f / "checkpoint" / "model.safetensors") for f in (tuned, again))
    assert all(torch.equal(whole[name], gone_on[name]) for name in whole)
    evaluate = [
        sys.executable, "-m", "denomae_training", "evaluate",
        "--checkpoint", str(tuned / "checkpoint"), "--frames-per-snr", "100",
        "--snr-step-db", "20", "--machine.threads", "1", "--machine.workers", "0",
    ]  # fmt: skip
    done = subprocess.run(evaluate, env=_environment(), check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["snr_db"] for row in rows] == [-20, 0, 20]
    assert all(0 <= row["accuracy"] <= 1 and row["frames"] == 100 for row in rows)


@pytest.mark.timeout(300)
def test_a_run_that_is_done_is_not_trained_further(tmp_path):
    run = tmp_path / "run"
    for frames, code, said in (
        (8, 0, ""),
        (8, 0, ""),
        (4, 2, "has seen 8 frames already, more than the 4 wanted"),
    ):
        command = _command(run, "--schedule.frames", str(frames))
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True)
        assert done.returncode == code and said in done.stderr
    assert [row["step"] for row in _rows(run)] == [1, 2]


def test_a_wrong_name_is_one_sentence(tmp_path):
    command = [
        sys.executable,
        "-m",
        "denomae_training",
        "pretrain",
        "--output",
        str(tmp_path),
        "--recipe",
        "dead",
    ]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True)
    assert done.returncode == 2
    wanted = f"denomae-train: no recipe 'dead'; wanted one of {list(RECIPES)}\n"
    assert done.stderr == wanted


def test_the_rate_before_the_fall_does_not_depend_on_the_end():
    long, short = Schedule(frames=640_000), Schedule(frames=64_000)
    assert [long.rate(s) for s in range(700)] == [short.rate(s) for s in range(700)]
    assert short.rate(short.steps - 1) < 0.01 * short.learning_rate


@pytest.mark.timeout(300)
def test_training_runs_from_a_bare_checkout(tmp_path):
    bare = os.environ | {"PYTHONPATH": f"{ROOT / 'python'}:{ROOT / 'training'}"}
    command = [
        sys.executable, "-m", "denomae_training", "pretrain", "--output", str(tmp_path / "run"),
        "--schedule.frames", "4", "--schedule.batch-size", "2", "--machine.workers", "0",
    ]  # fmt: skip
    subprocess.run(command, env=bare, check=True, capture_output=True)
    assert (tmp_path / "run" / "checkpoint" / "model.safetensors").is_file()


def test_a_run_is_not_resumed_by_another_command(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    command = _command(run, "--seed", "1")
    subprocess.run(command, env=_environment(), check=True, capture_output=True)
    done = subprocess.run(
        _command(run, "--seed", "2"), env=_environment(), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "holds a run with seed 1, this command has 2" in done.stderr
