# SPDX-License-Identifier: GPL-3.0-or-later
"""A SigMF collection names recordings in its own folder, and no path outside it is ever opened."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sigmf
from hypothesis import given, settings
from hypothesis import strategies as st

from denomae.captures import CaptureError, open_capture, read_collection, write_sigmf

ONES = np.ones(100, np.complex64)


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("left", "right"):
        write_sigmf(folder / name, ONES, 1e6)
    return folder


def collection(folder: Path, streams: object, **more: object) -> Path:
    path = folder / "all.sigmf-collection"
    path.write_text(json.dumps({"collection": {"core:streams": streams, **more}}))
    return path


def test_what_the_sigmf_package_writes_is_read_in_its_order(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    made = sigmf.SigMFCollection(["right.sigmf-meta", "left.sigmf-meta"])
    made.set_collection_field("core:description", "two antennas")
    made.tofile("both")
    found = read_collection(folder / "both.sigmf-collection")
    assert [path.name for path in found.recordings] == ["right.sigmf-meta", "left.sigmf-meta"]
    assert found.description == "two antennas"
    assert all(open_capture(path).sample_count == 100 for path in found.recordings)


def test_a_recording_that_was_annotated_since_is_still_found(folder: Path) -> None:
    path = collection(folder, [{"name": "left", "hash": "0" * 128}])
    assert [p.name for p in read_collection(path).recordings] == ["left.sigmf-meta"]


@pytest.mark.parametrize(
    ("streams", "words"),
    [
        ([{"name": "../outside"}], "name of a file in its own folder"),
        ([{"name": "/etc/passwd"}], "name of a file in its own folder"),
        ([{"name": "a\0b"}], "name of a file in its own folder"),
        ([{"name": "linked"}], "is a link out of its folder"),
        ([{"name": "left"}, {"name": "gone"}], "names gone.sigmf-meta, which is not in its folder"),
        ([{"hash": "0"}], r"core:streams\[0\] is .* wanted an object with the name"),
        (["left"], "wanted an object with the name"),
        ([{"name": 5}], "wanted an object with the name"),
        ([], "is a list of 0, wanted a list of 1 to 10000"),
        ({"name": "left"}, "is dict, wanted a list"),
        (None, "is NoneType, wanted a list"),
        ([{"name": "left"}] * 10_001, "is a list of 10001"),
    ],
)
def test_a_collection_that_is_wrong_is_one_sentence(
    folder: Path, streams: object, words: str
) -> None:
    write_sigmf(folder.parent / "outside", ONES, 1e6)
    (folder / "linked.sigmf-meta").symlink_to(folder.parent / "outside.sigmf-meta")
    with pytest.raises(CaptureError, match=words) as caught:
        read_collection(collection(folder, streams))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b"\xff", b'{"collection": 5}', b"{" * 9999]
)
def test_what_is_no_collection_is_one_sentence(folder: Path, content: bytes) -> None:
    path = folder / "all.sigmf-collection"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match="all.sigmf-collection"):
        read_collection(path)


def test_a_collection_of_a_gigabyte_is_refused_unread(folder: Path) -> None:
    path = folder / "all.sigmf-collection"
    with open(path, "wb") as file:
        file.truncate(10**9)
    with pytest.raises(CaptureError, match="has 1000000000 bytes, wanted at most"):
        read_collection(path)


VALID = json.dumps(
    {
        "collection": {
            "core:version": "1.2.0",
            "core:description": "two",
            "core:streams": [{"name": "left", "hash": "00"}, {"name": "right", "hash": "11"}],
        }
    }
).encode()


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@settings(max_examples=1000)
@given(
    at=st.integers(0, len(VALID)),
    gone=st.integers(0, 20),
    new=st.binary(max_size=20) | st.sampled_from([b"../", b"/", b'"', b"null", b"[[[[", b"1e999"]),
)
def test_a_damaged_collection_is_read_or_refused_in_a_sentence(
    damaged: Path, at: int, gone: int, new: bytes
) -> None:
    path = damaged / "a.sigmf-collection"
    path.write_bytes(VALID[:at] + new + VALID[at + gone :])
    for name in ("left", "right"):
        (damaged / f"{name}.sigmf-meta").touch()
    try:
        found = read_collection(path)
    except CaptureError as error:
        assert len(str(error)) < 600
    else:
        assert all(recording.parent == damaged for recording in found.recordings)
