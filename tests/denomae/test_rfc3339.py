# SPDX-License-Identifier: GPL-3.0-or-later
"""Times, against the standard library's own calendar."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from denomae.errors import DenomaeError
from denomae.rfc3339 import advance, parse_rfc3339, rfc3339


@given(st.integers(-62_135_596_800, 253_402_300_799), st.integers(0, 999_999_999))
def test_writing_and_reading_a_time_gives_it_back(seconds: int, nanoseconds: int) -> None:
    text = rfc3339(seconds, nanoseconds)
    assert len(text) == len("2026-03-01T12:00:00.000123456Z")
    assert parse_rfc3339(text) == (seconds, nanoseconds)


@given(st.datetimes(min_value=datetime(1600, 1, 1), max_value=datetime(2400, 1, 1)))
def test_the_calendar_is_the_standard_library_s(moment: datetime) -> None:
    moment = moment.replace(tzinfo=timezone.utc)
    seconds, nanoseconds = parse_rfc3339(moment.isoformat())
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert seconds == since.days * 86_400 + since.seconds
    assert nanoseconds == moment.microsecond * 1000


def test_a_known_time() -> None:
    assert rfc3339(1_772_366_400, 123_456) == "2026-03-01T12:00:00.000123456Z"


def test_whole_seconds_in_the_nanoseconds_are_carried() -> None:
    assert rfc3339(0, 1_500_000_000) == "1970-01-01T00:00:01.500000000Z"
    assert rfc3339(0, -1) == "1969-12-31T23:59:59.999999999Z"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-03-01T14:00:00+02:00", "2026-03-01T12:00:00Z"),
        ("2026-03-01T06:30:00.5-05:30", "2026-03-01T12:00:00.500Z"),
        ("2026-03-01t12:00:00z", "2026-03-01T12:00:00Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2026-03-01T12:00:00.1234567899Z", "2026-03-01T12:00:00.123456789Z"),
    ],
)
def test_every_form_of_rfc_3339_is_read(text: str, same: str) -> None:
    assert parse_rfc3339(text) == parse_rfc3339(same)


@pytest.mark.parametrize(
    "text",
    ["", "2026-03-01", "2026-13-01T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:00:61Z",
     "2026-03-01T12:00:00", "2026-03-01T12:00:00+24:00", "٢٠٢٦-03-01T12:00:00Z", None, 5],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(DenomaeError, match="RFC 3339"):
        parse_rfc3339(text)


def test_years_that_cannot_be_written_are_refused() -> None:
    with pytest.raises(DenomaeError, match="1 to 9999"):
        rfc3339(10**15)


def test_advancing_is_exact_far_beyond_a_float() -> None:
    # A third of a second at a rate that no float second could count: 2**53 + 1 samples.
    samples = 2**53 + 1
    assert advance("2026-01-01T00:00:00Z", samples, 1e9) == rfc3339(
        parse_rfc3339("2026-01-01T00:00:00Z")[0], samples
    )
