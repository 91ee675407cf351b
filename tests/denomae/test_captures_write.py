# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written is SigMF, by the judgement of the sigmf package, and reads back the same."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sigmf
from test_labels import EXAMPLE

from denomae.captures import (
    Annotation,
    CaptureError,
    annotate,
    open_capture,
    write_annotated,
    write_sigmf,
)

SAMPLES = np.exp(0.1j * np.arange(1000)).astype(np.complex64) * 0.9
MARKS = [
    Annotation(500, 100, "qpsk", comment="second", freq_lower_edge_hz=1.0, freq_upper_edge_hz=2.0),
    Annotation(0, 500, "bpsk", generator="by hand"),
    Annotation(600, None),
]


def validated(meta_path: Path) -> sigmf.SigMFFile:
    """The recording as the sigmf package sees it, hash checked, schema and order validated."""
    recording = sigmf.fromfile(str(meta_path))
    recording.validate()
    return recording


@pytest.mark.parametrize("datatype", ["cf32_le", "cf32_be", "ci16_le", "ci8", "cu8", "cf64_le"])
def test_samples_and_annotations_come_back_and_the_sigmf_package_agrees(
    tmp_path: Path, datatype: str
) -> None:
    path = write_sigmf(
        tmp_path / "a",
        SAMPLES,
        1e6,
        433.92e6,
        annotations=MARKS,
        description="a tone",
        datatype=datatype,
        time="2026-03-01T12:00:00.000123456Z",
        author="nobody",
        extra={"core:license": "https://spdx.org/licenses/CC0-1.0.html", "denomae:seed": 5},
    )
    assert path == tmp_path / "a.sigmf-meta"
    recording = validated(path)
    tolerance = {"ci8": 1 / 128, "cu8": 1 / 127, "ci16_le": 1 / 32768}.get(datatype, 0)
    with open_capture(path) as capture:
        np.testing.assert_allclose(capture.read(0, 1000), SAMPLES, atol=tolerance)
        place = capture.place(1, 1)
        found = list(capture.annotations)
    if datatype[:2] == "cf":
        np.testing.assert_array_equal(recording.read_samples(), SAMPLES)
    assert place.time == "2026-03-01T12:00:00.000124456Z"
    assert place.center_frequency_hz == 433.92e6
    assert found == sorted(MARKS, key=lambda mark: mark.sample_start)
    assert not list(tmp_path.glob("*.part"))


def test_samples_may_come_in_pieces(tmp_path: Path) -> None:
    pieces = (SAMPLES[i : i + 7] for i in range(0, 1000, 7))
    path = write_sigmf(tmp_path / "a.sigmf-data", pieces, 1e6)
    with open_capture(path) as capture:
        np.testing.assert_array_equal(capture.read(0, 1000), SAMPLES)
    validated(path)


def test_clipping_is_written_down_and_nan_is_refused(tmp_path: Path) -> None:
    path = write_sigmf(tmp_path / "a", 2 * SAMPLES, 1e6, datatype="ci8")
    assert json.loads(path.read_text())["global"]["denomae:clipped_numbers"] > 100
    with open_capture(path) as capture:
        assert np.abs(capture.read(0, 1000).real).max() == 1.0
    with pytest.raises(CaptureError, match="NaN"):
        write_sigmf(tmp_path / "b", np.array([np.nan + 0j]), 1e6, datatype="ci8")
    assert not list(tmp_path.glob("b*"))
    with pytest.raises(CaptureError, match="one axis"):
        write_sigmf(tmp_path / "b", SAMPLES.reshape(10, 100), 1e6)


@pytest.mark.parametrize(
    "changes",
    [
        {"sample_rate_hz": 0},
        {"sample_rate_hz": float("nan")},
        {"center_frequency_hz": float("nan")},
        {"datatype": "cf16"},
        {"time": "noon"},
        {"extra": {"x:y": float("nan")}},
        {"annotations": iter([Annotation(5, 1), Annotation(4, 1)])},
    ],
)
def test_what_sigmf_cannot_hold_is_refused_and_no_metadata_is_left(
    tmp_path: Path, changes: dict
) -> None:
    with pytest.raises(ValueError):
        write_sigmf(tmp_path / "a", SAMPLES, **{"sample_rate_hz": 1e6, **changes})
    assert not list(tmp_path.glob("*.sigmf-meta*"))


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    write_sigmf(tmp_path / "a", SAMPLES, 1e6)
    with pytest.raises(CaptureError, match="exists already"):
        write_sigmf(tmp_path / "a", SAMPLES, 1e6)
    write_sigmf(tmp_path / "a", SAMPLES[:10], 2e6, overwrite=True)
    assert open_capture(tmp_path / "a").sample_count == 10


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot be written"):
        write_sigmf(tmp_path / "no" / "a", SAMPLES, 1e6)


