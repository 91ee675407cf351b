# SPDX-License-Identifier: GPL-3.0-or-later
"""Any metadata at all gives a capture or one clear sentence, and a capture's places are real."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from denomae.captures import CaptureError, open_capture

SIZE = 1000  # bytes of the samples' file
DATATYPES = ["cf32_le", "cf32", "ci16_be", "ci8", "cu8", "ri16_le", "rf64_be"]

numbers = (
    st.integers(-3, 130)
    | st.integers()
    | st.floats()
    | st.sampled_from([2**63 - 1, 2**63, 2**64, 1e300, 1000.0, True, None, "5", [], {}])
)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
hostile = numbers | anything | st.sampled_from(["../x", "/etc/passwd", "a\0", "rf32_le", "."])


def entries(keys: dict[str, st.SearchStrategy]) -> st.SearchStrategy:
    start = {"core:sample_start": st.integers(0, 120)}
    optional = {f"core:{key}": values for key, values in keys.items()}
    return st.lists(st.fixed_dictionaries(start, optional=optional), max_size=4)


good_documents = st.fixed_dictionaries(
    {
        "global": st.fixed_dictionaries(
            {"core:datatype": st.sampled_from(DATATYPES)},
            optional={
                "core:sample_rate": st.floats(1, 1e9),
                "core:num_channels": st.just(1),
                "core:trailing_bytes": st.integers(0, 20),
                "core:dataset": st.just("x.sigmf-data"),
                "core:description": st.text(max_size=5),
                "other:key": anything,
            },
        ),
        "captures": entries(
            {
                "header_bytes": st.integers(0, 10),
                "frequency": st.floats(-1e9, 1e9),
                "datetime": st.sampled_from(["2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "?"]),
            }
        ),
        "annotations": entries(
            {
                "sample_count": st.integers(0, 200),
                "label": st.text(max_size=5),
                "freq_lower_edge": st.floats(-1e9, 1e9),
                "freq_upper_edge": st.floats(-1e9, 1e9),
            }
        ),
    },
    optional={"others": anything},
)


@st.composite
def documents(draw: st.DrawFn) -> dict:
    """A good document in which up to two things went wrong, anywhere in it."""
    document = draw(good_documents)
    for _ in range(draw(st.integers(0, 2))):
        at: Any = document
        while isinstance(at, (dict, list)) and at:
            key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
            inner = at[key]
            if not isinstance(inner, (dict, list)) or not inner or draw(st.booleans()):
                at[key] = draw(hostile)
                break
            at = inner
    return document


many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "x.sigmf-data").write_bytes(bytes(range(250)) * 4)
    return folder


def opened_or_refused(path: Path) -> None:
    try:
        capture = open_capture(path)
    except CaptureError as error:
        assert "\n" not in str(error) and len(str(error)) < 600
        return
    with capture:
        assert 0 <= capture.sample_count * capture.datatype.sample_bytes <= SIZE
        assert sum(s.sample_count for s in capture.segments) == capture.sample_count
        samples = capture.read(0, capture.sample_count)
        assert samples.shape == (capture.sample_count,)
        for mark in capture.annotations:
            assert 0 <= mark.sample_start < capture.sample_count
            assert mark.sample_stop is None or mark.sample_stop <= capture.sample_count
        for frames, offsets in capture.frames(8):
            for frame, offset in zip(frames, offsets, strict=True):
                np.testing.assert_array_equal(frame, samples[offset : offset + 8])
                place(capture, int(offset))


def place(capture: Any, offset: int) -> None:
    try:
        capture.place(offset, 8)
    except ValueError as error:  # a time after the year 9999
        assert "9999" in str(error)


@many
@given(documents())
def test_any_document_gives_a_capture_or_one_sentence(folder: Path, document: dict) -> None:
    path = folder / "x.sigmf-meta"
    path.write_text(json.dumps(document))
    opened_or_refused(path)


@many
@given(anything)
def test_any_json_gives_a_capture_or_one_sentence(folder: Path, value: object) -> None:
    path = folder / "x.sigmf-meta"
    path.write_text(json.dumps(value))
    opened_or_refused(path)


GOOD = json.dumps(
    {
        "global": {"core:datatype": "ci8", "core:version": "1.2.0", "core:sample_rate": 1e6},
        "captures": [{"core:sample_start": 0, "core:datetime": "2026-01-01T00:00:00Z"}],
        "annotations": [{"core:sample_start": 5, "core:sample_count": 5, "core:label": "é"}],
    }
).encode()


@many
@given(st.data())
def test_a_damaged_document_gives_a_capture_or_one_sentence(folder: Path, data: Any) -> None:
    raw = damaged(data, GOOD)
    path = folder / "x.sigmf-meta"
    path.write_bytes(raw)
    opened_or_refused(path)


@many
@given(st.data())
def test_a_damaged_archive_gives_a_capture_or_one_sentence(folder: Path, data: Any) -> None:
    (folder / "x.sigmf-meta").write_bytes(GOOD)
    path = folder / "x.sigmf"
    with tarfile.open(path, "w", format=data.draw(st.sampled_from([0, 1, 2]))) as tar:
        tar.add(folder / "x.sigmf-meta", "x/" + "y" * 110 + "/x.sigmf-meta")
        tar.add(folder / "x.sigmf-data", "x/" + "y" * 110 + "/x.sigmf-data")
    path.write_bytes(damaged(data, path.read_bytes()))
    opened_or_refused(path)


def damaged(data: Any, raw: bytes) -> bytes:
    """A few bytes changed, or the end gone."""
    changed = bytearray(raw[: data.draw(st.sampled_from([len(raw), len(raw) // 2, 700, 100]))])
    for _ in range(data.draw(st.integers(0, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    return bytes(changed)
