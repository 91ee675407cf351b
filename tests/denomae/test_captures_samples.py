# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples come out of every kind of file as they went in, frame by frame and in order."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from denomae.captures import CaptureError, open_capture
from denomae.captures.capture import Capture, Segment
from denomae.captures.datatypes import parse_datatype

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT.parent / "shared" / "captures"


@pytest.mark.parametrize(
    ("name", "values", "wanted"),
    [
        ("ci16_le", np.array([-32768, 16384], "<i2"), -1 + 0.5j),
        ("ci16_be", np.array([-32768, 16384], ">i2"), -1 + 0.5j),
        ("ci16", np.array([-32768, 16384], "<i2"), -1 + 0.5j),
        ("ci8", np.array([-128, 64], "i1"), -1 + 0.5j),
        ("cu8", np.array([0, 255], "u1"), -1 + 1j),
        ("cu16_le", np.array([0, 65535], "<u2"), -1 + 1j),
        ("ci32_be", np.array([-(2**31), 2**30], ">i4"), -1 + 0.5j),
        ("cu32_le", np.array([0, 2**32 - 1], "<u4"), -1 + 1j),
        ("cf32_le", np.array([3.25, -7], "<f4"), 3.25 - 7j),
        ("cf32_be", np.array([3.25, -7], ">f4"), 3.25 - 7j),
        ("cf64_be", np.array([3.25, -7], ">f8"), 3.25 - 7j),
    ],
)
def test_a_datatype_s_full_scale_is_one(name: str, values: np.ndarray, wanted: complex) -> None:
    decoded = parse_datatype(name).decode(values.view(np.uint8))
    assert decoded.dtype == np.complex64
    assert decoded.tolist() == [wanted]


def test_cu8_has_no_zero_and_is_symmetric_about_it() -> None:
    raw = np.arange(256, dtype=np.uint8).repeat(2)
    decoded = parse_datatype("cu8").decode(raw).real
    np.testing.assert_allclose(decoded, (np.arange(256) - 127.5) / 127.5, atol=1e-7)
    np.testing.assert_array_equal(decoded, -decoded[::-1])


@pytest.mark.parametrize(
    "name", ["ci8", "cu8", "ci16_le", "ci16_be", "cu16_le", "cf32_be", "cf64_le"]
)
def test_every_stored_value_survives_decoding_and_encoding(name: str) -> None:
    kind = parse_datatype(name)
    raw = np.random.default_rng(1).integers(0, 256, 4096 * kind.sample_bytes).astype(np.uint8)
    if kind.number.kind == "f":
        raw = np.ascontiguousarray(
            np.linspace(-2, 2, 8192).astype(np.float32).astype(kind.number)
        ).view(np.uint8)
    encoded, clipped = kind.encode(kind.decode(raw))
    np.testing.assert_array_equal(encoded, raw)
    assert clipped == 0


def test_a_float64_beyond_float32_becomes_infinite_without_a_warning() -> None:
    decoded = parse_datatype("cf64_le").decode(np.array([1e300, 0.0]).view(np.uint8))
    assert np.isinf(decoded.real[0])


@pytest.mark.parametrize(
    "name", ["", "cf32_leXYZ", "cf16_le", "CF32", "cf32_le\n", "cf32_le ", "f32", 5, None]
)
def test_what_is_no_datatype_is_refused(name: object) -> None:
    with pytest.raises(CaptureError, match="wanted a SigMF one"):
        parse_datatype(name)


@pytest.mark.parametrize(
    ("name", "datatype", "count"),
    [
        ("ask.complex", "cf32_le", 13_710),
        ("enocean.complex", "cf32_le", 49_100),
        ("fsk.complex", "cf32_le", 67_912),
        ("homematic.complex32s", "ci16_le", 117_396),
        ("ook_overshoot.complex16s", "ci8", 311_736),
    ],
)
def test_recordings_of_others_are_read_by_their_suffix(
    name: str, datatype: str, count: int
) -> None:
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"the recordings in {RECORDINGS} are not here")
    with open_capture(path) as capture:
        assert (capture.datatype.name, capture.sample_count) == (datatype, count)
        samples = capture.read(0, count)
        raw = np.fromfile(path, capture.datatype.number).astype(np.float64).reshape(-1, 2)
    scale = {"cf32_le": 1, "ci16_le": 32768, "ci8": 128}[datatype]
    np.testing.assert_allclose(samples, (raw[:, 0] + 1j * raw[:, 1]) / scale, atol=1e-7)
    assert 0 < np.abs(samples).max() < 1.5


