# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as YAML."""

from dataclasses import replace
from pathlib import Path

import pytest
import tyro
import yaml

from denomae.errors import DenomaeError
from denomae_training.cli import _command
from denomae_training.commands.configuration import (
    blank,
    from_plain,
    split_config,
    to_plain,
    write_configuration,
)
from denomae_training.commands.finetune import Finetune
from denomae_training.commands.pretrain import Pretrain
from denomae_training.loop.schedule import Schedule
from denomae_training.objectives.mae import Mae

COMMANDS = {"pretrain": Pretrain, "finetune": Finetune}


def read(text: str) -> Pretrain:
    return from_plain(blank(Pretrain), yaml.safe_load(text), "a.yaml")


def test_what_is_written_beside_a_run_gives_the_same_command(tmp_path):
    chosen = Schedule(frames=12, shape="cosine", learning_rate=1e-7)
    for command in (
        Pretrain(Path("runs/a b"), objective=Mae(masked_share=0.5), schedule=chosen),
        Finetune(Path("out"), start=Path("somewhere")),
        Finetune(Path("out")),
    ):
        path = tmp_path / "run.yaml"
        write_configuration(path, command)
        name = type(command).__name__.lower()
        assert _command(COMMANDS, [name, "--config", str(path)]) == command
        assert from_plain(blank(type(command)), to_plain(command), "x") == command


def test_what_a_file_leaves_out_keeps_its_default_and_the_command_line_wins(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("recipe: paper10\nschedule: {frames: 128, learning_rate: 1e-3}\n")
    arguments = ["pretrain", f"--config={path}", "--output", "out", "--schedule.frames", "64"]
    command = _command(COMMANDS, arguments)
    assert command == Pretrain(
        Path("out"), recipe="paper10", schedule=replace(Schedule(), frames=64, learning_rate=1e-3)
    )


def test_the_kind_of_an_objective_is_named():
    assert read("objective: {kind: mae, masked_share: 0.6}").objective == Mae(masked_share=0.6)
    assert read("objective: {masked_share: 0.6}").objective.masked_share == 0.6
    assert read("seed: 3").output is tyro.MISSING


@pytest.mark.parametrize(
    "text, said",
    [
        ("sched: {}", "a.yaml: found the unknown option 'sched', wanted one of"),
        ("schedule: {batchsize: 4}", "a.yaml: schedule: found the unknown option 'batchsize'"),
        ("schedule: {frames: many}", "schedule: frames: found str 'many', wanted int"),
        ("schedule: {shape: round}", "shape: found 'round', wanted one of"),
        ("objective: {kind: bert}", "objective: found the kind 'bert', wanted one of"),
        ("objective: mae", "objective: found"),
        ("seed: 1.5", "seed: found float 1.5, wanted int"),
    ],
)
def test_a_wrong_option_is_named(text, said):
    with pytest.raises(DenomaeError) as caught:
        read(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text, said",
    [("a: [1", "is not YAML"), ("- 1", "wanted options by name"), (None, "cannot be read")],
)
def test_a_file_that_holds_no_options_is_a_sentence(tmp_path, text, said):
    path = tmp_path / "mine.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DenomaeError, match=said):
        _command(COMMANDS, ["pretrain", "--config", str(path)])


def test_config_without_a_file_is_a_sentence():
    with pytest.raises(DenomaeError, match="wants a YAML file"):
        split_config(["pretrain", "--config"])
