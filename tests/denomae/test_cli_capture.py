# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae capture`: shows, converts and cuts recordings of any size, without torch."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from denomae.captures import Annotation, open_capture, write_sigmf
from denomae.cli import main

SAMPLES = (0.5 * np.exp(0.1j * np.arange(10_000))).astype(np.complex64)
MARKS = [
    Annotation(1000, 2000, "qpsk", snr_db=10.0),
    Annotation(4000, 500, "fm"),
    Annotation(6000, 1000, "qpsk"),
]


@pytest.fixture()
def recording(tmp_path: Path) -> Path:
    return write_sigmf(tmp_path / "in", SAMPLES, 1e4, 433.92e6, MARKS, "a tone", author="Ann")


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    assert main([str(each) for each in ("capture", *arguments)]) == code
    return capsys.readouterr()


def test_info_shows_what_a_recording_is(recording: Path, capsys) -> None:
    text, _ = said(capsys, "info", recording)
    for words in (
        "SigMF, cf32_le (I and Q)",
        "10,000",
        "10 kHz",
        "1 s",
        "433.92 MHz",
        "a tone",
        "Ann",
        "mean -6.0 dBFS, peak -6.0 dBFS",
    ):
        assert words in text
    rows = [line.split() for line in text.splitlines()]
    assert ["qpsk", "2", "3,000", "30.0%"] in rows and ["fm", "1", "500", "5.0%"] in rows


def test_info_as_json_has_everything(recording: Path, capsys) -> None:
    about = json.loads(said(capsys, "info", recording, "--json")[0])
    assert about["format"] == "SigMF" and about["sample_rate_hz"] == 1e4
    assert about["labels"][0] == {"label": "qpsk", "annotations": 2, "samples": 3000}
    assert about["segments"][0]["center_frequency_hz"] == 433.92e6
    assert about["look"]["mean_dbfs"] == pytest.approx(-6.02, abs=0.01)
    assert about["about"] == {"core:author": "Ann"} and about["duration_s"] == 1


def test_info_of_a_collection_lists_its_recordings(recording: Path, tmp_path: Path, capsys) -> None:
    path = tmp_path / "all.sigmf-collection"
    path.write_text(json.dumps({"collection": {"core:streams": [{"name": "in"}]}}))
    text, _ = said(capsys, "info", path)
    assert "collection of 1 recording" in text and "in.sigmf-meta" in text
    assert json.loads(said(capsys, "info", path, "--json")[0])["recordings"][0]["name"]


@pytest.mark.parametrize("kind", ["wav", "cu8", "archive", "tim"])
def test_every_format_is_converted(tmp_path: Path, capsys, kind: str) -> None:
    numbers = np.random.default_rng(1).integers(1, 255, 4000).astype(np.uint8)
    path = tmp_path / f"a.{kind}"
    if kind == "wav":
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 1, 48000, 2000, "NONE", ""))
            file.writeframes(numbers.tobytes())
    elif kind == "cu8":
        numbers.tofile(path)
    elif kind == "tim":
        path.write_bytes(np.array([2, 100], "<i4").tobytes() + SAMPLES[:100].tobytes())
    else:
        import sigmf

        pair = write_sigmf(tmp_path / "b", SAMPLES, 1e6, annotations=MARKS)
        path = tmp_path / "a.sigmf"
        sigmf.fromfile(str(pair)).archive(str(path))
    _, told = said(capsys, "convert", path, tmp_path / "out", "--sample-rate", 2e6)
    assert "out.sigmf-meta holds" in told
    with open_capture(path) as first, open_capture(tmp_path / "out") as second:
        np.testing.assert_array_equal(
            first.read(0, first.sample_count), second.read(0, second.sample_count)
        )
        assert second.sample_rate_hz == 2e6
        assert list(first.annotations) == list(second.annotations)


@pytest.mark.parametrize(
    ("options", "span"),
    [
        (["--samples", 2500, 4100], (2500, 4100)),
        (["--seconds", 0.25, 0.41], (2500, 4100)),
        (["--label", "fm"], (4000, 4500)),
        (["--label", "qpsk", "--number", 2], (6000, 7000)),
    ],
)
def test_cut_takes_samples_seconds_or_a_label(
    recording: Path, tmp_path: Path, capsys, options: list, span: tuple[int, int]
) -> None:
    said(capsys, "cut", recording, tmp_path / "out", *options)
    with open_capture(tmp_path / "out") as cut:
        np.testing.assert_array_equal(cut.read(0, cut.sample_count), SAMPLES[slice(*span)])
        first = cut.annotations[0]
    expected = next(m for m in MARKS if m.sample_stop > span[0])
    assert first.label == expected.label and first.snr_db == expected.snr_db
    assert first.sample_start == max(0, expected.sample_start - span[0])


