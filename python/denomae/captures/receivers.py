# SPDX-License-Identifier: GPL-3.0-or-later
"""What receiver programs write beside the samples: frequency, time, and names that tell both.

`auxi` is the chunk of SpectraVue, HDSDR, SDRuno and others: two Windows SYSTEMTIMEs (start and
stop), then the centre frequency; SDR Console writes XML under the same name. `rcvr` is that of
Perseus.
Sources: SpectraVue's user guide 3.18 and Linrad's z_WAV_FORMATS.txt. Times are taken as UTC.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import datetime, timezone

from denomae.errors import DenomaeError
from denomae.rfc3339 import rfc3339

# SDRSharp_20160101_231914Z_12kHz_IQ, HDSDR_20180225_174354Z_7255kHz_RF, SDRuno_..., AirSpy_...
_NAME = re.compile(
    r"(?:^|_)(\d{8})_(\d{6})Z_(\d{1,12}(?:\.\d{1,6})?)([kM]?)Hz(?:_|$)", re.ASCII | re.IGNORECASE
)
# gqrx_20190521_170204_137500000_2400000_fc.raw: complex floats, time in UTC, frequency, rate
_GQRX = re.compile(r"gqrx_(\d{8})_(\d{6})_(\d{1,12})_(\d{1,10})_fc", re.ASCII)
_XML_FREQUENCY = re.compile(r'\bRadioCenterFreq="(\d{1,12})(?:\.\d{0,9})?"', re.ASCII)
_XML_SECONDS = re.compile(r'\bUTCSeconds="(\d{1,11})"', re.ASCII)
_SCALE = {"": 1.0, "k": 1e3, "m": 1e6}


@dataclass(frozen=True)
class Told:
    """What is known of a recording; None where nobody says it."""

    time: str | None = None
    center_frequency_hz: float | None = None
    sample_rate_hz: float | None = None

    def or_else(self, other: Told) -> Told:
        """This, and where it says nothing the other."""
        return Told(
            self.time or other.time,
            self.center_frequency_hz if self.center_frequency_hz else other.center_frequency_hz,
            self.sample_rate_hz or other.sample_rate_hz,
        )


def told_by_chunks(info: dict[bytes, bytes]) -> Told:
    """What the chunks `auxi` and `rcvr` of a WAV file say; what makes no sense is left out."""
    told = Told()
    if b"auxi" in info:
        told = _auxi(info[b"auxi"])
    if b"rcvr" in info and len(info[b"rcvr"]) >= 12:
        frequency, _, seconds = struct.unpack("<iiI", info[b"rcvr"][:12])
        told = told.or_else(Told(_unix(seconds), float(frequency) if frequency > 0 else None))
    return told


def told_by_name(stem: str) -> Told:
    """What the name that a receiver program gave a file says, without its suffix."""
    if match := _GQRX.fullmatch(stem):
        date, clock, frequency, rate = match.groups()
        return Told(_stamp(date, clock), float(frequency), float(rate) or None)
    if match := _NAME.search(stem):
        date, clock, frequency, unit = match.groups()
        return Told(_stamp(date, clock), float(frequency) * _SCALE[unit.lower()])
    return Told()


def _auxi(content: bytes) -> Told:
    if content[:2] == b"\xff\xfe":  # a byte order mark
        content = content[2:]
    if content[:1] == b"<":
        text = content.decode("utf-16-le" if content[1:2] == b"\0" else "latin-1", "replace")
        frequency, seconds = _XML_FREQUENCY.search(text), _XML_SECONDS.search(text)
        return Told(
            _unix(int(seconds[1])) if seconds else None,
            float(frequency[1]) if frequency and int(frequency[1]) else None,
        )
    if len(content) < 36:
        return Told()
    year, month, _, day, hour, minute, second, millisecond = struct.unpack("<8H", content[:16])
    try:
        start = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
        time = rfc3339(int(start.timestamp()), millisecond * 1_000_000)
    except (ValueError, OverflowError):
        time = None
    frequency = int.from_bytes(content[32:36], "little")
    # HDSDR's way beyond 4.29 GHz: the low half once more, and the high one behind it.
    if len(content) >= 68 and content[60:64] == content[32:36]:
        high = int.from_bytes(content[64:68], "little")
        frequency += high << 32 if high <= 232 else 0  # to 1e12 Hz
    return Told(time if time and year >= 1970 else None, float(frequency) or None)


def _unix(seconds: int) -> str | None:
    try:
        return rfc3339(seconds) if seconds else None
    except DenomaeError:
        return None


def _stamp(date: str, clock: str) -> str | None:
    try:
        moment = datetime.strptime(date + clock + "+0000", "%Y%m%d%H%M%S%z")
        return rfc3339(int(moment.timestamp()))
    except ValueError:
        return None
