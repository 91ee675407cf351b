# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae classify` on recordings good and bad; the weights are untrained, only the way counts."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sigmf
from test_labels import EXAMPLE

from denomae.captures import Annotation, open_capture, write_sigmf
from denomae.cli import main
from denomae.cli.timeline import Timeline
from denomae.engine import Engine
from denomae.labels import Label
from denomae.smoothing import Smoother

FRAME = 1024


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    """Ten frames and a half: noise, of which frame 3 is zero and frame 5 holds a NaN."""
    rng = np.random.default_rng(7)
    samples = (rng.standard_normal((FRAME * 10 + 512, 2)) * 0.1).astype(np.float32)
    samples = samples.view(np.complex64)[:, 0]
    samples[3 * FRAME : 4 * FRAME] = 0
    samples[5 * FRAME + 17] = np.nan
    return samples


@pytest.fixture()
def recording(tmp_path: Path, samples: np.ndarray) -> Path:
    truth = [Annotation(0, 2000, "noise")]
    return write_sigmf(tmp_path / "in", samples, 1e6, 433e6, truth, time="2026-03-01T12:00:00Z")


@pytest.fixture()
def options(nano_checkpoint: Path) -> list[str]:
    return ["--checkpoint", str(nano_checkpoint), "--device", "cpu", "--precision", "fp32"]


def test_json_lines_are_the_engine_s_labels_in_their_places(
    recording: Path,
    samples: np.ndarray,
    options: list[str],
    nano_checkpoint: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["classify", str(recording), "--json", "--batch-size", "3", *options]) == 0
    out, err = capsys.readouterr()
    labels = [Label.from_json(line) for line in out.splitlines()]
    kept = [0, 1, 2, 4, 6, 7, 8, 9]
    assert [label.sample_offset for label in labels] == [FRAME * i for i in kept]
    assert [label.sequence for label in labels] == list(range(8))
    assert {label.source for label in labels} == {"in.sigmf-meta"}
    assert labels[1].time == "2026-03-01T12:00:00.001024000Z"
    assert (labels[1].center_frequency_hz, labels[1].sample_rate_hz) == (433e6, 1e6)
    engine = Engine.load(nano_checkpoint, "cpu", "fp32")
    direct = engine.classify(samples[: 10 * FRAME].reshape(10, FRAME)[kept])
    for label, same in zip(labels, direct, strict=True):
        assert label.label == same.label
        assert label.confidence == pytest.approx(same.confidence, abs=1e-4)
    assert "1 frame of nothing but zeros" in err
    assert "1 frame with NaN or infinity" in err
    assert "512 samples at its end" in err


