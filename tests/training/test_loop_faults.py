# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong under way: a sentence, and a state to go on from."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from small_run import CPU, MACHINE, SCHEDULE, SIGNALS, SMALL, feed_for, rows, small_run

from denomae.errors import DenomaeError
from denomae_training.feeds.feed import Share
from denomae_training.loop import distributed
from denomae_training.loop.faults import explain, too_large
from denomae_training.loop.state import states
from denomae_training.loop.train import Run, train
from denomae_training.objectives.denomae import Denomae

PROGRAM = Path(__file__).with_name("small_run.py")
STEADY = replace(SCHEDULE, decay_share=1e-9)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Faulty(Denomae):
    """Goes wrong at one step, or with more rows than there is room for."""

    nan_at: int = -1
    stop_at: int = -1
    room: int = 10**6
    kind: type[BaseException] = torch.OutOfMemoryError

    def loss(self, model, sample, generator, share):
        step = round(share * 6)
        if len(sample) > self.room:
            raise self.kind("CUDA out of memory. Tried to allocate 2 GiB: can't allocate memory")
        if step == self.stop_at:
            os.kill(os.getpid(), signal.SIGINT)
        loss, parts = super().loss(model, sample, generator, share)
        return (loss * float("nan") if step == self.nan_at else loss), parts


def test_a_loss_that_is_no_number_names_what_makes_its_batch_again(tmp_path):
    objective = Faulty(SIGNALS.modalities, nan_at=3)
    with pytest.raises(DenomaeError) as caught:
        small_run(tmp_path / "run", STEADY, objective=objective, seed=77)
    said = str(caught.value)
    assert "the loss is nan" in said and "step 4" in said and "masks of seed 1" in said
    found = re.search(r"items (\d+) to (\d+) of the seed (\d+) of the recipe (\w+)", said)
    assert found.groups() == ("12", "15", "77", "denomae10")
    # the frames named are those of the batch
    feed = feed_for(SIGNALS, STEADY, seed=77)
    batch = next(iter(feed.samples(3, 4))).views["noisy_signal"]
    again = feed.source.batch(77, 12, 4).waveforms["noisy"]
    assert torch.allclose(_direction(batch[:, 0]), _direction(again.real), atol=1e-5)
    # what was before is saved: the state after step 3 of a run that nothing happened to
    assert [path.name for path in states(tmp_path / "run")] == ["state-00000003"]
    small_run(tmp_path / "sound", replace(STEADY, frames=12), seed=77)
    one, other = (
        (tmp_path / f / "state-00000003" / "model.safetensors").read_bytes()
        for f in ("run", "sound")
    )
    assert one == other


def test_ctrl_c_saves_behind_the_step_and_the_run_goes_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        small_run(tmp_path / "run", STEADY, objective=Faulty(SIGNALS.modalities, stop_at=2))
    assert [path.name for path in states(tmp_path / "run")] == ["state-00000003"]
    assert rows(tmp_path / "run")[-1]["step"] == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ended = small_run(tmp_path / "run", STEADY)
    whole = small_run(tmp_path / "whole", STEADY)
    assert all(torch.equal(ended[name], whole[name]) for name in whole)


@pytest.mark.parametrize("kind", [torch.OutOfMemoryError, RuntimeError, MemoryError])
def test_a_full_device_says_how_many_frames_fit(tmp_path, kind):
    schedule = replace(STEADY, batch_size=12, frames=72)
    objective = Faulty(SIGNALS.modalities, room=4, kind=kind)
    with pytest.raises(DenomaeError) as caught:
        small_run(tmp_path / "run", schedule, objective=objective)
    said = str(caught.value)
    assert "a batch of 12 does not fit into the memory of cpu, 3 frames at once do" in said
    parts = int(re.search(r"--schedule.accumulate (\d+)", said)[1])
    ended = small_run(tmp_path / "run", replace(schedule, accumulate=parts), objective=objective)
    whole = small_run(tmp_path / "whole", replace(schedule, accumulate=parts))
    assert all(torch.equal(ended[name], whole[name]) for name in whole)
    nothing = Faulty(SIGNALS.modalities, room=0, kind=kind)
    with pytest.raises(DenomaeError, match="nor does a single frame; choose a smaller preset"):
        small_run(tmp_path / "none", STEADY, objective=nothing)


