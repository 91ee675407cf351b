# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples without metadata: the user, or the file's suffix, says what they are."""

from __future__ import annotations

from pathlib import Path

from denomae.captures.capture import Capture, Segment
from denomae.captures.datatypes import parse_datatype
from denomae.captures.files import open_plain_file
from denomae.errors import CaptureError

# What GNU Radio, rtl_sdr, gqrx, SDR# and the Universal Radio Hacker call their files.
SUFFIXES = {
    ".cf32": "cf32_le",
    ".fc32": "cf32_le",
    ".cfile": "cf32_le",
    ".complex": "cf32_le",
    ".complex64": "cf32_le",
    ".cf64": "cf64_le",
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
}


def open_raw(path: Path, datatype: str | None) -> Capture:
    """A file of nothing but samples.

    Raises:
        CaptureError: it cannot be read, or nobody says what its samples are.
    """
    name = datatype or SUFFIXES.get(path.suffix.lower())
    if name is None:
        if path.suffix.lower() in (".wav", ".wave"):
            raise CaptureError(
                f"{path.name} is WAV, which is not read; convert it to raw samples or to SigMF"
            )
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
    return Capture(path, path, file, kind, [Segment(0, count, 0)], notes=notes)
