# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo, run as a user runs it, with the shipped model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gnuradio.denomae")

from denomae import Engine
from denomae.captures import open_capture
from denomae.labels import Label

ROOT = Path(__file__).parents[2]
CAPTURE = ROOT / "examples" / "captures" / "demo.sigmf-meta"
FRAME_LENGTH = 1024

pytestmark = pytest.mark.timeout(240)


def run_demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "examples" / "demo" / "run_demo.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One run as fast as the model can, on the CPU, so that the figures are everybody's."""
    output = tmp_path_factory.mktemp("demo") / "output"
    return run_demo(output, "--speed", "0", "--device", "cpu"), output


@pytest.fixture(scope="module")
def labels(demo: tuple[subprocess.CompletedProcess[str], Path]) -> list[Label]:
    lines = (demo[1] / "labels.jsonl").read_text().splitlines()
    return [Label.from_json(line) for line in lines]


def test_the_demo_succeeds_and_says_how_well(demo) -> None:
    finished, _ = demo
    assert finished.returncode == 0, finished.stdout + finished.stderr
    reached = re.search(r"Accuracy at 10 dB and above: ([\d.]+)% of (\d+) frames", finished.stdout)
    assert reached and float(reached[1]) >= 90.0
    assert int(reached[2]) >= 10 * 50
    given = re.search(r"Labels: (\d+) given, (\d+) received .* 0 missing", finished.stdout)
    assert given and given[1] == given[2] and int(given[1]) > 600
    assert "CPU" in finished.stdout


def test_nine_in_ten_labels_are_right_by_another_count(labels: list[Label]) -> None:
    """Counted per sample span from the annotations, without the demo's own scoring."""
    meta = json.loads(CAPTURE.read_text())
    owner = np.full(CAPTURE.with_suffix(".sigmf-data").stat().st_size // 4, -1)
    for number, mark in enumerate(meta["annotations"]):
        owner[mark["core:sample_start"] :][: mark["core:sample_count"]] = number
    right = total = 0
    for label in labels:
        owners = np.unique(owner[label.sample_offset :][: label.sample_count])
        if len(owners) != 1 or owners[0] < 0:
            continue
        truth = meta["annotations"][owners[0]]
        if truth.get("denomae:snr_db", -99) >= 10:
            total += 1
            right += label.label == truth["core:label"]
    assert total >= 10 * 50
    assert right / total >= 0.9


def test_every_label_is_there_once_and_in_order(labels: list[Label]) -> None:
    assert [label.sequence for label in labels] == list(range(len(labels)))
    offsets = [label.sample_offset for label in labels]
    assert offsets == sorted(set(offsets))
    assert all(offset % FRAME_LENGTH == 0 for offset in offsets)
    assert {label.center_frequency_hz for label in labels} == {433_920_000.0}
    assert {label.sample_rate_hz for label in labels} == {32_000.0}
    assert {label.dropped_frames for label in labels} == {0}


def test_the_flowgraph_says_what_the_library_says(labels: list[Label]) -> None:
    """The same frames, read and classified without GNU Radio."""
    capture = open_capture(CAPTURE)
    frames = np.stack([capture.read(label.sample_offset, FRAME_LENGTH) for label in labels])
    engine = Engine.load(device="cpu")
    expected = engine.classify(np.ascontiguousarray(frames))
    same = [a.label == b.label for a, b in zip(labels, expected, strict=True)]
    # Batches are cut elsewhere, and sums of another order round differently: a close call may flip.
    assert np.mean(same) >= 0.99
    apart = [abs(a.confidence - b.confidence) for a, b in zip(labels, expected, strict=True)]
    assert np.median(apart) < 0.01


def test_what_the_gate_holds_back_is_the_silence(labels: list[Label]) -> None:
    meta = json.loads(CAPTURE.read_text())
    classified = {label.sample_offset for label in labels}
    for mark in meta["annotations"]:
        begin, end = (
            mark["core:sample_start"],
            mark["core:sample_start"] + mark["core:sample_count"],
        )
        first, last = -(-begin // FRAME_LENGTH), end // FRAME_LENGTH
        assert {number * FRAME_LENGTH for number in range(first, last)} <= classified
    total = CAPTURE.with_suffix(".sigmf-data").stat().st_size // 4 // FRAME_LENGTH
    assert len(classified) < total - 20


def test_the_annotated_capture_keeps_the_truth_and_adds_the_labels(demo, labels) -> None:
    sigmf = pytest.importorskip("sigmf")
    written = demo[1] / "labelled.sigmf-meta"
    sigmf.fromfile(str(written)).validate()
    truth = [mark.label for mark in open_capture(CAPTURE).annotations]
    marks = list(open_capture(written).annotations)
    assert [mark.label for mark in marks if mark.generator == "ground truth"] == truth
    ours = [mark for mark in marks if mark.generator.startswith("denomae ")]
    assert sum(mark.sample_count for mark in ours) == len(labels) * FRAME_LENGTH
    assert len(ours) < len(labels)


def test_a_picture_is_left(demo) -> None:
    from matplotlib import image

    picture = image.imread(demo[1] / "demo.png")
    assert picture.shape[0] > 900 and picture.shape[1] > 1200
    assert picture[..., :3].std() > 0.05


def test_at_four_times_real_time_it_reports_while_it_plays(tmp_path: Path) -> None:
    begin = time.monotonic()
    finished = run_demo(tmp_path / "output", "--speed", "4")
    seconds = time.monotonic() - begin
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert seconds >= 25 / 4
    status = re.findall(r"^ *(\d+) s of 26 .* (\d+) frames, (\d+) dropped", finished.stdout, re.M)
    assert len(status) >= 4
    assert [int(frames) for _, frames, _ in status] == sorted(int(f) for _, f, _ in status)


def test_a_model_that_knows_nothing_fails_with_one_sentence(
    tmp_path: Path, nano_checkpoint: Path
) -> None:
    finished = run_demo(tmp_path / "output", "--speed", "0", "--checkpoint", nano_checkpoint)
    assert finished.returncode == 1
    assert "are right, wanted 90%." in finished.stdout.splitlines()[-1]
    said = finished.stderr.splitlines()  # to such a model every frame is strong, narrow am as well
    assert len(said) <= 1 and all("a frame is doubtful: narrow" in line for line in said)


def test_a_missing_checkpoint_is_one_sentence_and_no_traceback(tmp_path: Path) -> None:
    finished = run_demo(tmp_path / "output", "--checkpoint", tmp_path / "nowhere")
    assert finished.returncode == 2
    assert "nowhere" in finished.stderr
    assert "Traceback" not in finished.stderr and len(finished.stderr.splitlines()) == 1


@pytest.mark.long
def test_at_its_own_speed_nothing_is_dropped(tmp_path) -> None:
    finished = run_demo(tmp_path / "output")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert " 0 dropped. Latency: median" in finished.stdout
    assert len(re.findall(r"s of 26 .* frames, 0 dropped", finished.stdout)) >= 20
