# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF recordings as people have them, and as somebody could make them to do harm."""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from denomae.captures import CaptureError, open_capture
from denomae.captures import metadata as metadata_module

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = (np.arange(100) - 50j).astype(np.complex64)
GLOBAL = {"core:datatype": "cf32_le", "core:version": "1.2.0", "core:sample_rate": 1000.0}


def document(**changes: Any) -> dict[str, Any]:
    """A good document, with other members or other keys of `global`."""
    top = dict(GLOBAL)
    members: dict[str, Any] = {"global": top, "captures": [], "annotations": []}
    for key, value in changes.items():
        if key in members:
            members[key] = value
        else:
            top[f"core:{key}"] = value
    return members


def pair(folder: Path, meta: Any, data: bytes | None = None) -> Path:
    """Writes a pair and gives the metadata's path; `meta` may be text or bytes as they are."""
    text = meta if isinstance(meta, (str, bytes)) else json.dumps(meta)
    path = folder / "x.sigmf-meta"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "x.sigmf-data").write_bytes(SAMPLES.tobytes() if data is None else data)
    return path


def refused(path: Path, *words: str) -> None:
    """Opening gives one sentence that holds the words."""
    with pytest.raises(CaptureError) as caught:
        open_capture(path)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 500
    for word in words:
        assert word in message


def test_either_file_of_a_pair_and_their_base_open_it(tmp_path: Path) -> None:
    pair(tmp_path, document())
    for name in ("x.sigmf-meta", "x.sigmf-data", "x"):
        with open_capture(tmp_path / name) as capture:
            assert capture.sample_rate_hz == 1000.0
            np.testing.assert_array_equal(capture.read(0, 100), SAMPLES)


def test_the_demo_s_capture_is_read_with_its_truth() -> None:
    path = ROOT / "examples" / "captures" / "demo.sigmf-meta"
    truth = json.loads(path.read_text())
    with open_capture(path) as capture:
        assert capture.sample_rate_hz == truth["global"]["core:sample_rate"]
        assert capture.center_frequency_hz == truth["captures"][0]["core:frequency"]
        assert [a.label for a in capture.annotations] == [
            a["core:label"] for a in truth["annotations"]
        ]
        last = capture.annotations[-1]
        assert last.sample_stop <= capture.sample_count


def test_what_the_user_says_wins_over_the_metadata(tmp_path: Path) -> None:
    path = pair(tmp_path, document(captures=[{"core:sample_start": 0, "core:frequency": 5.0}]))
    capture = open_capture(path, sample_rate_hz=7, center_frequency_hz=9)
    assert (capture.sample_rate_hz, capture.center_frequency_hz) == (7.0, 9.0)
    with pytest.raises(CaptureError, match="leave the datatype away"):
        open_capture(path, datatype="cu8")


def test_each_segment_gives_its_own_time_and_frequency(tmp_path: Path) -> None:
    captures = [
        {"core:sample_start": 60, "core:frequency": 2e6, "core:datetime": "2026-01-02T00:00:00"},
        {"core:sample_start": 20, "core:frequency": 1e6, "core:datetime": "2026-01-01T00:00:00Z"},
    ]
    with open_capture(pair(tmp_path, document(captures=captures))) as capture:
        assert [s.sample_count for s in capture.segments] == [20, 40, 40]
        before, first, second = capture.place(0, 8), capture.place(21, 8), capture.place(99, 1)
        offsets = [int(o) for _, part in capture.frames(16) for o in part]
    assert (before.time, before.center_frequency_hz, before.sample_rate_hz) == (None, None, 1000.0)
    assert (first.time, first.center_frequency_hz) == ("2026-01-01T00:00:00.001000000Z", 1e6)
    assert (second.time, second.center_frequency_hz) == ("2026-01-02T00:00:00.039000000Z", 2e6)
    assert offsets == [0, 20, 36, 60, 76]


