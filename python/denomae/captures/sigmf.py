# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF recordings: a pair of files beside each other, or both in one .sigmf archive.

Nothing here hashes the samples: `core:sha512` is not checked, so that opening takes no time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from denomae.captures.capture import Capture, Segment
from denomae.captures.files import file_beside, open_plain_file
from denomae.captures.metadata import META_BYTES_LIMIT, Metadata, SegmentFields, parse_metadata
from denomae.captures.tarindex import TarMember, tar_index
from denomae.errors import CaptureError

META_SUFFIX, DATA_SUFFIX, ARCHIVE_SUFFIX = ".sigmf-meta", ".sigmf-data", ".sigmf"


def open_pair(meta_path: Path, path: Path) -> Capture:
    """The recording of a .sigmf-meta file.

    Args:
        meta_path: the metadata file.
        path: the file that the user named.

    Raises:
        CaptureError: one of the two cannot be read or does not say what SigMF wants.
    """
    meta_file, size = open_plain_file(meta_path)
    with meta_file:
        metadata = _read_metadata(meta_file, 0, size, meta_path.name)
    data_path = file_beside(meta_path, _data_name(metadata, meta_path.name))
    file, size = open_plain_file(data_path)
    return _capture(metadata, path, data_path, file, 0, size, meta_path.name)


def open_archive(path: Path) -> Capture:
    """The recording in a .sigmf archive.

    Raises:
        CaptureError: the archive, its metadata or its sizes are not as SigMF wants them.
    """
    file, size = open_plain_file(path)
    try:
        members = tar_index(file, size, path.name)
        meta = _only_metadata(members, path.name)
        metadata = _read_metadata(file, meta.byte_start, meta.size, f"{path.name}/{meta.name}")
        data_name = _data_name(metadata, PurePosixPath(meta.name).name)
        wanted = PurePosixPath(meta.name).parent / data_name
        found = [member for member in members if PurePosixPath(member.name) == wanted]
        if not found:
            raise CaptureError(f"{path.name} holds {meta.name} but not its samples, {wanted}")
        data = found[-1]  # of two of one name the later one counts, as in every tar
    except BaseException:
        file.close()
        raise
    return _capture(metadata, path, path, file, data.byte_start, data.size, path.name)


def _only_metadata(members: list[TarMember], name: str) -> TarMember:
    metas = {m.name: m for m in members if m.name.endswith(META_SUFFIX)}
    if not metas:
        raise CaptureError(f"{name} holds no {META_SUFFIX} file, wanted a SigMF archive")
    if len(metas) > 1:
        raise CaptureError(
            f"{name} holds {len(metas)} recordings, wanted one; unpack it and name one of them"
        )
    return next(iter(metas.values()))


def _read_metadata(file: BinaryIO, start: int, size: int, name: str) -> Metadata:
    if size > META_BYTES_LIMIT:
        raise CaptureError(
            f"{name} has {size} bytes of metadata, wanted at most {META_BYTES_LIMIT};"
            " take out annotations that are not needed"
        )
    file.seek(start)
    raw = bytearray()
    while len(raw) < size and (piece := file.read(size - len(raw))):
        raw += piece
    return parse_metadata(bytes(raw), name)


def _data_name(metadata: Metadata, meta_name: str) -> str:
    if metadata.dataset is not None:
        return metadata.dataset
    if metadata.metadata_only:
        raise CaptureError(f"{meta_name} says core:metadata_only: it comes without samples")
    return meta_name.removesuffix(META_SUFFIX) + DATA_SUFFIX


def _capture(
    metadata: Metadata,
    path: Path,
    data_path: Path,
    file: BinaryIO,
    start: int,
    size: int,
    name: str,
) -> Capture:
    """Fits what the metadata claims to the bytes that are there; closes the file if it cannot."""
    try:
        segments, rest = _segments(metadata, start, size, name)
        sample_count = segments[-1].sample_stop
        notes = list(metadata.notes)
        if rest:
            notes.append(
                f"{data_path.name} ends in the middle of a sample; its last {rest} bytes are left"
                " out"
            )
        cut = metadata.annotations.finish(metadata.first_sample, sample_count)
        if cut:
            notes.append(
                f"{name}: {cut} annotations reach past the last of the {sample_count} samples;"
                " they are cut there or left out"
            )
    except BaseException:
        file.close()
        raise
    return Capture(
        path=path,
        data_path=data_path,
        file=file,
        datatype=metadata.datatype,
        segments=segments,
        sample_rate_hz=metadata.sample_rate_hz,
        annotations=metadata.annotations,
        description=metadata.description,
        about=metadata.about,
        format="SigMF archive" if path == data_path else "SigMF",
        notes=notes,
    )


def _segments(metadata: Metadata, start: int, size: int, name: str) -> tuple[list[Segment], int]:
    """The segments with their places in the file, and the bytes after the last whole sample."""
    sample_bytes = metadata.datatype.sample_bytes
    claimed = metadata.segments
    headers = sum(segment.header_bytes for segment in claimed)
    payload = size - headers - metadata.trailing_bytes
    if payload < 0:
        raise CaptureError(
            f"{name} claims {headers} bytes of headers and {metadata.trailing_bytes} trailing ones,"
            f" but the samples' file has {size} bytes in all"
        )
    sample_count, rest = divmod(payload, sample_bytes)
    if not claimed or claimed[0].sample_start > metadata.first_sample:
        claimed = [SegmentFields(metadata.first_sample), *claimed]
    last = claimed[-1].sample_start - metadata.first_sample
    if last > sample_count:
        raise CaptureError(
            f"{name}: a capture segment starts at sample {claimed[-1].sample_start}, but the file"
            f" ends after {sample_count} samples"
        )
    starts = [segment.sample_start - metadata.first_sample for segment in claimed]
    segments = []
    skipped = 0
    for segment, first, after in zip(claimed, starts, [*starts[1:], sample_count], strict=True):
        skipped += segment.header_bytes
        segments.append(
            Segment(
                sample_start=first,
                sample_count=after - first,
                byte_start=start + skipped + first * sample_bytes,
                time=segment.time,
                center_frequency_hz=segment.center_frequency_hz,
                global_index=segment.global_index,
            )
        )
    return segments, rest


OPENERS: dict[str, Callable[[Path], Capture]] = {
    META_SUFFIX: lambda path: open_pair(path, path),
    DATA_SUFFIX: lambda path: open_pair(path.with_suffix(META_SUFFIX), path),
    ARCHIVE_SUFFIX: open_archive,
}
