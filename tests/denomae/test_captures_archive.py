# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF archives in every form of tar, and tars that somebody made to do harm."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_captures_sigmf import SAMPLES, document, pair, refused

from denomae.captures import open_capture


def archive(folder: Path, members: dict[str, bytes], **options: Any) -> Path:
    path = folder / "x.sigmf"
    with tarfile.open(path, "w", **options) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def good_members(prefix: str = "x/") -> dict[str, bytes]:
    return {
        f"{prefix}x.sigmf-meta": json.dumps(document()).encode(),
        f"{prefix}x.sigmf-data": SAMPLES.tobytes(),
    }


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("prefix", ["", "x/", "./", "a/b/", "long/" * 15, "ü/"])
def test_an_archive_is_read_in_every_form_of_tar(tmp_path: Path, form: int, prefix: str) -> None:
    if len(prefix) > 60 and form == tarfile.GNU_FORMAT:
        prefix = "long/" * 30  # beyond what a header holds: a member of its own
    with open_capture(archive(tmp_path, good_members(prefix), format=form)) as capture:
        np.testing.assert_array_equal(capture.read(0, 100), SAMPLES)


def test_an_archive_of_the_sigmf_package_is_read(tmp_path: Path) -> None:
    sigmf = pytest.importorskip("sigmf")
    pair(tmp_path, document(captures=[{"core:sample_start": 0}]))
    recording = sigmf.fromfile(str(tmp_path / "x.sigmf-meta"))
    recording.archive(str(tmp_path / "packed.sigmf"))
    with open_capture(tmp_path / "packed.sigmf") as capture:
        np.testing.assert_array_equal(capture.read(0, 100), SAMPLES)
    with open_capture(tmp_path / "packed") as capture:
        assert capture.sample_count == 100


def test_a_dataset_in_an_archive_is_one_of_its_members(tmp_path: Path) -> None:
    meta = json.dumps(document(dataset="other.bin")).encode()
    members = {"x/x.sigmf-meta": meta, "x/other.bin": SAMPLES.tobytes()}
    assert open_capture(archive(tmp_path, members)).sample_count == 100
    for name in ("../x/other.bin", "/etc/passwd"):
        members["x/x.sigmf-meta"] = json.dumps(document(dataset=name)).encode()
        refused(archive(tmp_path, members), "not its samples")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, b"S"]
)
def test_members_that_are_no_plain_files_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "x.sigmf"
    with tarfile.open(path, "w") as tar:
        meta = good_members()["x/x.sigmf-meta"]
        info = tarfile.TarInfo("x/x.sigmf-meta")
        info.size = len(meta)
        tar.addfile(info, io.BytesIO(meta))
        link = tarfile.TarInfo("x/x.sigmf-data")
        link.type, link.linkname = kind, "/etc/passwd"
        tar.addfile(link)
    refused(path, "x/x.sigmf-data", "plain")


@pytest.mark.parametrize("prefix", ["/x/", "../", "x/../../"])
def test_members_that_lead_out_of_the_archive_are_refused(tmp_path: Path, prefix: str) -> None:
    refused(archive(tmp_path, good_members(prefix)), "leads out of the archive")


def test_a_member_that_claims_more_than_there_is_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, good_members())
    whole = path.read_bytes()
    path.write_bytes(whole[: 512 + 512 + 512 + 300])
    refused(path, "claims 800 bytes", "300")


def test_a_member_of_negative_size_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x/x.sigmf-meta")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 12  # base 256, all ones: -1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "x.sigmf").write_bytes(bytes(header) + b"\0" * 1024)
    refused(tmp_path / "x.sigmf", "claims -1 bytes")


def test_a_pax_header_s_lies_are_refused(tmp_path: Path) -> None:
    for key, value, words in (
        ("size", "99999999999", "claims 99999999999 bytes"),
        ("size", "-5", "claims -1 bytes"),
        ("path", "../../x.sigmf-meta", "leads out"),
        ("GNU.sparse.major", "1", "plain"),
    ):
        path = tmp_path / "x.sigmf"
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            info = tarfile.TarInfo("x.sigmf-meta")
            info.pax_headers = {key: value}
            tar.addfile(info, io.BytesIO(b""))
        refused(path, words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no .sigmf-meta"),
        (b"\x1f\x8b" + b"x" * 2000, "no tar header"),
        (b"\0" * 5000, "holds no .sigmf-meta"),
        (os.urandom(512), "no tar header"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.sigmf").write_bytes(content)
    refused(tmp_path / "x.sigmf", words)


def test_an_archive_of_two_recordings_asks_for_one(tmp_path: Path) -> None:
    refused(archive(tmp_path, {**good_members("a/"), **good_members("b/")}), "2 recordings")
