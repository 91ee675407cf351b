# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs by the command line: killed, resumed, of another configuration, from YAML."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from denomae_training.cli import main
from denomae_training.commands.common import commit
from denomae_training.loop.schedule import Schedule
from denomae_training.signals.recipes import RECIPES

ROOT = Path(__file__).resolve().parents[2]
STEPS, BATCH = 10, 2


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def _arguments(output: Path, *more: str, stage: str = "pretrain") -> list[str]:
    return [
        stage, "--output", str(output), "--recipe", "denomae10",
        "--schedule.frames", str(STEPS * BATCH), "--schedule.batch-size", str(BATCH),
        "--schedule.warmup-frames", "0",
        "--machine.threads", "1", "--machine.workers", "0", "--machine.log-every", "1",
        "--machine.no-tensorboard", *more,
    ]  # fmt: skip


def _run(output: Path, *more: str, stage: str = "pretrain") -> None:
    assert main(_arguments(output, *more, stage=stage)) == 0


def _rows(output: Path) -> list[dict]:
    path = output / "log.jsonl"
    lines = path.read_text().splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _weights(output: Path) -> dict[str, torch.Tensor]:
    return load_file(output / "checkpoint" / "model.safetensors")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "stage, more",
    [
        ("pretrain", ["--machine.save-every-s", "0", "--schedule.ema", "0.9"]),
        # validation in between, worker processes, a kill between states, half of the tokens first
        ("finetune", ["--machine.save-every-s", "0.3", "--validation-frames", "20",
                      "--machine.workers", "1", "--schedule.frames", "80"]),
    ],
)  # fmt: skip
def test_a_run_that_was_killed_goes_on_bit_exactly(tmp_path, stage, more):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    _run(whole, *more, stage=stage)
    process = subprocess.Popen(
        [sys.executable, "-m", "denomae_training", *_arguments(broken, *more, stage=stage)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(_rows(broken)) < 4 and process.poll() is None:
        time.sleep(0.01)  # until it is under way; the kill comes at any point of a step or a save
    os.killpg(process.pid, signal.SIGKILL)  # the workers too
    process.wait()
    assert process.returncode == -signal.SIGKILL and len(_rows(broken)) < len(_rows(whole))
    _run(broken, *more, stage=stage)
    one, two = _weights(whole), _weights(broken)
    assert one.keys() == two.keys()
    for name in one:
        assert torch.equal(one[name], two[name]), name
    ours, theirs = ([(row["step"], row["loss"]) for row in _rows(f)] for f in (whole, broken))
    assert ours == theirs and ours[-1][0] == len(ours) >= STEPS


@pytest.mark.timeout(300)
def test_finetuning_starts_from_a_pretrained_encoder_and_goes_on_from_a_classifier(tmp_path):
    pretrained, tuned, again = tmp_path / "pretrained", tmp_path / "tuned", tmp_path / "again"
    still = [
        "--schedule.learning-rate", "0", "--schedule.frames", "4", "--validation-frames", "20",
        "--report-frames", "0",
    ]  # fmt: skip
    _run(pretrained, "--schedule.frames", "4")
    _run(tuned, "--start", str(pretrained / "checkpoint"), *still, stage="finetune")
    before, after = _weights(pretrained), _weights(tuned)
    shared = [name for name in after if name.startswith("encoder.")]
    assert shared and all(torch.equal(before[name], after[name]) for name in shared)
    _run(again, "--start", str(tuned / "checkpoint"), *still, stage="finetune")
    gone_on = _weights(again)
    assert all(torch.equal(after[name], gone_on[name]) for name in after)


@pytest.mark.timeout(300)
def test_a_run_that_is_done_is_not_trained_further(tmp_path, capsys):
    for frames, code, said in (
        (4, 0, ""),
        (4, 0, ""),
        (2, 2, "has seen 4 frames already, more than the 2 wanted"),
    ):
        assert main(_arguments(tmp_path, "--schedule.frames", str(frames))) == code
        assert said in capsys.readouterr().err
    assert [row["step"] for row in _rows(tmp_path)] == [1, 2]


def test_a_wrong_name_is_one_sentence(tmp_path, capsys):
    assert main(["pretrain", "--output", str(tmp_path), "--recipe", "dead"]) == 2
    wanted = f"denomae-train: no recipe 'dead'; wanted one of {list(RECIPES)}\n"
    assert capsys.readouterr().err == wanted


def test_the_rate_before_the_fall_does_not_depend_on_the_end():
    long, short = Schedule(frames=640_000), Schedule(frames=64_000)
    assert [long.rate(s) for s in range(700)] == [short.rate(s) for s in range(700)]
    assert short.rate(short.steps - 1) < 0.01 * short.learning_rate


@pytest.mark.timeout(300)
def test_training_runs_from_a_bare_checkout(tmp_path):
    bare = os.environ | {"PYTHONPATH": f"{ROOT / 'python'}:{ROOT / 'training'}"}
    command = [
        sys.executable, "-m", "denomae_training",
        *_arguments(tmp_path / "run", "--schedule.frames", "2"),
    ]  # fmt: skip
    subprocess.run(command, env=bare, check=True, capture_output=True)
    assert (tmp_path / "run" / "checkpoint" / "model.safetensors").is_file()


def test_a_run_is_not_resumed_by_another_command(tmp_path, capsys):
    quick = ["--schedule.frames", "2"]
    _run(tmp_path, "--seed", "1", *quick)
    assert main(_arguments(tmp_path, "--seed", "2", *quick)) == 2
    assert "holds a run with seed 1, this command has 2" in capsys.readouterr().err
    other = ["objective:mae", "--objective.masked-share", "0.5"]
    assert main(_arguments(tmp_path, *quick, *other)) == 2
    assert "holds a run with objective.kind 'denomae', this command has 'mae'" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "mistake, said",
    [
        (["--seed", "5000000000"], "the seed is 5000000000; wanted 0 to 2147483647"),
        (["--seed", "-1"], "the seed is -1; wanted 0 to 2147483647"),
        (["--validation-frames", "0"], "0 validation frames are wanted"),
    ],
)
def test_a_command_that_was_refused_leaves_its_folder_to_the_corrected_one(
    tmp_path, capsys, mistake, said
):
    quick = ["--schedule.frames", "2", "--validation-frames", "2", "--report-frames", "0"]
    assert main(_arguments(tmp_path, *quick, *mistake, stage="finetune")) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    _run(tmp_path, *quick, stage="finetune")
    assert main(_arguments(tmp_path, *quick, "--seed", "2", stage="finetune")) == 2
    assert "holds a run with seed 1, this command has 2" in capsys.readouterr().err


def test_the_commit_says_whether_a_file_was_changed_since(tmp_path):
    place = tmp_path / "training" / "package"
    place.mkdir(parents=True)
    code = place / "code.py"

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(place), *who, *arguments], check=True, capture_output=True)

    git("init")
    code.write_text("1\n")
    assert commit(place) == "unknown"
    git("add", "code.py")
    git("commit", "-m", "one")
    clean = commit(place)
    assert len(clean) == 40 and int(clean, 16)
    (place / "new.py").write_text("")  # what git does not know is not what ran
    assert commit(place) == clean
    code.write_text("2\n")
    assert commit(place) == clean + "+changes"
    assert commit(tmp_path / "site-packages" / "package") == "unknown"


def test_an_option_that_is_newer_than_the_run_had_its_default(tmp_path, capsys):
    quick = ["--schedule.frames", "2"]
    _run(tmp_path, *quick)
    record = yaml.safe_load((tmp_path / "run.yaml").read_text())
    del record["schedule"]["clip"]
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(record))
    _run(tmp_path, *quick)
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(record))
    assert main(_arguments(tmp_path, *quick, "--schedule.clip", "2")) == 2
    assert "holds a run with schedule.clip 1.0, this command has 2.0" in capsys.readouterr().err
