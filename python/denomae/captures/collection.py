# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF collections: a file that names recordings which belong together.

The hashes of the metadata files that a collection carries are not checked: whoever adds an
annotation to a recording changes its metadata, and the collection would no longer open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from denomae.captures.files import file_beside, open_plain_file
from denomae.captures.jsonstream import walk_object
from denomae.captures.sigmf import META_SUFFIX
from denomae.errors import CaptureError

COLLECTION_SUFFIX = ".sigmf-collection"
BYTES_LIMIT = 2 * 2**20
RECORDING_LIMIT = 10_000


@dataclass(frozen=True)
class Collection:
    """What a .sigmf-collection says.

    Attributes:
        path: of the collection.
        recordings: metadata files in the collection's own folder, in its order; all are there.
        description: or empty.
    """

    path: Path
    recordings: tuple[Path, ...]
    description: str


def read_collection(path: str | os.PathLike[str]) -> Collection:
    """The recordings of a collection; none of them is opened.

    Raises:
        CaptureError: it cannot be read, names what is no file of its own folder, or a recording
            that is not there.
    """
    path = Path(path)
    file, size = open_plain_file(path)
    with file:
        if size > BYTES_LIMIT:
            raise CaptureError(f"{path.name} has {size} bytes, wanted at most {BYTES_LIMIT}")
        raw = b""
        while len(raw) < size and (piece := file.read(size - len(raw))):
            raw += piece
    try:
        members = walk_object(raw.decode("utf-8-sig"), wanted=("collection",), lists={})
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"{path.name} is no SigMF collection: {error}") from None
    entry = members.get("collection")
    if not isinstance(entry, dict):
        raise CaptureError(f"{path.name} has no object 'collection', wanted a SigMF collection")
    streams = entry.get("core:streams")
    if not isinstance(streams, list) or not 1 <= len(streams) <= RECORDING_LIMIT:
        found = f"a list of {len(streams)}" if isinstance(streams, list) else type(streams).__name__
        raise CaptureError(
            f"{path.name}: core:streams is {found}, wanted a list of 1 to {RECORDING_LIMIT}"
            " recordings"
        )
    recordings = tuple(_recording(path, number, one) for number, one in enumerate(streams))
    description = entry.get("core:description", "")
    return Collection(path, recordings, description if isinstance(description, str) else "")


def _recording(path: Path, number: int, stream: object) -> Path:
    where = f"core:streams[{number}]"
    name = stream.get("name") if isinstance(stream, dict) else None
    if not isinstance(name, str):
        raise CaptureError(
            f"{path.name}: {where} is {str(stream)[:60]!r}, wanted an object with the name of a"
            " recording"
        )
    found = file_beside(path, name.removesuffix(META_SUFFIX) + META_SUFFIX, f"{where}'s name")
    if not os.path.lexists(found):
        raise CaptureError(f"{path.name} names {found.name}, which is not in its folder")
    return found