def test_an_unknown_suffix_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for name in ("a.bin", "a", "a.cf16_le"):
        (tmp_path / name).write_bytes(b"\0" * 64)
        with pytest.raises(CaptureError, match="--datatype"):
            open_capture(tmp_path / name)


@pytest.mark.parametrize(
    ("suffix", "datatype"),
    [
        (".CF64", "cf64_le"),
        (".complex128", "cf64_le"),
        (".cs32", "ci32_le"),
        (".complex32u", "cu16_le"),
        (".ri16", "ri16_le"),
        (".ci16_be", "ci16_be"),
        (".rf64_le", "rf64_le"),
    ],
)
def test_a_suffix_says_the_datatype(tmp_path: Path, suffix: str, datatype: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"\0" * 64)
    with open_capture(path) as capture:
        assert capture.datatype.name == datatype
        assert capture.sample_count == 64 // capture.datatype.sample_bytes


def test_a_name_of_gqrx_or_sdr_sharp_tells_frequency_time_and_rate(tmp_path: Path) -> None:
    for name, rate in (
        ("gqrx_20190521_170204_137500000_2400000_fc.raw", 2.4e6),
        ("SDRSharp_20190521_170204Z_137500kHz_IQ.cu8", None),
        ("HDSDR_20190521_170204Z_137.5MHz_RF.cs16", None),
    ):
        (tmp_path / name).write_bytes(b"\0" * 64)
        with open_capture(tmp_path / name) as capture:
            assert capture.sample_rate_hz == rate
            assert capture.center_frequency_hz == 137.5e6
            assert capture.datetime == "2019-05-21T17:02:04.000000000Z"
    (tmp_path / "SDRSharp_20191321_170204Z_1Hz_IQ.cu8").write_bytes(b"\0" * 64)
    with open_capture(tmp_path / "SDRSharp_20191321_170204Z_1Hz_IQ.cu8") as capture:
        assert capture.datetime is None  # there is no 13th month


def test_a_named_datatype_wins_over_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.cf32").write_bytes(b"\0" * 64)
    assert open_capture(tmp_path / "a.cf32", datatype="cu8").sample_count == 32


def test_bytes_after_the_last_whole_sample_are_noted_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.cf32").write_bytes(b"\0" * 67)
    capture = open_capture(tmp_path / "a.cf32")
    assert capture.sample_count == 8
    assert len(capture.notes) == 1 and "the last 3 are left out" in capture.notes[0]


def test_an_empty_file_is_a_capture_without_frames(tmp_path: Path) -> None:
    (tmp_path / "a.cf32").touch()
    capture = open_capture(tmp_path / "a.cf32")
    assert capture.sample_count == capture.frame_count(1024) == 0
    assert list(capture.frames(1024)) == []
    assert capture.place(0, 0).sample_count == 0


def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.cf32")
    (tmp_path / "folder.cf32").mkdir()
    (tmp_path / "loop.cf32").symlink_to("loop.cf32")
    for name, words in (
        ("pipe.cf32", "no plain file"),
        ("folder.cf32", "is a folder"),
        ("nothing.cf32", "does not exist"),
        ("loop.cf32", "cannot be opened"),
        ("x\0.cf32", "no file name"),
    ):
        with pytest.raises(CaptureError, match=words):
            open_capture(tmp_path / name)


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), True, "fast"])
def test_a_sample_rate_that_is_none_is_refused(tmp_path: Path, rate: object) -> None:
    (tmp_path / "a.cf32").write_bytes(b"\0" * 64)
    with pytest.raises(CaptureError, match="sample rate"):
        open_capture(tmp_path / "a.cf32", sample_rate_hz=rate)


