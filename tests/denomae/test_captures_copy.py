# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a recording, whole or in part, holds its samples, its times and its annotations."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sigmf
from hypothesis import given, settings
from hypothesis import strategies as st

from denomae.captures import Annotation, CaptureError, copy_capture, open_capture, write_sigmf
from denomae.captures.look import STRETCH_SAMPLES, STRETCHES, look

SAMPLES = (np.arange(1000) + 1j * np.arange(1000)[::-1]).astype(np.complex64) / 1000
MARKS = [
    Annotation(0, 500, "bpsk", generator="by hand"),
    Annotation(100, 0, "a point"),
    Annotation(400, 200, "qpsk", "both", "", 1.0, 2.0, snr_db=12.5),
    Annotation(600, None, "noise"),
]
TIME = "2026-03-01T12:00:00.000000000Z"


@pytest.fixture()
def recording(tmp_path: Path) -> Path:
    """Two segments, of which the second begins at sample 700."""
    path = write_sigmf(tmp_path / "in", SAMPLES, 1e3, 433e6, MARKS, "a test", time=TIME, author="A")
    document = json.loads(path.read_text())
    document["global"]["core:license"] = "https://spdx.org/licenses/CC0-1.0.html"
    document["captures"].append({"core:sample_start": 700, "core:frequency": 868e6})
    path.write_text(json.dumps(document))
    return path


def test_a_whole_copy_is_the_recording(recording: Path, tmp_path: Path) -> None:
    with open_capture(recording) as capture:
        copied = copy_capture(capture, tmp_path / "out")
        assert (copied.sample_count, copied.annotation_count, copied.clipped_numbers) == (
            1000,
            4,
            0,
        )
        with open_capture(copied.path) as again:
            np.testing.assert_array_equal(again.read(0, 1000), SAMPLES)
            assert list(again.annotations) == list(capture.annotations) == MARKS
            assert again.segments == capture.segments
            assert again.about == capture.about
            assert again.about["core:author"] == "A" and "CC0" in again.about["core:license"]
            assert again.description == "a test"
    sigmf.fromfile(str(copied.path)).validate()  # the hash of the samples too