def test_moments_that_find_no_room_are_the_same_sentence(tmp_path, monkeypatch):
    """The first step of the optimizer makes them, when the gradient is there already."""
    room = [3]
    own = torch.zeros_like

    def scarce(*given, **more):
        room[0] -= 1
        if room[0] < 0:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return own(*given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "zeros_like", scarce)
        patch.setattr(torch, "empty_like", scarce)  # by which what fits is tried
        with pytest.raises(DenomaeError, match="nor does a single frame; choose a smaller preset"):
            small_run(tmp_path / "run", STEADY)
    assert room[0] < -1 and not states(tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", lambda *_: torch.zeros_like())
        patch.setattr(torch, "zeros_like", scarce)
        with pytest.raises(DenomaeError, match="a batch of 4 .* 2 frames at once do"):
            small_run(tmp_path / "run", STEADY)


def test_the_advice_for_several_processes_counts_all_their_frames():
    device = torch.device("cuda", 1)
    said = str(too_large(device, 64, 16, 5))
    assert "(16 frames in this process)" in said
    assert "--schedule.accumulate 4" in said and "--schedule.batch-size 20" in said
    assert "higher --schedule.accumulate" in str(too_large(device, 64, 16, None))


def test_an_error_of_a_worker_is_its_sentence_without_a_traceback():
    text = (
        "Caught DenomaeError in DataLoader worker process 0.\nOriginal Traceback (most recent call "
        "last):\n  File x\ndenomae.errors.DenomaeError: the capture a.cf32 is gone\n"
    )
    assert explain(DenomaeError(text)) == "the capture a.cf32 is gone"
    assert explain(KeyError("a mistake of ours")) is None


def test_a_worker_that_dies_while_its_frames_are_on_their_way_is_no_riddle():
    for error in (ConnectionResetError(104, "Connection reset by peer"), EOFError()):
        assert "a process that makes frames died" in explain(error)


def test_a_mistake_in_the_program_keeps_its_traceback(tmp_path):
    with pytest.raises(ZeroDivisionError):
        small_run(tmp_path, objective=Faulty(SIGNALS.modalities, room=0, kind=ZeroDivisionError))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("ended_by", [signal.SIGTERM, "a worker's death"])
def test_a_run_that_is_ended_from_outside_goes_on_exactly(tmp_path, ended_by):
    run, schedule = tmp_path / "run", {"frames": 800, "decay_share": 1e-9}
    chosen = {"schedule": schedule, "machine": {"save_every_s": 0.2}, "kind": "Slow", "workers": 1}
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(run), json.dumps(chosen)],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not (len(rows(run)) >= 5 and states(run)) and process.poll() is None:
        time.sleep(0.02)
    if ended_by == "a worker's death":
        os.kill(_children(process.pid)[0], signal.SIGKILL)
    else:
        process.send_signal(ended_by)
    said = process.communicate()[1]
    if ended_by == "a worker's death":
        assert process.returncode == 1 and "Traceback" not in said
        assert "a process that makes frames died" in said and "goes on" in said
    else:
        assert process.returncode == 130 and rows(run)[-1]["step"] <= _done(run)  # nothing lost
    done = _done(run)
    assert done >= 1 and done < 200
    few = replace(STEADY, frames=4 * (done + 2))
    ended, whole = small_run(run, few), small_run(tmp_path / "whole", few)
    assert all(torch.equal(ended[name], whole[name]) for name in whole)


@pytest.mark.timeout(120)
def test_a_real_limit_on_files_is_a_sentence(tmp_path):
    """What the system itself says when a file may not grow, through safetensors' own writer."""
    small_run(tmp_path, replace(STEADY, frames=4))

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path), json.dumps({"schedule": {"frames": 8}})],
        capture_output=True, text=True, preexec_fn=limited,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "the state after step 2 could not be written" in done.stderr
    assert "the last good state is state-00000001" in done.stderr
    assert [path.name for path in states(tmp_path)] == ["state-00000001"]


def test_the_first_of_several_processes_alone_writes(tmp_path, monkeypatch):
    class Second(distributed.Group):
        share = Share(1, 2)

    monkeypatch.setattr("denomae_training.loop.train.group_of", lambda _: Second())
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    torch.manual_seed(1)
    run = Run("small", 1, tmp_path, STEADY, MACHINE)
    feed = feed_for(SIGNALS, STEADY)
    assert len(next(iter(feed.samples(0, 1)))) == 2
    train(SIGNALS.model(SMALL), SIGNALS, feed, run, CPU, torch.float32, lambda _: 1 / 0)
    assert list(tmp_path.iterdir()) == []


def _done(run: Path) -> int:
    return int(states(run)[-1].name.removeprefix("state-"))


def _children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return sorted(found)


def _direction(signals: torch.Tensor) -> torch.Tensor:
    return signals / signals.norm(dim=1, keepdim=True)