def test_without_a_rate_only_a_segment_s_first_sample_has_a_time(tmp_path: Path) -> None:
    meta = document(captures=[{"core:sample_start": 0, "core:datetime": "2026-01-01T00:00:00Z"}])
    del meta["global"]["core:sample_rate"]
    with open_capture(pair(tmp_path, meta)) as capture:
        assert capture.place(0, 1).time == "2026-01-01T00:00:00.000000000Z"
        assert capture.place(1, 1).time is None


def test_numbers_of_a_split_recording_are_counted_from_its_offset(tmp_path: Path) -> None:
    meta = document(
        offset=1000,
        captures=[{"core:sample_start": 1000}, {"core:sample_start": 1040}],
        annotations=[{"core:sample_start": 1010, "core:sample_count": 5, "core:label": "a"}],
    )
    with open_capture(pair(tmp_path, meta)) as capture:
        assert [s.sample_start for s in capture.segments] == [0, 40]
        assert capture.annotations[0].sample_start == 10
    meta["annotations"][0]["core:sample_start"] = 10
    refused(pair(tmp_path, meta), "core:sample_start is 10", "1000")


def test_headers_and_trailers_of_a_foreign_file_are_stepped_over(tmp_path: Path) -> None:
    raw = SAMPLES.tobytes()
    (tmp_path / "foreign.bin").write_bytes(b"HEAD" + raw[:320] + b"head2" + raw[320:] + b"END")
    captures = [
        {"core:sample_start": 0, "core:header_bytes": 4},
        {"core:sample_start": 40, "core:header_bytes": 5},
    ]
    meta = document(dataset="foreign.bin", trailing_bytes=3, captures=captures)
    with open_capture(pair(tmp_path, meta)) as capture:
        assert capture.sample_count == 100 and not capture.notes
        np.testing.assert_array_equal(capture.read(0, 100), SAMPLES)
        np.testing.assert_array_equal(capture.read(35, 10), SAMPLES[35:45])


def test_annotations_are_sorted_and_fitted_to_the_samples(tmp_path: Path) -> None:
    annotations = [
        {"core:sample_start": 90, "core:sample_count": 20, "core:label": "b"},
        {"core:sample_start": 5, "core:comment": "to the end"},
        {"core:sample_start": 100, "core:label": "beyond"},
        {
            "core:sample_start": 3.0,
            "core:sample_count": 2,
            "core:freq_lower_edge": -10,
            "core:freq_upper_edge": 10.5,
            "other:key": {"ignored": []},
        },
    ]
    capture = open_capture(pair(tmp_path, document(annotations=annotations)))
    found = [(a.sample_start, a.sample_count, a.label) for a in capture.annotations]
    assert found == [(3, 2, ""), (5, None, ""), (90, 10, "b")]
    assert capture.annotations[0].freq_upper_edge_hz == 10.5
    assert capture.annotations[-1].label == "b" and len(capture.annotations[1:]) == 2
    assert len(capture.notes) == 1 and "2 annotations reach past" in capture.notes[0]