def test_a_label_may_be_put_on_what_is_written(recording: Path, tmp_path: Path, capsys) -> None:
    span = ["--samples", 3500, 4200, "--mark", "8psk"]
    said(capsys, "cut", recording, tmp_path / "a", *span)
    said(capsys, "convert", recording, tmp_path / "b", "--mark", "8psk")
    for name, marks in (
        ("a", [(0, 700, "8psk"), (500, 200, "fm")]),
        ("b", [(0, 10_000, "8psk"), *((m.sample_start, m.sample_count, m.label) for m in MARKS)]),
    ):
        found = open_capture(tmp_path / name).annotations
        assert [(m.sample_start, m.sample_count, m.label) for m in found] == marks


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "0 of --samples, --seconds and --label are given"),
        (["--samples", 0, 5, "--label", "fm"], "2 of --samples"),
        (["--label", "am"], "no annotation 'am'; its labels are fm, qpsk"),
        (["--label", "qpsk", "--number", 3], "has 2 annotations 'qpsk', wanted --number 1 to 2"),
        (["--seconds", 0.5, "nan"], "wanted two times"),
        (["--seconds", 0.5, 2], "samples 5000 to 20000 were asked of in.sigmf-meta"),
        (["--samples", 5, 5], "wanted one or more of its 10000"),
    ],
)
def test_a_cut_that_cannot_be_is_one_sentence(
    recording: Path, tmp_path: Path, capsys, options: list, words: str
) -> None:
    _, told = said(capsys, "cut", recording, tmp_path / "out", *options, code=2)
    assert words in told and told.count("\n") == 1
    assert not list(tmp_path.glob("out*"))


def test_seconds_need_a_rate(tmp_path: Path, capsys) -> None:
    SAMPLES.tofile(tmp_path / "a.cf32")
    _, told = said(capsys, "cut", tmp_path / "a.cf32", tmp_path / "b", "--seconds", 0, 1, code=2)
    assert "does not say its sample rate" in told


# --- in a process of its own: torch, time, memory ---

RUN = """
import resource, sys
from denomae.cli import main
code = main(sys.argv[1:])
print(int("torch" in sys.modules), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, code)
"""


def alone(*arguments: object) -> tuple[bool, int]:
    """Runs a command; whether it imported torch, and the most memory that it had, in KiB."""
    command = [sys.executable, "-c", RUN, "capture", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    torch, memory, code = done.stdout.splitlines()[-1].split()
    assert code == "0", done.stderr
    return torch == "1", int(memory)


def test_no_subcommand_imports_torch(recording: Path, tmp_path: Path) -> None:
    for arguments in (
        ["info", recording],
        ["convert", recording, tmp_path / "b", "--store", "ci16_le"],
        ["cut", recording, tmp_path / "c", "--label", "fm"],
    ):
        assert not alone(*arguments)[0]


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    used = []
    for name, size in (("small", 10**6), ("large", 500 * 10**6)):
        path = tmp_path / f"{name}.cf32"
        with open(path, "wb") as file:
            file.truncate(size)
        for arguments in (
            ["info", path],
            ["convert", path, tmp_path / f"{name}-copy", "--store", "ci16_le"],
            ["cut", path, tmp_path / f"{name}-cut", "--samples", 0, size // 8],
        ):
            used.append(alone(*arguments)[1])
        for left in tmp_path.glob(f"{name}-*"):
            left.unlink()
    growth = [large - small for small, large in zip(used[:3], used[3:], strict=True)]
    assert max(growth) < 100 * 1024, growth


def test_nor_with_its_annotations(tmp_path: Path) -> None:
    marks = (Annotation(n, 1, "qpsk") for n in range(150_000))
    path = write_sigmf(tmp_path / "a", np.zeros(150_000, np.complex64), 1e6, annotations=marks)
    few = write_sigmf(tmp_path / "b", np.zeros(150_000, np.complex64), 1e6)
    small = alone("convert", few, tmp_path / "c")[1]
    large = alone("convert", path, tmp_path / "d")[1]
    assert large - small < 300 * 1024
    assert len(open_capture(tmp_path / "d").annotations) == 150_000


@pytest.mark.parametrize("kind", ["raw", "sigmf", "wav"])
def test_twenty_gigabytes_open_at_once_in_little_memory(tmp_path: Path, kind: str) -> None:
    """Of zeros that take no room on the disk; a reader that walks through them would time out."""
    size = 20 * 10**9
    path = tmp_path / "a.ci16"
    if kind == "sigmf":
        meta = write_sigmf(tmp_path / "a", SAMPLES, 1e6, datatype="ci16_le", annotations=MARKS)
        path = meta.with_suffix(".sigmf-data")
    if kind == "wav":
        path = tmp_path / "a.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, 48000, 100, "NONE", ""))
            file.writeframes(bytes(400))
    with open(path, "r+b" if kind != "raw" else "wb") as file:
        file.truncate(size)
    _, small = alone("info", write_sigmf(tmp_path / "small", SAMPLES, 1e6))
    _, large = alone("info", path)
    assert large - small < 300 * 1024
    _, cut = alone("cut", path, tmp_path / "out", "--samples", 4 * 10**9, 4 * 10**9 + 1000)
    assert cut - small < 300 * 1024 and open_capture(tmp_path / "out").sample_count == 1000
