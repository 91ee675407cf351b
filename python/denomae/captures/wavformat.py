# SPDX-License-Identifier: GPL-3.0-or-later
"""The chunks of a WAV file (RIFF, RF64 or BW64), walked without trusting a size.

Layout: Microsoft's RIFF and WAVEFORMATEXTENSIBLE; EBU Tech 3306 and ITU-R BS.2088 for files beyond
4 GiB. Recorders that were killed, or that wrote more than 4 GiB under 32-bit sizes, leave headers
that lie: then the samples go on to the end of the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from denomae.captures.datatypes import Datatype, packed_24_bit, parse_datatype
from denomae.errors import CaptureError

CHUNK_LIMIT = 1000
_INFO_LIMIT = 2**18  # bytes of a chunk that is kept
_INFO_CHUNKS = (b"auxi", b"rcvr")
_UNKNOWN_SIZE = 2**32 - 1
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")  # after a format tag of two bytes
_NUMBERS = {
    (_PCM, 8): "u8",
    (_PCM, 16): "i16_le",
    (_PCM, 32): "i32_le",
    (_FLOAT, 32): "f32_le",
    (_FLOAT, 64): "f64_le",
}


@dataclass
class WavFormat:
    """Where a WAV file's samples lie and what its header says of them.

    Attributes:
        datatype: complex where there are two channels, real where there is one.
        sample_rate_hz: None where the header says 0.
        byte_start: of the first sample.
        byte_count: up to the end of the file at most; may end in the middle of a sample.
        info: further chunks that tell of frequency and time, by name.
        notes: one sentence for each size that was not believed.
    """

    datatype: Datatype
    sample_rate_hz: float | None
    byte_start: int = -1
    byte_count: int = 0
    info: dict[bytes, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_wav_format(file: BinaryIO, file_size: int, name: str) -> WavFormat:
    """Finds the samples of a WAV file; reads its small chunks and none of its samples.

    Args:
        file: open and seekable.
        file_size: its bytes.
        name: how errors call it.

    Raises:
        CaptureError: no WAV, no format that is read here, or no samples in it.
    """
    head = _read(file, 0, 12)
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        raise CaptureError(
            f"{name} begins with {head[:12]!r}, wanted the header of a WAV file, such as RIFF and"
            " WAVE"
        )
    wide_size: int | None = None
    found: WavFormat | None = None
    info: dict[bytes, bytes] = {}
    position = 12
    for _ in range(CHUNK_LIMIT):
        header = _read(file, position, 8)
        if len(header) < 8:
            break
        key, size = header[:4], int.from_bytes(header[4:], "little")
        body, left = position + 8, file_size - position - 8
        if key == b"data":
            if found is None:
                raise CaptureError(f"{name} has samples before it says their format ('fmt ')")
            if found.byte_start < 0:
                found.byte_start = body
                size = found.byte_count = _data_size(size, wide_size, left, head, found.notes, name)
        elif found is not None and found.byte_start >= 0 and size > left:
            break  # what follows the samples may be cut off
        elif size > left:
            raise CaptureError(
                f"{name}: its chunk {key!r} claims {size} bytes, but {left} are left in the file"
            )
        elif key == b"fmt " and found is None:
            found = _format(_read(file, body, min(size, 40)), name)
        elif key == b"ds64" and head[:4] != b"RIFF":
            content = _read(file, body, 16)
            wide_size = int.from_bytes(content[8:16], "little") if len(content) == 16 else None
        elif key in _INFO_CHUNKS and key not in info:
            info[key] = _read(file, body, min(size, _INFO_LIMIT))
        position = body + size + size % 2
    if found is None:
        raise CaptureError(f"{name} does not say how its samples are stored, wanted a chunk 'fmt '")
    if found.byte_start < 0:
        raise CaptureError(f"{name} holds no samples, wanted a chunk 'data' among its first")
    found.info = info
    return found


def _data_size(
    size: int, wide_size: int | None, left: int, head: bytes, notes: list[str], name: str
) -> int:
    """The bytes of samples, of which `left` can be there at most."""
    if size == _UNKNOWN_SIZE and wide_size is not None:
        size = wide_size
    if size in (_UNKNOWN_SIZE, 2**64 - 1):
        claim = "does not say how many bytes of samples it has"
    elif size > left:
        claim = f"claims {size} bytes of samples"
    elif size == 0 and left:
        claim = "says that it has no samples, as a recorder does that was interrupted"
    elif head[:4] == b"RIFF" and left - size >= 2**32:
        claim = f"claims {size} bytes of samples, but such a header cannot count beyond 4 GiB"
    else:
        return size
    notes.append(f"{name} {claim}; the {left} bytes up to its end are taken for them")
    return left


def _format(content: bytes, name: str) -> WavFormat:
    if len(content) < 16:
        raise CaptureError(f"{name}: its chunk 'fmt ' has {len(content)} bytes, wanted 16 or more")
    tag, channels, rate, _, frame_bytes, bits = struct.unpack("<HHIIHH", content[:16])
    if tag == _EXTENSIBLE:
        if len(content) < 40 or content[26:40] != _GUID_TAIL:
            raise CaptureError(f"{name}: its extensible format is none that WAV names, wanted PCM")
        tag = int.from_bytes(content[24:26], "little")
    if channels not in (1, 2):
        raise CaptureError(
            f"{name} has {channels} channels, wanted two (I and Q) or one (real samples)"
        )
    real = channels == 1
    if (tag, bits) == (_PCM, 24):
        datatype = packed_24_bit(real)
    elif (tag, bits) in _NUMBERS:
        datatype = parse_datatype(("r" if real else "c") + _NUMBERS[tag, bits])
    else:
        raise CaptureError(
            f"{name} stores its samples in format {tag} with {bits} bits, wanted PCM (1) of 8, 16,"
            " 24 or 32 bits or float (3) of 32 or 64; convert it"
        )
    if frame_bytes != datatype.sample_bytes:
        raise CaptureError(
            f"{name} says that a sample of {channels} x {bits} bits has {frame_bytes} bytes, wanted"
            f" {datatype.sample_bytes}"
        )
    return WavFormat(datatype, float(rate) if rate else None)


def _read(file: BinaryIO, position: int, count: int) -> bytes:
    """At most `count` bytes, fewer at the end of the file."""
    file.seek(position)
    content = b""
    while len(content) < count and (piece := file.read(count - len(content))):
        content += piece
    return content
