# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples without metadata: the user, or the file's suffix or name, says what they are."""

from __future__ import annotations

from pathlib import Path

from denomae.captures.capture import Capture, Segment
from denomae.captures.datatypes import is_datatype, parse_datatype
from denomae.captures.files import open_plain_file
from denomae.captures.receivers import told_by_name
from denomae.errors import CaptureError

# What GNU Radio, rtl_sdr, gqrx, SDR# and the Universal Radio Hacker call their files; a
# datatype's full name is a suffix too, such as `.ci16_be`.
SUFFIXES = {
    ".cf32": "cf32_le",
    ".fc32": "cf32_le",
    ".cfile": "cf32_le",
    ".complex": "cf32_le",
    ".complex64": "cf32_le",
    ".cf64": "cf64_le",
    ".fc64": "cf64_le",
    ".complex128": "cf64_le",
    ".ci32": "ci32_le",
    ".cs32": "ci32_le",
    ".sc32": "ci32_le",
    ".cu32": "cu32_le",
    ".ci16": "ci16_le",
    ".cs16": "ci16_le",
    ".sc16": "ci16_le",
    ".complex32s": "ci16_le",
    ".cu16": "cu16_le",
    ".complex32u": "cu16_le",
    ".ci8": "ci8",
    ".cs8": "ci8",
    ".sc8": "ci8",
    ".complex16s": "ci8",
    ".cu8": "cu8",
    ".complex16u": "cu8",
    ".rf32": "rf32_le",
    ".ri32": "ri32_le",
    ".ri16": "ri16_le",
    ".ri8": "ri8",
    ".ru16": "ru16_le",
    ".ru8": "ru8",
}


def open_raw(path: Path, datatype: str | None) -> Capture:
    """A file of nothing but samples.

    Raises:
        CaptureError: it cannot be read, or nobody says what its samples are.
    """
    told = told_by_name(path.stem)
    suffix = path.suffix.lower()
    name = datatype or SUFFIXES.get(suffix)
    if name is None and is_datatype(suffix[1:]):
        name = suffix[1:]
    if name is None and told.sample_rate_hz is not None:
        name = "cf32_le"  # gqrx, whose names tell all
    if name is None:
        raise CaptureError(
            f"{path.name} does not say how its samples are stored; name a datatype such as cf32_le,"
            " ci16_le, ci8 or cu8 (--datatype)"
        )
    kind = parse_datatype(name)
    file, size = open_plain_file(path)
    count, rest = divmod(size, kind.sample_bytes)
    notes = []
    if rest:
        notes.append(
            f"{path.name} has {size} bytes, no multiple of the {kind.sample_bytes} of a {kind.name}"
            f" sample; the last {rest} are left out"
        )
    segment = Segment(0, count, 0, told.time, told.center_frequency_hz)
    return Capture(path, path, file, kind, [segment], told.sample_rate_hz, notes=notes)
