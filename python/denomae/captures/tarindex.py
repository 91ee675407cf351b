# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the members of a tar file lie, found without unpacking any and without trusting a size."""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from typing import BinaryIO

from denomae.errors import CaptureError

MEMBER_LIMIT = 10_000
_EXTENDED_LIMIT = 2**20  # bytes of one pax header or long name
_BLOCK = tarfile.BLOCKSIZE
_PAX_RECORD = re.compile(rb"(\d{1,7}) ([^=\n]+)=")


@dataclass(frozen=True)
class TarMember:
    """One plain file in the archive: `size` bytes at `byte_start`."""

    name: str
    byte_start: int
    size: int


def tar_index(file: BinaryIO, file_size: int, name: str) -> list[TarMember]:
    """The plain files of an uncompressed tar; folders are left out.

    Args:
        file: the archive, open and seekable.
        file_size: its bytes.
        name: how errors call it.

    Raises:
        CaptureError: no tar, a member that is a link or something else that is no plain file, a
            name that is absolute or climbs out, a size beyond the end, or too many members.
    """
    members: list[TarMember] = []
    position, seen = 0, 0
    long_name: str | None = None
    pax: dict[str, str] = {}
    while position + _BLOCK <= file_size:
        block = _read(file, position, _BLOCK, name)
        if not any(block):
            break
        seen += 1
        if seen > MEMBER_LIMIT:
            raise CaptureError(f"{name} has more than {MEMBER_LIMIT} members; unpack it first")
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError):
            raise CaptureError(
                f"{name} has no tar header at byte {position}; a .sigmf archive is a plain tar"
            ) from None
        position += _BLOCK
        size = header.size
        if "size" in pax and header.type not in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
            size = int(pax["size"]) if pax["size"].isascii() and pax["size"].isdigit() else -1
        if not 0 <= size <= file_size - position:
            raise CaptureError(
                f"{name}: its member {header.name[:80]!r} claims {size} bytes, but"
                f" {file_size - position} are left in the file"
            )
        body, position = position, position + -(-size // _BLOCK) * _BLOCK
        if header.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME):
            if size > _EXTENDED_LIMIT:
                raise CaptureError(f"{name} has an extended header of {size} bytes, over 1 MiB")
            content = _read(file, body, size, name)
            if header.type == tarfile.XHDTYPE:
                pax = _pax_records(content)
            elif header.type == tarfile.GNUTYPE_LONGNAME:
                long_name = content.rstrip(b"\0").decode("utf-8", "surrogateescape")
            continue
        member_name = pax.get("path", long_name or header.name)
        sparse = any(key.startswith("GNU.sparse") for key in pax)
        pax, long_name = {}, None
        if header.type == tarfile.DIRTYPE:
            continue
        if header.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or sparse:
            raise CaptureError(
                f"{name}: its member {member_name[:80]!r} is a link or something else than a plain"
                " file, wanted plain files only"
            )
        if member_name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", member_name):
            raise CaptureError(
                f"{name}: its member {member_name[:80]!r} leads out of the archive, wanted a"
                " relative name"
            )
        members.append(TarMember(member_name, body, size))
    return members


def _read(file: BinaryIO, position: int, count: int, name: str) -> bytes:
    file.seek(position)
    content = b""
    while len(content) < count:
        piece = file.read(count - len(content))
        if not piece:
            raise CaptureError(f"{name} ended at byte {position + len(content)} while it was read")
        content += piece
    return content


def _pax_records(content: bytes) -> dict[str, str]:
    records: dict[str, str] = {}
    position = 0
    while match := _PAX_RECORD.match(content, position):
        end = position + int(match[1])
        if end <= match.end() or end > len(content):
            break
        key = match[2].decode("utf-8", "surrogateescape")
        records[key] = content[match.end() : end - 1].decode("utf-8", "surrogateescape")
        position = end
    return records