BAD_FIELDS = {
    "no datatype of ours": ({"datatype": "cf32_leXYZ"}, "core:datatype is 'cf32_leXYZ'"),
    "datatype of another type": ({"datatype": 5}, "core:datatype is 5"),
    "NaN rate": ({"sample_rate": float("nan")}, "core:sample_rate is nan"),
    "negative rate": ({"sample_rate": -1}, "core:sample_rate is -1"),
    "zero rate": ({"sample_rate": 0}, "core:sample_rate is 0"),
    "infinite rate": ({"sample_rate": float("inf")}, "core:sample_rate is inf"),
    "rate as text": ({"sample_rate": "1e6"}, "core:sample_rate is '1e6'"),
    "true rate": ({"sample_rate": True}, "core:sample_rate is True"),
    "two channels": ({"num_channels": 2}, "core:num_channels is 2"),
    "no channel": ({"num_channels": 0}, "core:num_channels is 0"),
    "climbing": ({"dataset": "../x.sigmf-data"}, "core:dataset is '../x.sigmf-data'"),
    "absolute": ({"dataset": "/etc/passwd"}, "core:dataset is '/etc/passwd'"),
    "parent": ({"dataset": ".."}, "core:dataset is '..'"),
    "empty name": ({"dataset": ""}, "core:dataset is ''"),
    "NUL": ({"dataset": "x\0"}, "core:dataset"),
    "missing data": ({"dataset": "elsewhere.bin"}, "elsewhere.bin does not exist"),
    "no samples": ({"metadata_only": True}, "without samples"),
    "odd metadata_only": ({"metadata_only": 1}, "core:metadata_only is 1"),
    "trailing more than all": ({"trailing_bytes": 10**9}, "the samples' file has 800 bytes"),
    "negative offset": ({"offset": -1}, "core:offset is -1"),
    "negative header": (
        {"captures": [{"core:sample_start": 0, "core:header_bytes": -8}]},
        "captures[0]'s core:header_bytes is -8",
    ),
    "huge header": (
        {"captures": [{"core:sample_start": 0, "core:header_bytes": 801}]},
        "claims 801 bytes of headers",
    ),
    "segment beyond the end": (
        {"captures": [{"core:sample_start": 101}]},
        "starts at sample 101, but the file ends after 100 samples",
    ),
    "segment without a start": ({"captures": [{}]}, "captures[0] has no core:sample_start"),
    "half a sample": ({"captures": [{"core:sample_start": 0.5}]}, "is 0.5"),
    "start beyond int64": ({"captures": [{"core:sample_start": 2**63}]}, "2**63 - 1"),
    "frequency as text": (
        {"captures": [{"core:sample_start": 0, "core:frequency": "100M"}]},
        "captures[0]'s core:frequency is '100M'",
    ),
    "NaN frequency": (
        {"captures": [{"core:sample_start": 0, "core:frequency": float("nan")}]},
        "core:frequency is nan",
    ),
    "captures no list": ({"captures": {}}, "captures is {}"),
    "captures of numbers": ({"captures": [5]}, "captures[0] is 5"),
    "annotations no list": ({"annotations": "many"}, "annotations is 'many'"),
    "annotation without a start": ({"annotations": [{}]}, "annotations[0] has no"),
    "negative count": (
        {"annotations": [{"core:sample_start": 0, "core:sample_count": -1}]},
        "annotations[0]'s core:sample_count is -1",
    ),
    "label as number": (
        {"annotations": [{"core:sample_start": 0, "core:label": 5}]},
        "annotations[0]'s core:label is 5",
    ),
    "global no object": ({"global": []}, "global is []"),
    "global null": ({"global": None}, "no object 'global'"),
    "empty global": ({"global": {}}, "no core:datatype"),
}


