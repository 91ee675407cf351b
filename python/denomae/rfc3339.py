# SPDX-License-Identifier: GPL-3.0-or-later
"""RFC 3339 times in UTC, to the nanosecond, in integers alone.

A float holds today's seconds to a quarter of a microsecond only, so that no time here ever is one.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from fractions import Fraction

from denomae.errors import DenomaeError

NANOSECONDS = 1_000_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EARLIEST = -62_135_596_800  # 0001-01-01T00:00:00Z
_LATEST = 253_402_300_799  # 9999-12-31T23:59:59Z
_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(?:\.(\d{1,32}))?([Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)


def rfc3339(seconds: int, nanoseconds: int = 0) -> str:
    """A UTC time such as `2026-03-01T12:00:00.000123456Z`, always with nine digits.

    Args:
        seconds: since 1970-01-01T00:00:00Z, without leap seconds; may be negative.
        nanoseconds: any integer; whole seconds in it are carried.

    Raises:
        DenomaeError: the time lies outside the years 1 to 9999.
    """
    carried, nanoseconds = divmod(int(nanoseconds), NANOSECONDS)
    seconds = int(seconds) + carried
    if not _EARLIEST <= seconds <= _LATEST:
        raise DenomaeError(
            f"{seconds} s since 1970 is outside the years 1 to 9999 that RFC 3339 can write"
        )
    moment = _EPOCH + timedelta(seconds=seconds)
    # strftime's %Y does not pad years below 1000 everywhere; isoformat does.
    return f"{moment.replace(tzinfo=None).isoformat()}.{nanoseconds:09d}Z"


def parse_rfc3339(text: str) -> tuple[int, int]:
    """The inverse of `rfc3339`: whole seconds since 1970 and 0..999,999,999 nanoseconds.

    Any RFC 3339 offset is understood, digits past the ninth are cut off, and a leap second (`:60`)
    counts as the first second of the next minute.

    Raises:
        DenomaeError: the text is no RFC 3339 time.
    """
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise _not_a_time(text)
    date, minute, second, fraction, zone = match.groups()
    if int(second) > 60:
        raise _not_a_time(text)
    try:
        moment = datetime.fromisoformat(f"{date}T{minute}:00+00:00")
    except ValueError as error:
        raise _not_a_time(text) from error
    if zone in "Zz":
        offset_s = 0
    else:
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23 or minutes > 59:
            raise _not_a_time(text)
        offset_s = (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
    since = moment - _EPOCH
    seconds = since.days * 86_400 + since.seconds + int(second) - offset_s
    return seconds, int((fraction or "0")[:9].ljust(9, "0"))


def advance(time: str, samples: int, sample_rate_hz: float) -> str:
    """The time `samples` after `time` at `sample_rate_hz` (> 0), rounded to the nearest nanosecond.

    Raises:
        DenomaeError: `time` is no RFC 3339 time, or the result leaves the years 1 to 9999.
    """
    seconds, nanoseconds = parse_rfc3339(time)
    return rfc3339(seconds, nanoseconds + round(samples * NANOSECONDS / Fraction(sample_rate_hz)))


def _not_a_time(text: object) -> DenomaeError:
    shown = repr(text)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return DenomaeError(
        f"{shown} is not an RFC 3339 time; one looks like 2026-03-01T12:00:00.000123456Z"
    )