def test_the_labels_of_a_recording_vote_together_when_they_are_asked_to(
    recording: Path,
    options: list[str],
    nano_checkpoint: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def lines(*more: str) -> list[Label]:
        assert main(["classify", str(recording), "--json", *more, *options]) == 0
        return [Label.from_json(line) for line in capsys.readouterr().out.splitlines()]

    engine = Engine.load(nano_checkpoint, "cpu", "fp32")
    vote = Smoother(engine.families, 4, threshold=engine.threshold)
    wanted = [vote(label) for label in lines()]
    given = lines("--smooth", "4")
    assert [x.label for x in given] == [x.label for x in wanted]
    for one, same in zip(given, wanted, strict=True):
        assert one.probabilities == pytest.approx(same.probabilities, abs=1e-4)
    assert given[-1].probabilities != lines()[-1].probabilities
    assert main(["classify", str(recording), "--smooth", "1000", *options]) == 2
    assert "1000 frames were to vote together" in capsys.readouterr().err


def test_the_hop_overlaps_frames(
    recording: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", str(recording), "--json", "--hop", "512", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    # 20 frames; the one that is all zero and the two that hold the NaN get no label.
    assert len(lines) == 17
    assert json.loads(lines[1])["sample_offset"] == 512


def test_the_summary_counts_every_frame_once(
    recording: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", str(recording), *options]) == 0
    out = capsys.readouterr().out
    assert "in.sigmf-meta: 10752 samples (cf32_le) at 1 MHz" in out
    assert "8 labels" in out
    shares, runs = (part.splitlines() for part in out.split("confidence")[1:])
    counts = [int(line.split()[1]) for line in shares if "%" in line]
    assert sum(counts) == 8
    # Frames 3 and 5 have no label, so that a run ends before each, whatever the labels are.
    rows = [line.split() for line in runs if line.strip().startswith("0.0")]
    assert sum(int(row[2]) for row in rows) == 8
    spans = [(float(row[0]), float(row[1])) for row in rows]
    assert spans[0][0] == 0.0 and spans[-1][1] == 0.010
    gaps = [(stop, start) for (_, stop), (start, _) in zip(spans, spans[1:], strict=False)]
    assert (0.003, 0.004) in gaps and (0.005, 0.006) in gaps


def test_annotated_sigmf_holds_the_labels_beside_the_truth(
    tmp_path: Path, recording: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.sigmf-meta"
    assert main(["classify", str(recording), "--json", "--output", str(output), *options]) == 0
    labels = [Label.from_json(line) for line in capsys.readouterr().out.splitlines()]
    marked = sigmf.fromfile(str(output))
    marked.validate()
    marks = [m for m in marked.get_annotations() if "denomae:label" in m]
    assert [m["core:sample_start"] for m in marks] == [label.sample_offset for label in labels]
    assert [m["denomae:confidence"] for m in marks] == [label.confidence for label in labels]
    with open_capture(output) as capture:
        assert capture.annotations[0].label == "noise" and capture.annotations[0].generator == ""
    assert main(["classify", str(recording), "--output", str(output), *options]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["classify", str(recording), "--output", str(output), "--force", *options]) == 0


def test_raw_samples_take_their_rate_from_the_command(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    raw = np.random.default_rng(1).integers(0, 256, 2 * FRAME).astype(np.uint8)
    (tmp_path / "dongle.bin").write_bytes(raw.tobytes())
    command = ["classify", str(tmp_path / "dongle.bin"), "--json", *options]
    assert main(command) == 2
    assert "--datatype" in capsys.readouterr().err
    command += ["--datatype", "cu8", "--sample-rate", "2.4e6", "--center-frequency", "868.3e6"]
    assert main(command) == 0
    label = Label.from_json(capsys.readouterr().out)
    assert (label.sample_rate_hz, label.center_frequency_hz) == (2.4e6, 868.3e6)


@pytest.mark.parametrize(
    ("count", "words"), [(0, "has 0 samples"), (1, "has 1 sample,"), (1023, "less than one frame")]
)
def test_a_capture_shorter_than_a_frame_is_one_sentence(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str], count: int, words: str
) -> None:
    (tmp_path / "short.ci8").write_bytes(b"\1" * (2 * count))
    assert main(["classify", str(tmp_path / "short.ci8"), *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and words in err


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_no_label_is_invented_for_a_capture_of_nothing(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str], value: float
) -> None:
    np.full(2 * FRAME, value, np.complex64).tofile(tmp_path / "nothing.cf32")
    assert main(["classify", str(tmp_path / "nothing.cf32"), "--json", *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "2 frames" in err and "none of its 2 frames" in err


@pytest.mark.parametrize(
    ("extra", "words"),
    [(["--hop", "0"], "the hop is 0"), (["--batch-size", "0"], "batch size is 0"),
     (["--sample-rate", "nan"], "sample rate is nan"), (["--precision", "fp8"], "fp8")],
)  # fmt: skip
def test_an_option_out_of_range_is_one_sentence(
    recording: Path,
    options: list[str],
    capsys: pytest.CaptureFixture[str],
    extra: list[str],
    words: str,
) -> None:
    assert main(["classify", str(recording), *options, *extra]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and words in err


def test_a_reader_who_leaves_is_no_error(tmp_path: Path, nano_checkpoint: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "long.ci8"
    path.write_bytes(rng.integers(0, 256, 2 * FRAME * 200).astype(np.uint8).tobytes())
    command = [sys.executable, "-m", "denomae", "classify", str(path), "--json"]
    command += ["--checkpoint", str(nano_checkpoint), "--device", "cpu"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        Label.from_json(run.stdout.readline())
        run.stdout.close()
        assert run.stderr.read() == ""
    assert run.returncode == 141


def test_runs_end_at_gaps_and_only_the_longest_are_kept() -> None:
    def label(name: str, offset: int, verdict: str = "known") -> Label:
        return replace(EXAMPLE, label=name, verdict=verdict, sample_offset=offset, sample_count=10)

    timeline = Timeline(hop=10, longest=2)
    a, b, c = ([label(name, offset) for offset in range(0, 90, 10)] for name in "abc")
    for item in [a[0], a[1], a[3], b[4], label("b", 50, "unknown"), c[6], c[7], c[8]]:
        timeline.add(item)
    runs = [(run.name, run.first_sample, run.stop_sample, run.frames) for run in timeline.runs()]
    assert runs == [("a", 0, 20, 2), ("c", 60, 90, 3)]
    assert timeline.run_count == 5
    assert {name: share.frames for name, share in timeline.shares.items()} == {
        "a": 3, "b": 1, "unknown": 1, "c": 3,
    }  # fmt: skip