@pytest.mark.parametrize(("changes", "words"), BAD_FIELDS.values(), ids=BAD_FIELDS.keys())
def test_a_wrong_field_is_named_with_what_was_found(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    refused(pair(tmp_path, document(**changes)), words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON object"),
        ("[]", "no JSON object"),
        ('"text"', "no JSON object"),
        ("{", "its end"),
        ('{"global": {}', "its end"),
        ('{"global" {}}', "wanted ':'"),
        ('{"global": {},}', "wanted a key"),
        ('{"global": {}} x', "wanted nothing more"),
        ('{"global": {}, "global": {}}', "twice"),
        ('{"annotations": [{"core:sample_start": 0} 5]}', "wanted ',' or ']'"),
        ('{"captures": [,]}', "no SigMF metadata"),
        (b'{"global": "\xff"}', "no UTF-8"),
        ('{"x": ' + "[" * 100_000, "nested too deeply"),
        ('{"annotations": [' + '{"a":' * 100_000, "nested too deeply"),
        ('{"global": {"core:offset": ' + "9" * 5000 + "}}", "no SigMF metadata"),
        ('{"x": [' + "[]," * 1_500_000 + "[]]}", "longer than"),
        ("{" + ",".join(f'"k{i}":0' for i in range(2000)) + "}", "members"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, text: str | bytes, words: str) -> None:
    refused(pair(tmp_path, text), words)


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    assert open_capture(pair(tmp_path, b"\xef\xbb\xbf" + json.dumps(document()).encode()))


def test_a_time_that_cannot_be_read_is_noted_and_unknown(tmp_path: Path) -> None:
    captures = [{"core:sample_start": 0, "core:datetime": "last Tuesday"}]
    capture = open_capture(pair(tmp_path, document(captures=captures)))
    assert capture.datetime is None and "core:datetime" in capture.notes[0]


def test_a_sample_cut_in_two_is_noted_and_left_out(tmp_path: Path) -> None:
    capture = open_capture(pair(tmp_path, document(), SAMPLES.tobytes()[:-3]))
    assert capture.sample_count == 99 and "last 5 bytes" in capture.notes[0]


def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside.bin"
    inside.mkdir()
    outside.write_bytes(SAMPLES.tobytes())
    path = pair(inside, document())
    (inside / "x.sigmf-data").unlink()
    (inside / "x.sigmf-data").symlink_to(outside)
    refused(path, "link out of its folder", "outside.bin")
    (inside / "hop").symlink_to("x.sigmf-data")
    refused(pair_of(inside, "y", document(dataset="hop")), "link out of its folder")
    (inside / "x.sigmf-data").unlink()
    (inside / "real.bin").write_bytes(SAMPLES.tobytes())
    (inside / "x.sigmf-data").symlink_to("real.bin")
    assert open_capture(path).sample_count == 100
    (inside / "x.sigmf-data").unlink()
    (inside / "x.sigmf-data").symlink_to("x.sigmf-data")
    refused(path, "x.sigmf-data")


def pair_of(folder: Path, name: str, meta: dict[str, Any]) -> Path:
    path = folder / f"{name}.sigmf-meta"
    path.write_text(json.dumps(meta))
    return path


def test_a_pipe_in_place_of_samples_is_refused_at_once(tmp_path: Path) -> None:
    path = pair(tmp_path, document())
    (tmp_path / "x.sigmf-data").unlink()
    os.mkfifo(tmp_path / "x.sigmf-data")
    refused(path, "no plain file")


@pytest.mark.timeout(300)
def test_a_million_annotations_are_read_in_bounded_time_and_memory(tmp_path: Path) -> None:
    one = '{"core:sample_start": %d, "core:sample_count": 1024, "core:label": "qpsk"}'
    body = ",".join(one % (i * 1024) for i in range(1_000_000))
    path = pair(tmp_path, f'{{"annotations": [{body}], "global": {json.dumps(GLOBAL)}}}')
    with open(tmp_path / "x.sigmf-data", "wb") as file:
        file.truncate(8 * 1024 * 1_000_000)  # a hole, no disk
    began = time.process_time()
    capture = open_capture(path)
    assert time.process_time() - began < 40
    assert len(capture.annotations) == 1_000_000
    assert capture.annotations[999_999].sample_start == 1024 * 999_999
    assert not capture.notes


def test_an_annotation_costs_little_more_than_its_text(tmp_path: Path) -> None:
    one = '{"core:sample_start": %d, "core:sample_count": 1024, "core:label": "qpsk"}'
    body = ",".join(one % i for i in range(50_000))
    path = pair(tmp_path, f'{{"annotations": [{body}], "global": {json.dumps(GLOBAL)}}}')
    tracemalloc.start()
    open_capture(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # As Python objects they would take six times their text, besides the text itself.
    assert peak < 5 * path.stat().st_size


@pytest.mark.parametrize(
    ("limit", "key"), [("ANNOTATION_LIMIT", "annotations"), ("SEGMENT_LIMIT", "captures")]
)
def test_more_than_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, key: str
) -> None:
    monkeypatch.setattr(metadata_module, limit, 10)
    path = pair(tmp_path, document(**{key: [{"core:sample_start": 0}] * 11}))
    refused(path, "more than 10")


def test_metadata_too_large_to_read_is_not_read(tmp_path: Path) -> None:
    path = pair(tmp_path, document())
    with open(path, "r+b") as file:
        file.truncate(metadata_module.META_BYTES_LIMIT + 1)
    refused(path, "bytes of metadata")
