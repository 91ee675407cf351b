# SPDX-License-Identifier: GPL-3.0-or-later
"""WAV recordings: two channels are I and Q, one channel holds real samples."""

from __future__ import annotations

from pathlib import Path

from denomae.captures.capture import Capture, Segment
from denomae.captures.files import open_plain_file
from denomae.captures.receivers import told_by_chunks, told_by_name
from denomae.captures.wavformat import read_wav_format
from denomae.errors import CaptureError

WAV_SUFFIXES = (".wav", ".wave", ".rf64", ".bw64")


def open_wav(path: Path) -> Capture:
    """The recording in a WAV file; frequency and time as its chunks, or else its name, tell them.

    Raises:
        CaptureError: it cannot be read, or is no WAV of one or two channels.
    """
    file, size = open_plain_file(path)
    try:
        found = read_wav_format(file, size, path.name)
        if not found.datatype.real and path.stem.upper().endswith("_AF"):
            raise CaptureError(
                f"{path.name} is called what SDR programs call a receiver's audio, in two channels,"
                " wanted I and Q; give it another name if it is that, or keep one of its channels"
            )
        count, rest = divmod(found.byte_count, found.datatype.sample_bytes)
        if rest:
            found.notes.append(
                f"{path.name} ends in the middle of a sample; its last {rest} bytes are left out"
            )
        told = told_by_chunks(found.info).or_else(told_by_name(path.stem))
        if found.sample_rate_hz is None:
            found.notes.append(f"{path.name} says that its sample rate is 0; it stays unknown")
    except BaseException:
        file.close()
        raise
    segment = Segment(0, count, found.byte_start, told.time, told.center_frequency_hz)
    return Capture(
        path,
        path,
        file,
        found.datatype,
        [segment],
        found.sample_rate_hz,
        notes=found.notes,
        format="WAV",
    )
