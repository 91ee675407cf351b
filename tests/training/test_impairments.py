# SPDX-License-Identifier: GPL-3.0-or-later
"""`live` without one impairment, and the command that trains so and compares."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from denomae.errors import DenomaeError
from denomae_training.cli import main
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes.live import LIVE
from denomae_training.signals.recipes.live_without import (
    EVERYTHING,
    IMPAIRMENTS,
    NOTHING,
    live_without,
)

# what of a frame's `Drawn` says that it has the impairment
MARKS = {
    "drift": "drift",
    "phase-noise": "linewidth",
    "bursts": "burst_begin",
    "echoes": "delay_spread",
    "imbalance": "imbalance_db",
    "dc": "dc_db",
    "filter": "filter_cutoff",
    "coloured-noise": "band_cutoff",
    "neighbours": "adjacent_db",
}


@pytest.mark.parametrize("name", IMPAIRMENTS)
def test_one_impairment_is_gone_and_all_others_are_there(name):
    items = [synthesize(live_without(name), 1, index) for index in range(250)]
    met = {mark for mark, key in MARKS.items() if any(key in item.drawn for item in items)}
    assert met == set(MARKS) - {name}
    offsets = [abs(item.drawn.get("carrier_offset", 0.0)) for item in items]
    assert (max(offsets) < 1e-9) == (name == "offset")
    bits = {item.drawn["bits"] for item in items}
    assert bits == ({16} if name == "few-bits" else {8, 12, 16})
    assert (max(item.drawn["level_db"] for item in items) > -8) == (name != "overload")


def test_without_everything_white_noise_is_left_and_without_nothing_it_is_live():
    items = [synthesize(live_without(EVERYTHING), 1, index) for index in range(60)]
    for item in items:
        assert not set(MARKS.values()) & set(item.drawn)
        error = item.noisy - item.clean - item.noise
        assert np.mean(np.abs(error) ** 2) < 1e-6 * np.mean(np.abs(item.noisy) ** 2)
    assert live_without(NOTHING) is LIVE
    assert live_without("dc") == dataclasses.replace(
        LIVE, name="live_without_dc", arms=dataclasses.replace(LIVE.arms, dc_share=0.0)
    )
    with pytest.raises(DenomaeError, match="no impairment 'rain'; wanted one of"):
        live_without("rain")


def test_the_command_trains_compares_and_goes_on(tmp_path, capsys):
    command = ["impairments", "--output", str(tmp_path / "rows"), "--work", str(tmp_path / "work"),
               "--only", "nothing", "echoes", "--schedule.frames", "32",
               "--schedule.batch-size", "16", "--schedule.warmup-frames", "0", "--snr", "10",
               "--validation-frames", "24", "--frames-per-snr", "24", "--gnu-radio", "0",
               "--machine.workers", "0", "--machine.threads", "1"]  # fmt: skip
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "| nothing |" in shown and "| echoes |" in shown
    record = json.loads((tmp_path / "rows" / "echoes.json").read_text())
    assert record["result"]["live"]["frames"] == 24
    config = json.loads((tmp_path / "work" / "echoes" / "checkpoint" / "config.json").read_text())
    assert config["recipe"] == "live_without_echoes"
    (tmp_path / "rows" / "nothing.json").unlink()  # its run is there: it only judges again
    before = (tmp_path / "work" / "echoes" / "log.jsonl").stat().st_mtime_ns
    assert main(command) == 0
    assert capsys.readouterr().out == shown
    assert (tmp_path / "work" / "echoes" / "log.jsonl").stat().st_mtime_ns == before
    assert main([*command, "--seed", "2"]) == 2
    assert "holds runs with seed 1, now 2 is wanted" in capsys.readouterr().err
