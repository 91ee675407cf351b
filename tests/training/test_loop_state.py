# SPDX-License-Identifier: GPL-3.0-or-later
"""States on disk: exact, whole, and of use when one of them is not."""

import errno
import json
import logging
import os
from dataclasses import replace

import pytest
import torch
from small_run import MACHINE, SCHEDULE, rows, small_run

from denomae.errors import DenomaeError
from denomae_training.loop import state

EVERY_STEP = replace(MACHINE, save_every_s=0)
AVERAGED = replace(SCHEDULE, ema=0.9, accumulate=2)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _stopped(folder, schedule=AVERAGED):
    """A run whose schedule goes on behind its fourth step, the last two states kept."""
    small_run(folder, replace(schedule, frames=16, decay_share=1e-9), EVERY_STEP)
    return replace(schedule, decay_share=1e-9)


def test_a_resumed_run_is_one_that_was_never_interrupted(tmp_path):
    schedule = _stopped(tmp_path / "parts")
    parts = small_run(tmp_path / "parts", schedule, EVERY_STEP)
    whole = small_run(tmp_path / "whole", schedule, EVERY_STEP)
    assert all(torch.equal(parts[name], whole[name]) for name in whole)
    again = small_run(tmp_path / "whole", schedule, EVERY_STEP)  # nothing is left to do
    assert all(torch.equal(again[name], whole[name]) for name in whole)
    for name in ("model", "optimizer", "average"):
        one, other = (
            (tmp_path / run / "state-00000006" / f"{name}.safetensors").read_bytes()
            for run in ("parts", "whole")
        )
        assert one == other, name
    keep = ("step", "frames", "loss", "rate")
    one, other = ([{k: r[k] for k in keep} for r in rows(tmp_path / f)] for f in ("parts", "whole"))
    assert one == other and len(one) == 6


@pytest.mark.parametrize("damage", ["truncated", "flipped", "record", "missing"])
def test_a_damaged_state_costs_one_step_back(tmp_path, damage, caplog):
    schedule = _stopped(tmp_path / "run")
    newest = state.states(tmp_path / "run")[-1]
    assert [path.name for path in state.states(tmp_path / "run")] == [
        "state-00000003",
        "state-00000004",
    ]
    weights = newest / "optimizer.safetensors"
    data = weights.read_bytes()
    if damage == "truncated":
        weights.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif damage == "record":
        (newest / "state.json").write_text('{"step": 4, "fi')
    else:
        weights.unlink()
    with caplog.at_level(logging.WARNING):
        ended = small_run(tmp_path / "run", schedule, EVERY_STEP)
    assert "state-00000004 is damaged" in caplog.text and "the state before" in caplog.text
    whole = small_run(tmp_path / "whole", schedule, EVERY_STEP)
    assert all(torch.equal(ended[name], whole[name]) for name in whole)
    assert [row["step"] for row in rows(tmp_path / "run")] == [1, 2, 3, 4, 5, 6]


def test_a_run_whose_states_are_all_damaged_does_not_begin_again_by_itself(tmp_path):
    schedule = _stopped(tmp_path)
    for path in state.states(tmp_path):
        (path / "state.json").write_text("")
    with pytest.raises(DenomaeError, match="2 states, and all of them are damaged"):
        small_run(tmp_path, schedule, EVERY_STEP)


@pytest.mark.parametrize("place", ["a weight file", "the record"])
def test_a_full_disk_is_a_sentence_and_the_last_state_stays(tmp_path, monkeypatch, place):
    schedule = _stopped(tmp_path / "run")
    before = {p: p.read_bytes() for p in (tmp_path / "run").rglob("state-*/*")}

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(state, "save_file" if place == "a weight file" else "_settled", full)
        with pytest.raises(DenomaeError, match="after step 5 could not be written .No space left"):
            small_run(tmp_path / "run", schedule, EVERY_STEP)
    assert {p: p.read_bytes() for p in (tmp_path / "run").rglob("state*/*")} == before
    ended = small_run(tmp_path / "run", schedule, EVERY_STEP)  # there is room again
    whole = small_run(tmp_path / "whole", schedule, EVERY_STEP)
    assert all(torch.equal(ended[name], whole[name]) for name in whole)


def test_a_half_written_line_of_the_log_is_dropped(tmp_path):
    schedule = _stopped(tmp_path)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": 5, "loss": 0.0}) + '\n{"step": 6, "lo')
    small_run(tmp_path, schedule, EVERY_STEP)
    assert [row["step"] for row in rows(tmp_path)] == [1, 2, 3, 4, 5, 6]
    assert rows(tmp_path)[4]["loss"] > 0