def test_a_file_that_shrinks_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.ci8"
    path.write_bytes(b"\1" * 4096)
    with open_capture(path) as capture:
        frames = capture.frames(512, batch_size=1)
        next(frames)
        path.write_bytes(b"\1" * 1500)
        with pytest.raises(CaptureError, match="shrunk"):
            list(frames)


@pytest.mark.parametrize(
    ("start", "count"), [(-1, 1), (0, -1), (0, 101), (100, 1), (2**63, 1), (0, 2**62)]
)
def test_samples_outside_the_capture_are_refused_before_memory_is_taken(
    tmp_path: Path, start: int, count: int
) -> None:
    (tmp_path / "a.ci8").write_bytes(b"\1" * 200)
    with (
        open_capture(tmp_path / "a.ci8") as capture,
        pytest.raises(CaptureError, match="which has 100"),
    ):
        capture.read(start, count)


@pytest.mark.parametrize(
    "arguments", [(0, None, 1), (-5, None, 1), (8, 0, 1), (8, -1, 1), (8, 8, 0)]
)
def test_frames_of_no_length_are_refused(tmp_path: Path, arguments: tuple) -> None:
    (tmp_path / "a.ci8").write_bytes(b"\1" * 200)
    with (
        open_capture(tmp_path / "a.ci8") as capture,
        pytest.raises(CaptureError, match="1 or more"),
    ):
        capture.frames(*arguments)


def _numbered(tmp_path: Path, lengths: list[int]) -> Capture:
    """A capture whose sample number i is i + 1j, in segments of these lengths."""
    numbers = np.arange(sum(lengths), dtype=np.float32)
    path = tmp_path / "numbered.cf32"
    (numbers + 1j).astype(np.complex64).tofile(path)
    starts = np.cumsum([0, *lengths])
    segments = [Segment(int(s), n, int(s) * 8) for s, n in zip(starts, lengths, strict=False)]
    return Capture(path, path, open(path, "rb", buffering=0), parse_datatype("cf32_le"), segments)


@settings(deadline=None, max_examples=150)
@given(
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    frame_length=st.integers(1, 20),
    hop=st.none() | st.integers(1, 70),
    batch_size=st.integers(1, 7) | st.just(10**12),
)
def test_frames_hold_each_segment_s_samples_and_never_span_two(
    tmp_path_factory: pytest.TempPathFactory,
    lengths: list[int],
    frame_length: int,
    hop: int | None,
    batch_size: int,
) -> None:
    with _numbered(tmp_path_factory.mktemp("frames"), lengths) as capture:
        batches = list(capture.frames(frame_length, hop, batch_size))
        left_over = capture.left_over(frame_length, hop)
        count = capture.frame_count(frame_length, hop)
    # The same by plain counting.
    wanted, first, unused = [], 0, 0
    for length in lengths:
        offsets = range(0, length - frame_length + 1, hop or frame_length)
        wanted += [first + offset for offset in offsets]
        unused += length - (offsets[-1] + frame_length if offsets else 0)
        first += length
    offsets = [int(offset) for _, part in batches for offset in part]
    assert offsets == wanted
    assert (count, left_over) == (len(wanted), unused)
    assert all(len(frames) <= batch_size for frames, _ in batches)
    assert all(len(frames) == batch_size for frames, _ in batches[:-1])
    for frames, part in batches:
        assert frames.dtype == np.complex64 and frames.flags.c_contiguous
        np.testing.assert_array_equal(frames.real, part[:, None] + np.arange(frame_length))


def test_batches_are_each_other_s_strangers(tmp_path: Path) -> None:
    with _numbered(tmp_path, [64]) as capture:
        batches = [frames for frames, _ in capture.frames(8, batch_size=2)]
    assert not any(np.shares_memory(batches[0], other) for other in batches[1:])


def test_a_long_capture_is_walked_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.ci8"
    with open(path, "wb") as file:
        file.truncate(2**31)  # a hole: a thousand million samples, no disk
    with open_capture(path) as capture:
        assert capture.frame_count(1024) == 2**20
        import tracemalloc

        tracemalloc.start()
        sparse = sum(len(frames) for frames, _ in capture.frames(1024, hop=2**20, batch_size=64))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert sparse == 1024
    assert peak < 8 * 2**20
