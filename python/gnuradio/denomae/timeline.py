# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate, frequency and time of a stream at each of its samples, as its tags and its user say."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from denomae.rfc3339 import NANOSECONDS, parse_rfc3339

from .places import tagged_time


@dataclass(frozen=True)
class Mark:
    """What is in force from a sample on.

    Attributes:
        offset: of that sample.
        rate_hz: or None.
        frequency_hz: or None.
        time: (offset, seconds, fraction) of the `rx_time` in force, or None.
    """

    offset: int
    rate_hz: float | None = None
    frequency_hz: float | None = None
    time: tuple[int, int, float] | None = None

    def time_at(self, offset: int) -> str | None:
        """RFC 3339 time of a sample from here on; None where nobody knows."""
        if self.time is None:
            return None
        began, seconds, fraction = self.time
        return tagged_time(seconds, fraction, offset - began, self.rate_hz)


class Timeline:
    """Marks in the order of the stream. What the user says wins over tags.

    Args:
        rate_hz: what the user says, or None.
        frequency_hz: the same.
    """

    def __init__(self, rate_hz: float | None, frequency_hz: float | None) -> None:
        self._said = [rate_hz, frequency_hz]
        self.begin(0)

    def begin(self, offset: int) -> None:
        """A new stream, whose tags have said nothing yet."""
        self._tagged: list[float | None] = [None, None]
        self._marks = [Mark(offset, *self._said)]

    def take(self, events: Iterable[Any]) -> None:
        """Heeds what `stretch_sink.take_events` gave."""
        for event in events:
            for kind, value in enumerate((event.rate_hz, event.frequency_hz)):
                if value is not None and (kind or value > 0):
                    self._tagged[kind] = value
            self._add(event.offset, event.time)

    def say_rate(self, offset: int, rate_hz: float | None) -> None:
        """The user says what the rate is from a sample on; None: what tags say."""
        self._said[0] = rate_hz
        self._add(offset, None)

    def say_frequency(self, offset: int, frequency_hz: float | None) -> None:
        """The user says what the centre frequency is from a sample on; None: what tags say."""
        self._said[1] = frequency_hz
        self._add(offset, None)

    def at(self, offset: int) -> Mark:
        """What is in force at a sample."""
        return self._marks[max(0, bisect_right(self._marks, offset, key=_offset) - 1)]

    def changes(self, start: int, stop: int) -> list[int]:
        """The samples behind `start` and before `stop` from which on something else holds."""
        return [mark.offset for mark in self._marks if start < mark.offset < stop]

    def forget(self, before: int) -> None:
        """Nobody will ask for what was in force before that sample."""
        del self._marks[: max(0, bisect_right(self._marks, before, key=_offset) - 1)]

    def _add(self, offset: int, time: tuple[int, float] | None) -> None:
        last = self._marks[-1]
        offset = max(offset, last.offset)
        rate, frequency = (
            tagged if said is None else said
            for said, tagged in zip(self._said, self._tagged, strict=True)
        )
        mark = replace(last, offset=offset, rate_hz=rate, frequency_hz=frequency)
        if rate != last.rate_hz:  # the samples since that time went by at two rates
            known = mark.time is not None and mark.time[0] == offset
            mark = mark if known else replace(mark, time=None)
        if time is not None and not _agree(mark.time_at(offset), time, mark.rate_hz):
            mark = replace(mark, time=(offset, *time))
        if mark == replace(last, offset=offset):
            return
        if last.offset == offset:
            self._marks.pop()
        self._marks.append(mark)


def _offset(mark: Mark) -> int:
    return mark.offset


def _agree(counted: str | None, told: tuple[int, float], rate_hz: float | None) -> bool:
    """Whether a repeated `rx_time` is what counting samples gives, to half a sample."""
    if counted is None or rate_hz is None:
        return False
    seconds, nanoseconds = parse_rfc3339(counted)
    apart_ns = (told[0] - seconds) * NANOSECONDS + Fraction(told[1]) * NANOSECONDS - nanoseconds
    return abs(apart_ns) <= NANOSECONDS / Fraction(rate_hz) / 2 + 1
