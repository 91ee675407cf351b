# SPDX-License-Identifier: GPL-3.0-or-later
"""Real samples come out analytic, the same to the bit wherever reading begins."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_captures_sigmf import document, pair
from test_labels import EXAMPLE

from denomae.captures import CaptureError, annotate, open_capture, write_annotated, write_sigmf
from denomae.captures.analytic import REACH, analytic
from denomae.captures.datatypes import parse_datatype

LENGTH = 20_000  # more than two of the filter's blocks
NOISE = np.random.default_rng(3).standard_normal(LENGTH).astype("<f4")


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("real") / "noise.rf32"
    NOISE.tofile(path)
    return path


def test_the_real_part_is_the_recording_and_the_negative_half_is_gone(noise: Path) -> None:
    with open_capture(noise) as capture:
        assert capture.datatype.name == "rf32_le" and capture.sample_count == LENGTH
        samples = capture.read(0, LENGTH)
    np.testing.assert_array_equal(samples.real, NOISE)
    inner = samples[REACH:-REACH]
    spectrum = np.abs(np.fft.fft(inner * np.blackman(len(inner)))) ** 2
    frequency = np.fft.fftfreq(len(inner))
    below = spectrum[(frequency < -0.01) & (frequency > -0.49)].mean()
    above = spectrum[(frequency > 0.01) & (frequency < 0.49)].mean()
    assert 10 * np.log10(below / above) < -60


def test_it_is_the_analytic_signal_of_the_fourier_transform() -> None:
    rng = np.random.default_rng(1)
    count = 8192  # periodic, in the band that the filter promises: then both agree everywhere
    spectrum = np.zeros(count, np.complex128)
    inside = np.arange(round(0.008 * count) + 1, round(0.492 * count))
    spectrum[inside] = rng.standard_normal((len(inside), 2)) @ [1, 1j]
    wanted = np.fft.ifft(spectrum)
    around = np.concatenate([wanted[-REACH:], wanted, wanted[:REACH]]).real.astype(np.float32)
    error = analytic(around) - wanted
    assert np.mean(np.abs(error) ** 2) < 1e-6 * np.mean(np.abs(wanted) ** 2)


def test_a_tone_turns_forward_at_its_own_frequency_and_keeps_its_size() -> None:
    at = np.arange(-REACH, 4000 + REACH)
    for cycles in (0.01, 0.1, 0.25, 0.4, 0.49):
        tone = analytic(np.cos(2 * np.pi * cycles * at).astype(np.float32))
        np.testing.assert_allclose(tone, np.exp(2j * np.pi * cycles * np.arange(4000)), atol=3e-3)


@settings(max_examples=200)
@given(start=st.integers(0, LENGTH), count=st.integers(0, 1500))
def test_any_piece_has_the_same_bits_as_the_whole(noise: Path, start: int, count: int) -> None:
    count = min(count, LENGTH - start)
    with open_capture(noise) as capture:
        whole = capture.read(0, LENGTH)
        np.testing.assert_array_equal(capture.read(start, count), whole[start : start + count])


@pytest.mark.parametrize(
    ("length", "hop", "batch"), [(1024, None, 3), (1024, 100, 7), (64, 999, 5)]
)
def test_frames_have_the_same_bits_whatever_the_hop_and_the_batch(
    noise: Path, length: int, hop: int | None, batch: int
) -> None:
    with open_capture(noise) as capture:
        whole = capture.read(0, LENGTH)
        for frames, offsets in capture.frames(length, hop, batch):
            for frame, offset in zip(frames, offsets, strict=True):
                np.testing.assert_array_equal(frame, whole[offset : offset + length])


def test_the_filter_never_reaches_across_the_start_of_a_segment(tmp_path: Path) -> None:
    data = (1000 * NOISE[:2000]).astype("<i2")
    whole = document(datatype="ri16_le", captures=[{"core:sample_start": 0}])
    cut = document(
        datatype="ri16_le", captures=[{"core:sample_start": 0}, {"core:sample_start": 900}]
    )
    with open_capture(pair(tmp_path, cut, data.tobytes())) as capture:
        parts = capture.read(0, 900), capture.read(900, 1100)
        np.testing.assert_array_equal(np.concatenate(parts), capture.read(0, 2000))
    for part, piece in zip(parts, (data[:900], data[900:]), strict=True):
        with open_capture(pair(tmp_path, whole, piece.tobytes())) as capture:
            np.testing.assert_array_equal(part, capture.read(0, len(piece)))


@pytest.mark.parametrize(
    "name", ["rf32_be", "rf64_le", "ri32_le", "ri16_be", "ri8", "ru16_le", "ru8"]
)
def test_every_real_datatype_is_scaled_as_its_complex_one(tmp_path: Path, name: str) -> None:
    kind = parse_datatype(name).number
    bits = np.random.default_rng(2).integers(0, 256, 4800).astype(np.uint8)
    data = NOISE.astype(kind) if kind.kind == "f" else bits.view(kind)
    path = tmp_path / f"x.{name}"
    path.write_bytes(data.tobytes())
    with open_capture(path) as capture:
        samples = capture.read(0, capture.sample_count)
    with open_capture(path, datatype=f"c{name[1:]}") as capture:
        pairs = capture.read(0, capture.sample_count)
    assert np.abs(samples.real).max() > 0.5
    np.testing.assert_array_equal(samples.real, pairs.view(np.float32))


def test_an_infinite_sample_spoils_its_neighbourhood_and_no_more(tmp_path: Path) -> None:
    spoilt = NOISE[:2000].copy()
    spoilt[1000] = np.inf
    spoilt.tofile(tmp_path / "x.rf32")
    with open_capture(tmp_path / "x.rf32") as capture:
        finite = np.isfinite(capture.read(0, 2000).view(np.float32).reshape(-1, 2)).all(1)
    assert not finite[1000]
    assert finite[: 1000 - REACH].all() and finite[1001 + REACH :].all()


def test_real_samples_are_copied_as_they_are_and_labels_lie_above_the_centre(
    tmp_path: Path,
) -> None:
    data = (1000 * NOISE[:2000]).astype("<i2")
    meta = document(datatype="ri16_le", captures=[{"core:sample_start": 0, "core:frequency": 7e6}])
    with open_capture(pair(tmp_path, meta, data.tobytes())) as capture:
        assert capture.place(500, 1024).center_frequency_hz == 7e6
        marks = annotate([EXAMPLE], one_sided=capture.datatype.real)
        path = write_annotated(capture, tmp_path / "out", marks)
    written = json.loads(path.read_text())
    assert written["global"]["core:datatype"] == "ri16_le"
    assert (tmp_path / "out.sigmf-data").read_bytes() == data.tobytes()
    mark = written["annotations"][0]
    centre, rate = EXAMPLE.center_frequency_hz, EXAMPLE.sample_rate_hz
    assert mark["core:freq_lower_edge"] == centre
    assert mark["core:freq_upper_edge"] == centre + rate / 2


def test_complex_samples_are_not_written_as_real_ones(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="wanted a complex one"):
        write_sigmf(tmp_path / "a", np.zeros(4, np.complex64), 1e6, datatype="rf32_le")
    assert not list(tmp_path.iterdir())


def test_a_long_real_capture_is_walked_in_little_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "long.ri16"
    with open(path, "wb") as file:
        file.truncate(2**31)  # a hole, no disk
    with open_capture(path) as capture:
        tracemalloc.start()
        count = sum(len(frames) for frames, _ in capture.frames(1024, hop=2**23, batch_size=64))
        capture.read(2**29, 2**20)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count == 128
    assert peak < 24 * 2**20  # 8 MiB are the samples that were asked for
