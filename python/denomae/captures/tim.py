# SPDX-License-Identifier: GPL-3.0-or-later
"""The .tim files of the CSP Blog: two little-endian int32, then float32 numbers.

The first says 1 for real samples and 2 for I and Q in turn, the second how many samples follow.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from denomae.captures.capture import Capture, Segment
from denomae.captures.datatypes import Datatype, parse_datatype
from denomae.captures.files import open_plain_file
from denomae.errors import CaptureError

TIM_SUFFIX = ".tim"
HEADER_BYTES = 8
_DATATYPES = {1: "rf32_le", 2: "cf32_le"}


def parse_tim_header(header: bytes, size: int, name: str) -> tuple[Datatype, int]:
    """The datatype and the number of samples.

    Args:
        header: the first eight bytes, or as many as there are.
        size: of the file, in bytes.
        name: how errors call it.

    Raises:
        CaptureError: the header does not fit the file.
    """
    if len(header) < HEADER_BYTES:
        raise CaptureError(f"{name} has {size} bytes, wanted a header of {HEADER_BYTES}")
    kind, count = struct.unpack("<ii", header[:HEADER_BYTES])
    if kind not in _DATATYPES:
        raise CaptureError(f"{name} begins with {kind}, wanted 1 (real) or 2 (complex)")
    datatype = parse_datatype(_DATATYPES[kind])
    there = size - HEADER_BYTES
    if count < 0 or count * datatype.sample_bytes != there:
        raise CaptureError(
            f"{name} says that it has {count} samples, but there are {there} bytes of them, wanted"
            f" {datatype.sample_bytes} a sample"
        )
    return datatype, count


def open_tim(path: Path) -> Capture:
    """One signal as a recording; its rate is unknown.

    Raises:
        CaptureError: it cannot be read, or its header does not fit it.
    """
    file, size = open_plain_file(path)
    try:
        header = os.pread(file.fileno(), HEADER_BYTES, 0)
        datatype, count = parse_tim_header(header, size, path.name)
    except BaseException:
        file.close()
        raise
    return Capture(path, path, file, datatype, [Segment(0, count, HEADER_BYTES)], format=".tim")
