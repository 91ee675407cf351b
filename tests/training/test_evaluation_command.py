# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import json

import pytest
import torch

from denomae.checkpoint import SHIPPED, SHIPPED_DENOISER, load_model, read_config, write_checkpoint
from denomae_training.cli import main
from denomae_training.evaluation.table import denoising_lines
from denomae_training.finetuning.starting import widened

FEW = ["--checkpoint", str(SHIPPED), "--recipe", "live11", "--snr", "20", "0",
       "--frames-per-snr", "22", "--batch-size", "2",
       "--machine.threads", str(torch.get_num_threads())]  # fmt: skip


def test_the_shipped_model_is_evaluated_with_a_table_a_record_and_pictures(tmp_path, capsys):
    folder, picture = tmp_path / "evaluation", tmp_path / "classes.png"
    assert main(["evaluate", *FEW, "--output", str(folder), "--picture", str(picture)]) == 0
    record = json.loads((folder / "evaluation.json").read_text())
    assert [row["snr_db"] for row in record["rows"]] == [0, 20]
    assert record["rows"][1]["accuracy"] > 0.9 > record["rows"][0]["low"]
    assert record["frames"] == 44 and record["cost"]["flops"] > 1e8
    shown = capsys.readouterr().out
    for said in ("SNR dB  frames  accuracy", "204.2 MFLOP a frame", "true \\ named"):
        assert said in shown
    for path in (picture, *(folder / f"{n}.png" for n in ("accuracy", "confusion", "reliability"))):
        assert path.read_bytes().startswith(b"\x89PNG")


def test_the_shipped_denoiser_gains_snr_in_every_class_but_where_there_is_hardly_noise(
    tmp_path, capsys
):
    few = [*FEW, "--checkpoint", str(SHIPPED_DENOISER), "--output", str(tmp_path)]
    assert main(["evaluate", *few, "--json"]) == 0
    record = json.loads((tmp_path / "denoising.json").read_text())
    gains = {row["classes"]: row["gain_db"] for row in record["rows"] if row["snr_db"] == 0}
    assert len(gains) == 12 and min(gains.values()) > 2.5
    head, noise, *rest = denoising_lines(record)
    assert head.split()[-2:] == ["0", "20"] and noise.split()[0] == "noise" and len(rest) == 11
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == record["rows"]


def test_json_is_a_line_an_snr_and_one_of_the_rest(capsys):
    assert main(["evaluate", *FEW, "--json"]) == 0
    *rows, rest = map(json.loads, capsys.readouterr().out.splitlines())
    assert [(row["snr_db"], row["frames"]) for row in rows] == [(0, 22), (20, 22)]
    assert rest["right"] == sum(row["right"] for row in rows) and rest["recipe"] == "live11"


def test_a_model_that_learnt_a_class_more_is_evaluated_on_those_of_the_recipe(tmp_path, capsys):
    config = read_config(SHIPPED)
    model, classes = load_model(SHIPPED), (*config.classes, "morse")
    model.head = widened(model.head, config.classes, classes)
    with torch.no_grad():
        model.head.classes.bias[-1] = 1e4  # it takes every frame for the new class
    more = dataclasses.replace(
        config, classes=classes, families=config.families | {"morse": "other"}
    )
    write_checkpoint(tmp_path / "wide", more, model)
    picture, folder = tmp_path / "classes.png", tmp_path / "evaluation"
    wide = [*FEW, "--checkpoint", str(tmp_path / "wide"), "--json"]
    assert main(["evaluate", *wide, "--output", str(folder), "--picture", str(picture)]) == 0
    *_, rest = map(json.loads, capsys.readouterr().out.splitlines())
    assert rest["right"] == 0 and rest["classes"] == list(classes)
    assert [row[-1] for row in rest["confusion"]] == [4] * len(config.classes) + [0]
    assert picture.is_file() and (folder / "confusion.png").is_file()
    assert main(["evaluate", *wide, "--recipe", "denomae10"]) == 2
    assert "wanted a classifier of ['ook', '4ask'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change, said",
    [
        (["--recipe", "denomae10"], "wanted a classifier of ['ook', '4ask'"),
        (["--frames-per-snr", "5"], "frames_per_snr is 5; wanted 11 or more"),
        (["--snr", "70"], "snr has 70 dB; wanted values from -60 to 60"),
        (["--snr-step-db", "0"], "snr_step_db is 0; wanted a step above 0 dB"),
    ],
)
def test_what_cannot_be_evaluated_is_one_sentence(change, said, capsys):
    assert main(["evaluate", *FEW, *change]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_accuracy_and_speed_are_shown_against_the_tokens_that_are_kept(tmp_path, capsys):
    few = [*FEW, "--snr", "20", "--frames-per-snr", "33", "--output", str(tmp_path)]
    assert main(["evaluate", *few, "--tokens", "0.0625", "1", "--signal-every", "8", "1"]) == 0
    rows = json.loads((tmp_path / "evaluation.json").read_text())["tokens"]
    assert [(r["image_share"], r["signal_every"], r["tokens"]) for r in rows] == [
        (0.0625, 8, 1 + 8), (0.0625, 1, 1 + 64), (1.0, 8, 16 + 8), (1.0, 1, 16 + 64),
    ]  # fmt: skip
    assert rows[3]["accuracy"] > rows[0]["accuracy"] + 0.05
    assert min(row["frames_per_s"] for row in rows) > 0
    assert rows[0]["flops"] < rows[2]["flops"] < rows[1]["flops"] < rows[3]["flops"]
    assert "signal every" in capsys.readouterr().out
    assert main(["evaluate", *FEW, "--tokens", "1.5"]) == 2
    assert "tokens has 1.5; wanted shares above 0" in capsys.readouterr().err