@settings(max_examples=150)
@given(start=st.integers(0, 999), count=st.integers(1, 1000))
def test_every_sample_of_a_cut_has_the_labels_time_and_frequency_that_it_had(
    tmp_path_factory: pytest.TempPathFactory, start: int, count: int
) -> None:
    stop = min(1000, start + count)
    folder = tmp_path_factory.mktemp("cut")
    path = write_sigmf(folder / "in", SAMPLES, 1e3, 433e6, MARKS, time=TIME)
    document = json.loads(path.read_text())
    document["captures"].append({"core:sample_start": 700, "core:frequency": 868e6})
    path.write_text(json.dumps(document))
    with open_capture(path) as whole:
        copied = copy_capture(whole, folder / "out", (start, stop))
        with open_capture(copied.path) as cut:
            np.testing.assert_array_equal(cut.read(0, stop - start), SAMPLES[start:stop])
            for at in {0, (stop - start) // 2, stop - start - 1}:
                here, there = cut.place(at, 1), whole.place(start + at, 1)
                assert (here.time, here.center_frequency_hz) == (
                    there.time,
                    there.center_frequency_hz,
                )
            labels_of = [
                [
                    {m.label for m in each.annotations if m.sample_start <= at < each.stop_of(m)}
                    for at in range(first, first + stop - start)
                ]
                for each, first in ((cut, 0), (whole, start))
            ]
            assert labels_of[0] == labels_of[1]
            assert all(cut.stop_of(m) <= stop - start for m in cut.annotations)
            assert {m.snr_db for m in cut.annotations if m.label == "qpsk"} <= {12.5}


def test_raw_samples_are_copied_to_the_byte_and_stored_otherwise_when_asked(tmp_path: Path) -> None:
    stored = np.random.default_rng(0).integers(0, 256, 2000, np.uint8)
    stored.tofile(tmp_path / "r.cu8")
    with open_capture(tmp_path / "r.cu8") as capture:
        copied = copy_capture(capture, tmp_path / "same", (100, 900))
        assert (tmp_path / "same.sigmf-data").read_bytes() == stored[200:1800].tobytes()
        assert "core:sample_rate" not in json.loads(copied.path.read_text())["global"]
        copied = copy_capture(capture, tmp_path / "other", datatype="ci16_le")
        assert copied.clipped_numbers == np.count_nonzero(stored == 255)
        with open_capture(copied.path) as again:
            np.testing.assert_allclose(again.read(0, 1000), capture.read(0, 1000), atol=2**-14)
    (tmp_path / "real.ri16").write_bytes(np.arange(500, dtype="<i2").tobytes())
    with open_capture(tmp_path / "real.ri16") as capture:
        copy_capture(capture, tmp_path / "analytic", datatype="cf32_le")
        with open_capture(tmp_path / "analytic") as again:
            np.testing.assert_array_equal(again.read(0, 500), capture.read(0, 500))


@pytest.mark.parametrize(
    ("span", "options", "words"),
    [
        ((5, 5), {}, "samples 5 to 5 were asked of in.sigmf-meta, wanted one or more of its 1000"),
        ((-1, 5), {}, "wanted one or more"),
        ((0, 1001), {}, "wanted one or more"),
        (None, {"datatype": "rf32_le"}, "wanted a complex one"),
        (None, {"datatype": "c"}, "wanted a SigMF one"),
    ],
)
def test_what_cannot_be_copied_is_one_sentence(
    recording: Path, tmp_path: Path, span: tuple[int, int] | None, options: dict, words: str
) -> None:
    with open_capture(recording) as capture, pytest.raises(CaptureError, match=words):
        copy_capture(capture, tmp_path / "out", span, **options)
    assert not list(tmp_path.glob("out*"))


def test_nothing_is_overwritten_unasked_and_the_source_never(
    recording: Path, tmp_path: Path
) -> None:
    before = recording.read_bytes(), (tmp_path / "in.sigmf-data").read_bytes()
    write_sigmf(tmp_path / "out", SAMPLES[:10], 1e6)
    (tmp_path / "link.sigmf-data").symlink_to(tmp_path / "in.sigmf-data")
    with open_capture(recording) as capture:
        for name, force, words in (
            ("out", False, "exists already"),
            ("in", True, "capture's own"),
            ("link", True, "capture's own"),
        ):
            with pytest.raises(CaptureError, match=words):
                copy_capture(capture, tmp_path / name, overwrite=force)
        copy_capture(capture, tmp_path / "out", overwrite=True)
    assert before == (recording.read_bytes(), (tmp_path / "in.sigmf-data").read_bytes())
    assert open_capture(tmp_path / "out").sample_count == 1000


COPY = """
import sys
from denomae.captures import copy_capture, open_capture
{before}
with open_capture(sys.argv[1]) as capture:
    copy_capture(capture, sys.argv[2], overwrite=True)
"""
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
KILLED = """
import os, signal
from denomae.captures import copying
chunks = copying._stored
def stored(*arguments):
    for number, piece in enumerate(chunks(*arguments)):
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        yield piece
copying._stored = stored
"""


def copy_in_a_process(before: str, source: Path, target: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", COPY.format(before=before), str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture()
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.cf32"
    np.zeros(2**20, np.complex64).tofile(path)
    return path


@pytest.mark.parametrize("limit", [0, 1000, 2**22, 2**23])
def test_a_full_disk_is_one_sentence_and_nothing_is_left(
    large: Path, tmp_path: Path, limit: int
) -> None:
    """2**23 bytes hold all samples, and no more than those: a limit on each file, not on both."""
    done = copy_in_a_process(FULL.format(limit=limit), large, tmp_path / "out")
    if limit == 2**23:
        assert done.returncode == 0 and len(list(tmp_path.glob("out*"))) == 2
        return
    assert "CaptureError" in done.stderr and "out.sigmf-data cannot be written: " in done.stderr
    assert not list(tmp_path.glob("out*"))


def test_after_a_kill_the_old_pair_is_there_and_whole(large: Path, tmp_path: Path) -> None:
    before = write_sigmf(tmp_path / "out", SAMPLES, 1e6, annotations=MARKS)
    done = copy_in_a_process(KILLED, large, tmp_path / "out")
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "out.sigmf-data.part").exists()  # it was under way
    with open_capture(before) as capture:
        np.testing.assert_array_equal(capture.read(0, 1000), SAMPLES)
        assert list(capture.annotations) == MARKS
    done = copy_in_a_process("", large, tmp_path / "out")  # what was left is in nobody's way
    assert done.returncode == 0 and not list(tmp_path.glob("*.part"))
    assert open_capture(before).sample_count == 2**20


# --- a bounded look ---


def test_levels_are_those_of_the_samples(tmp_path: Path) -> None:
    samples = 0.5 * np.exp(0.3j * np.arange(100_000)) + 0.01
    samples[:1000] = 0
    samples[5000] = np.nan
    write_sigmf(tmp_path / "a", samples.astype(np.complex64), 1e6)
    seen = look(open_capture(tmp_path / "a"))
    assert seen.sample_count == 100_000 and seen.not_finite == 1
    power = np.nanmean(np.abs(samples) ** 2)
    assert seen.mean_dbfs == pytest.approx(10 * np.log10(power), abs=0.01)
    assert seen.peak_dbfs == pytest.approx(20 * np.log10(0.51), abs=0.01)
    assert seen.dc_dbfs == pytest.approx(-40, abs=0.2)
    assert seen.zero_share == pytest.approx(0.01, rel=0.01) and seen.clipped_share == 0


@pytest.mark.parametrize("datatype", ["cu8", "ci8", "ci16_le", "ci32_le", "cf32_le"])
def test_clipping_is_what_was_clipped(tmp_path: Path, datatype: str) -> None:
    wave = 1.2 * np.exp(1j * np.arange(50_000))
    parts = np.clip(wave.view(np.float64), -1, 1)
    path = write_sigmf(tmp_path / "a", parts.view(np.complex128), 1e6, datatype=datatype)
    share = np.mean(np.abs(parts) >= 1)
    assert look(open_capture(path)).clipped_share == pytest.approx(share, rel=0.03)
    quiet = write_sigmf(tmp_path / "b", 0.5 * wave / 1.2, 1e6, datatype=datatype)
    assert look(open_capture(quiet)).clipped_share == 0


def test_floats_that_know_no_full_scale_are_not_called_clipped(tmp_path: Path) -> None:
    write_sigmf(tmp_path / "a", (3000 * SAMPLES).astype(np.complex64), 1e6)
    assert look(open_capture(tmp_path / "a")).clipped_share == 0


def test_a_look_at_twenty_gigabytes_reads_little_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.ci16"
    with open(path, "wb") as file:
        file.truncate(20 * 10**9)
        file.seek(20 * 10**9 - 4)
        file.write(np.array([2**14, 0], "<i2").tobytes())
    with open_capture(path) as capture:
        seen = look(capture)
    assert capture.sample_count == 5 * 10**9
    assert seen.sample_count == STRETCHES * STRETCH_SAMPLES
    assert seen.peak_dbfs == pytest.approx(-6.02, abs=0.01)  # the last sample is in the last look
    assert os.stat(path).st_blocks * 512 < 10**6  # it was sparse, or this proves nothing


def test_nothing_but_zeros_and_nothing_at_all_have_no_level(tmp_path: Path) -> None:
    for name, count in (("a", 10), ("b", 0)):
        write_sigmf(tmp_path / name, np.zeros(count, np.complex64), 1e6)
        seen = look(open_capture(tmp_path / name))
        assert seen.mean_dbfs == seen.peak_dbfs == -np.inf and seen.sample_count == count
