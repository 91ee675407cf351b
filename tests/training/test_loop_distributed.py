# SPDX-License-Identifier: GPL-3.0-or-later
"""Several processes for real: torchrun, gloo, one machine."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_run import SCHEDULE, SIGNALS, Either, rows, small_run

from denomae.errors import DenomaeError
from denomae_training.loop.distributed import Group
from denomae_training.loop.train import _check

pytest.importorskip("accelerate")
PROGRAM = Path(__file__).with_name("small_run.py")


def two_processes(folder: Path, **chosen: object) -> subprocess.CompletedProcess:
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        str(PROGRAM), str(folder), json.dumps(chosen),
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.timeout(300)
def test_two_processes_give_what_one_gives(tmp_path):
    # every step one of two modalities has no gradient; each process cuts its rows in two
    schedule = {"frames": 24, "accumulate": 2, "ema": 0.9, "batch_size": 4}
    done = two_processes(tmp_path / "two", schedule=schedule, kind="Either")
    assert done.returncode == 0, done.stderr
    objective = Either(modalities=SIGNALS.modalities)
    one = small_run(
        tmp_path / "one", replace(SCHEDULE, **schedule | {"accumulate": 1}), objective=objective
    )
    ends = [torch.load(tmp_path / "two" / f"end-{rank}.pt") for rank in (0, 1)]
    for name, value in one.items():
        assert torch.equal(ends[0][name], ends[1][name]), name
        apart = (ends[0][name] - value).abs()
        # The softmax does not see a bias of the keys: its gradient is rounding alone, which AdamW
        # brings to size.
        if name.endswith("qkv.bias"):  # queries, keys, values
            apart = apart.view(3, -1)[[0, 2]]
        elif name.endswith("key_value.bias"):
            apart = apart.view(2, -1)[1]
        assert apart.max() <= 1e-5, name
    assert len(rows(tmp_path / "two")) == len(rows(tmp_path / "one")) == 6  # one process wrote
    for ours, alone in zip(rows(tmp_path / "two"), rows(tmp_path / "one"), strict=True):
        assert ours["loss"] == pytest.approx(alone["loss"], rel=1e-5)


def test_a_batch_that_does_not_divide_is_a_sentence():
    class Three(Group):
        share = type(Group.share)(0, 3)

    with pytest.raises(DenomaeError, match="a batch of 4 does not divide among 3 .* such as 6"):
        _check(SCHEDULE, Three())
    with pytest.raises(DenomaeError, match="4 frames a process do not divide into 3 equal parts"):
        _check(replace(SCHEDULE, accumulate=3), Group())
