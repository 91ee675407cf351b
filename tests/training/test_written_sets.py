# SPDX-License-Identifier: GPL-3.0-or-later
"""Written sets hold the recipe's items, with checksums, and are whole or not there at all."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import sigmf

from denomae.captures import open_capture
from denomae.captures.datasets import open_dataset
from denomae.errors import DenomaeError
from denomae_training.cli import main
from denomae_training.data.plan import Plan
from denomae_training.data.written import write_set
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes import RECIPES

FRAMES = 250
FORMATS = ("sigmf", "hdf5")


def plan(form: str = "sigmf", frames: int = FRAMES, recipe: str = "denomae10", seed: int = 7):
    return Plan(RECIPES[recipe], seed, frames, form)


def refused(folder: Path, wanted: Plan) -> str:
    """The sentence with which a set is refused."""
    with pytest.raises(DenomaeError) as caught:
        write_set(wanted, folder, workers=0)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sets")
    for form in FORMATS:
        assert write_set(plan(form), folder / form, workers=0)
    return {form: folder / form for form in FORMATS}


def opened(folder: Path):
    form = folder / "frames.hdf5"
    return open_dataset(form) if form.exists() else open_dataset(folder, frame_length=1024)


@pytest.mark.parametrize("form", FORMATS)
def test_a_set_is_read_back_as_the_items_of_its_recipe_and_seed(sets, form: str) -> None:
    recipe = RECIPES["denomae10"]
    with opened(sets[form]) as frames:
        assert len(frames) == FRAMES
        for index in range(0, FRAMES, 7):
            item = synthesize(recipe, 7, index)
            samples, class_index, snr_db = frames[index]
            np.testing.assert_array_equal(samples, item.noisy)
            assert frames.classes[class_index] == recipe.classes[item.class_index]
            assert snr_db == np.float32(item.snr_db)
        parts = frames.split({"train": 0.7, "validation": 0.15, "test": 0.15})
        assert sum(map(len, parts.values())) == FRAMES


def test_annotations_say_what_was_drawn_and_sigmf_s_own_package_agrees(sets) -> None:
    paths = sorted(sets["sigmf"].glob("*.sigmf-meta"))
    assert len(paths) == 21  # 12 frames each, so that there is something to split by
    recording = sigmf.fromfile(str(paths[1]))
    recording.validate()
    for index, mark in enumerate(recording.get_annotations(), start=12):
        item = synthesize(RECIPES["denomae10"], 7, index)
        assert mark["denomae:index"] == index
        assert mark["denomae:snr_db"] == item.snr_db
        assert mark["denomae:drawn"] == {key: float(value) for key, value in item.drawn.items()}


@pytest.mark.parametrize("form", FORMATS)
def test_the_checksums_are_those_that_sha256sum_computes(sets, form: str) -> None:
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(check, cwd=sets[form], capture_output=True, text=True)
    assert done.returncode == 0
    files = {path.name for path in sets[form].iterdir()} - {"SHA256SUMS"}
    assert {line.split(":")[0] for line in done.stdout.splitlines()} == files


@pytest.mark.parametrize("form", FORMATS)
def test_a_set_of_the_class_noise_has_no_snr_there(tmp_path: Path, form: str) -> None:
    write_set(plan(form, 60, "live"), tmp_path / "a", workers=0)
    with opened(tmp_path / "a") as frames:
        noise = frames.class_index == frames.classes.index("noise")
        assert noise.any() and np.isnan(frames.snr_db[noise]).all()
        assert np.isfinite(frames.snr_db[~noise]).all()


def test_frames_of_unequal_length_lie_in_sigmf_and_are_refused_as_hdf5(tmp_path: Path) -> None:
    write_set(plan("sigmf", 40, "paper10"), tmp_path / "a", workers=0)
    lengths = [
        mark.sample_count
        for path in sorted((tmp_path / "a").glob("*.sigmf-meta"))
        for mark in open_capture(path).annotations
    ]
    items = [synthesize(RECIPES["paper10"], 7, index) for index in range(40)]
    assert lengths == [len(item.noisy) for item in items] and set(lengths) == {1024, 8192}
    said = refused(tmp_path / "b", plan("hdf5", 40, "paper10"))
    assert "has 8192; write the set as sigmf" in said
    assert not list(tmp_path.glob("b*"))


@contextmanager
def process(work: Callable[[], object]) -> Iterator[multiprocessing.process.BaseProcess]:
    """A process of a group of its own, which is killed in the end with all that it started."""

    def run() -> None:
        os.setpgid(0, 0)
        work()

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    try:
        yield child
    finally:
        if child.is_alive():
            os.killpg(child.pid, signal.SIGKILL)
        child.join()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("workers", [0, 2])
def test_a_set_whose_writer_was_killed_is_absent_and_goes_on(
    tmp_path: Path, form: str, workers: int
) -> None:
    wanted = plan(form, frames=5000)
    folder, part = tmp_path / "set", tmp_path / "set.part"
    begun = part / ("frames-00003.sigmf-meta" if form == "sigmf" else "parts-done")
    with process(lambda: write_set(wanted, folder, workers)) as writer:
        while not begun.exists() and writer.is_alive():
            time.sleep(0.002)  # the kill comes at any point of a part
    assert writer.exitcode == -signal.SIGKILL
    assert not folder.exists() and begun.exists()
    kept = {path: path.stat().st_mtime_ns for path in part.glob("*-0000[0-3].sigmf-*")}
    added: list[int] = []
    assert write_set(wanted, folder, workers, added.append)
    assert not part.exists() and sum(added) == 5000
    assert added[0] >= wanted.frames_a_part  # what was whole was not made again
    for path, changed in kept.items():
        assert (folder / path.name).stat().st_mtime_ns == changed
    write_set(wanted, tmp_path / "whole", workers=0)
    sums = [(tmp_path / name / "SHA256SUMS").read_text() for name in ("set", "whole")]
    assert sums[0] == sums[1]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a full disk, a write beyond it fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("limit", [0, 100, 3000, 90_000, 10**6])
def test_a_full_disk_is_one_sentence_and_nothing_is_left(
    tmp_path: Path, form: str, limit: int
) -> None:
    wanted = plan(form, frames=4000 if limit == 10**6 else FRAMES)
    with largest_file(limit):
        said = refused(tmp_path / "set", wanted)
    assert "cannot be written" in said
    assert not list(tmp_path.iterdir())


def test_a_set_for_which_there_is_no_room_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2 * 10**9, 10**9, 10**9))
    said = refused(tmp_path / "deep" / "set", plan(frames=20_000_000))
    assert "would take about 182 GB, and 1 GB are free there" in said
    assert not list(tmp_path.iterdir())


def test_another_set_is_never_touched(sets, tmp_path: Path) -> None:
    folder = sets["sigmf"]
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert not write_set(plan(), folder)  # the very same: there is nothing to do
    for other, words in (
        (plan(frames=251), "differ in frames; choose another name"),
        (plan(seed=8), "differ in seed;"),
        (plan("hdf5"), "differ in format;"),
        (plan(recipe="live11"), "differ in recipe, classes, "),
    ):
        assert words in refused(folder, other)
    assert before == {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    mine, thesis = tmp_path / "mine", tmp_path / "other" / "thesis.txt"
    mine.mkdir()
    assert write_set(plan(frames=20), mine, workers=0)  # an empty folder is free
    thesis.parent.mkdir()
    thesis.write_text("all of it")
    assert "is there, and is no set of this program" in refused(tmp_path / "other", plan())
    thesis.parent.rename(tmp_path / "new.part")
    assert "is there, and is no set of this program" in refused(tmp_path / "new", plan())
    assert (tmp_path / "new.part" / "thesis.txt").read_text() == "all of it"


def test_two_writers_of_one_set_do_not_meet(tmp_path: Path) -> None:
    wanted = plan(frames=1_000_000)
    with process(lambda: write_set(wanted, tmp_path / "set", workers=0)) as writer:
        while not list(tmp_path.glob("set.part/*-meta")) and writer.is_alive():
            time.sleep(0.01)
        assert "is being written by another process" in refused(tmp_path / "set", wanted)
        assert writer.is_alive()
    assert (tmp_path / "set.part" / "set.json").exists()


@pytest.mark.parametrize("frames", [0, -5, 20_000_001])
def test_a_number_of_frames_that_no_set_has_is_refused(tmp_path: Path, frames: int) -> None:
    assert "wanted 1 to 20000000 frames" in refused(tmp_path / "set", plan(frames=frames))
    assert not list(tmp_path.iterdir())


def test_a_set_says_all_that_it_takes_to_make_it_again(sets) -> None:
    record = json.loads((sets["hdf5"] / "set.json").read_text())
    assert (record["recipe"], record["seed"], record["frames"]) == ("denomae10", 7, FRAMES)
    assert record["classes"] == list(RECIPES["denomae10"].classes)
    low, high = record["parameters"]["snr_db"]
    assert math.isfinite(low) and low < high


def test_the_command_writes_a_set_and_says_so(tmp_path: Path, capsys) -> None:
    call = ["synth", "--write", str(tmp_path / "set"), "--frames", "30", "--recipe", "denomae10"]
    assert main(call) == 0
    assert "set holds 30 frames of denomae10, seed 1," in capsys.readouterr().out
    assert main(call) == 0
    assert "it was whole already" in capsys.readouterr().out
    assert main([*call, "--seed", "2"]) == 2
    assert "differ in seed" in capsys.readouterr().err
