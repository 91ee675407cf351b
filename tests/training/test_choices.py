# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that trains models at equal cost and compares them."""

from __future__ import annotations

import json

import pytest

from denomae.model.presets import PRESETS
from denomae.model.sizes import multiply_accumulates
from denomae_training.cli import main
from denomae_training.proof.choices import CHOICES, Choice, cost_of_frame
from denomae_training.signals.recipes.live import LIVE


@pytest.mark.parametrize("name", ["image, signal and spectra", "all, 2,048 samples", "signal"])
def test_the_cost_of_a_frame_is_that_of_its_products(name):
    choice = Choice(**{**vars(CHOICES[name]), "visible_share": 1.0})
    architecture = choice.architecture(PRESETS["nano"])
    counted = cost_of_frame(choice.classification(24), architecture, choice.recipe(LIVE))
    head = 128 * 128 + 128 * 25
    wanted = 2 * (multiply_accumulates(architecture, choice.names) + head)
    assert counted == pytest.approx(wanted, rel=0.01)


def test_hiding_half_of_the_tokens_for_seven_tenths_costs_about_two_thirds():
    half, whole = (
        cost_of_frame(Choice(visible_share=share).classification(24), PRESETS["nano"], LIVE)
        for share in (0.5, 1.0)
    )
    assert 0.6 < half / whole < 0.67


def test_longer_frames_have_no_more_tokens():
    base = PRESETS["nano"]
    for length in (2048, 4096):
        longer = Choice(frame_length=length).architecture(base)
        for name in Choice().names:
            assert longer.token_count(name) == base.token_count(name)


def test_the_command_trains_at_equal_cost_compares_and_goes_on(tmp_path, capsys):
    last = "all, a third of the cost pretraining"
    command = ["choices", "--output", str(tmp_path / "rows"), "--work", str(tmp_path / "work"),
               "--only", "signal", "all, 2,048 samples", last, "--schedule.frames", "32",
               "--schedule.batch-size", "16", "--schedule.warmup-frames", "0", "--snr", "10",
               "--validation-frames", "24", "--frames-per-snr", "24", "--gnu-radio", "0",
               "--machine.workers", "0", "--machine.threads", "1",
               "--picture", str(tmp_path / "images.png")]  # fmt: skip
    assert main(command) == 0
    assert (tmp_path / "images.png").read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr().out
    rows = {
        path.stem: json.loads(path.read_text())["result"]
        for path in (tmp_path / "rows").glob("*.json")
    }
    assert len(rows) == 3 and f"| {last} |" in shown
    assert 55 < rows["signal"]["frames"] < 62  # 64 of 112 tokens
    assert rows["all-2048-samples"]["frames"] == 32
    pretrained = rows[last.replace(",", "").replace(" ", "-")]
    assert pretrained["frames"] == 21 and 3 < pretrained["pretraining_frames"] < 8
    for row in rows.values():
        assert row["live"]["frames"] == 24
    config = tmp_path / "work" / "all-2048-samples" / "checkpoint" / "config.json"
    assert json.loads(config.read_text())["architecture"]["frame_length"] == 2048
    (tmp_path / "rows" / "signal.json").unlink()  # its run is there: it only judges again
    log = tmp_path / "work" / "signal" / "log.jsonl"
    before = log.stat().st_mtime_ns
    assert main(command) == 0
    assert capsys.readouterr().out == shown
    assert log.stat().st_mtime_ns == before


def test_a_row_that_is_not_there_is_refused(tmp_path, capsys):
    command = ["choices", "--output", str(tmp_path), "--work", str(tmp_path), "--only", "waterfall"]
    assert main(command) == 2
    assert "only has ['waterfall']" in capsys.readouterr().err