def labels() -> Iterator:
    for i, verdict in enumerate(["known", "unknown", "noise"]):
        yield dataclasses.replace(
            EXAMPLE, sequence=i, sample_offset=100 * i, sample_count=100, verdict=verdict
        )


def test_labels_become_annotations_beside_the_truth(tmp_path: Path) -> None:
    original = write_sigmf(tmp_path / "a", SAMPLES, 1e6, 433e6, annotations=MARKS)
    with open_capture(original) as capture:
        path = write_annotated(capture, tmp_path / "b", annotate(labels()))
    recording = validated(path)
    marks = recording.get_annotations()
    assert [m["core:sample_start"] for m in marks] == [0, 0, 100, 200, 500, 600]
    ours = [m for m in marks if m.get("core:generator") == "denomae live 0123456789ab"]
    assert [m["core:label"] for m in ours] == ["qpsk", "unknown", "qpsk"]
    assert [m["denomae:verdict"] for m in ours] == ["known", "unknown", "noise"]
    assert ours[0]["denomae:confidence"] == 0.987654
    assert ours[0]["core:freq_upper_edge"] - ours[0]["core:freq_lower_edge"] == 2_400_000.0
    assert (tmp_path / "b.sigmf-data").read_bytes() == (tmp_path / "a.sigmf-data").read_bytes()
    # Once more, on what was annotated: the earlier labels go, the truth stays.
    with open_capture(path) as capture:
        again = write_annotated(capture, tmp_path / "c", annotate([]))
    assert len(validated(again).get_annotations()) == len(MARKS)


def test_segments_keep_their_times_and_foreign_headers_are_left_behind(tmp_path: Path) -> None:
    raw = SAMPLES.tobytes()
    (tmp_path / "f.bin").write_bytes(b"HEAD" + raw[:4000] + b"head" + raw[4000:])
    meta = {
        "global": {
            "core:datatype": "cf32_le",
            "core:version": "1.2.0",
            "core:dataset": "f.bin",
            "core:offset": 7,
        },
        "captures": [
            {"core:sample_start": 7, "core:header_bytes": 4, "core:frequency": 1e6},
            {
                "core:sample_start": 507,
                "core:header_bytes": 4,
                "core:datetime": "2026-01-01T00:00:00Z",
            },
        ],
        "annotations": [],
    }
    (tmp_path / "f.sigmf-meta").write_text(json.dumps(meta))
    with open_capture(tmp_path / "f.sigmf-meta") as capture:
        path = write_annotated(capture, tmp_path / "g", [])
    np.testing.assert_array_equal(validated(path).read_samples(), SAMPLES)
    with open_capture(path) as capture:
        assert capture.place(0, 1).center_frequency_hz == 1e6
        assert capture.place(500, 1).time == "2026-01-01T00:00:00.000000000Z"
        assert capture.place(500, 1).center_frequency_hz is None


def test_raw_samples_become_sigmf_with_their_labels(tmp_path: Path) -> None:
    (tmp_path / "r.cu8").write_bytes(bytes(range(200)))
    with open_capture(tmp_path / "r.cu8", sample_rate_hz=5.0) as capture:
        path = write_annotated(capture, tmp_path / "r", annotate(labels()))
        validated(path)
    with open_capture(path) as again, open_capture(tmp_path / "r.cu8") as first:
        np.testing.assert_array_equal(again.read(0, 100), first.read(0, 100))


def test_a_capture_s_own_files_are_never_overwritten(tmp_path: Path) -> None:
    path = write_sigmf(tmp_path / "a", SAMPLES, 1e6)
    before = path.read_bytes()
    for name in ("a", "a.sigmf-meta", "a.sigmf-data"):
        with open_capture(tmp_path / name) as capture:
            with pytest.raises(CaptureError, match="own"):
                write_annotated(capture, tmp_path / "a", [], overwrite=True)
    assert path.read_bytes() == before


def test_labels_that_break_off_leave_no_half_a_file(tmp_path: Path) -> None:
    def broken() -> Iterator:
        yield EXAMPLE
        raise CaptureError("the recording has shrunk")

    original = write_sigmf(tmp_path / "a", SAMPLES, 1e6)
    with open_capture(original) as capture, pytest.raises(CaptureError, match="shrunk"):
        write_annotated(capture, tmp_path / "b", annotate(broken()))
    assert not list(tmp_path.glob("b.sigmf-meta*"))
