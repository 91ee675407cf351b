# SPDX-License-Identifier: GPL-3.0-or-later
"""Where and when the frames of a batch began, from the stream's tags or from the user."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from denomae.errors import DenomaeError
from denomae.labels import Place
from denomae.rfc3339 import NANOSECONDS, rfc3339

TIME_SOURCES = ("tags", "host")


@dataclass(frozen=True)
class PlaceRules:
    """What places are made of.

    Attributes:
        sample_rate_hz: wins over `rx_rate` tags; None: the tags'.
        center_frequency_hz: wins over `rx_freq` tags; None: the tags'.
        time_source: `tags` counts samples from the `rx_time` tag in force; `host` takes the host's
            clock when the chunk with the frame's last sample arrived, less the duration of the
            frame and of what lies behind it in that chunk.
    """

    sample_rate_hz: float | None = None
    center_frequency_hz: float | None = None
    time_source: str = "tags"

    def __post_init__(self) -> None:
        if self.time_source not in TIME_SOURCES:
            raise DenomaeError(
                f"time_source is {self.time_source!r}, wanted one of {', '.join(TIME_SOURCES)}"
            )
        rate, frequency = self.sample_rate_hz, self.center_frequency_hz
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise DenomaeError(f"sample_rate is {rate}, wanted hertz above 0, or 0 for the tags'")
        if frequency is not None and not math.isfinite(frequency):
            raise DenomaeError(
                f"center_frequency is {frequency}, wanted hertz, or nan for the tags'"
            )


def places_of(batch: Any, frame_length: int, rules: PlaceRules) -> list[Place]:
    """One place a frame of what `frame_sampler.pop` gave; what is unknown is None, not guessed."""
    now_ns, now_monotonic_ns = time.time_ns(), time.monotonic_ns()
    places = []
    for i, offset in enumerate(batch.sample_offset.tolist()):
        rate = rules.sample_rate_hz or _positive(float(batch.rate_hz[i]))
        if rules.time_source == "host":
            arrival_ns = now_ns - (now_monotonic_ns - int(batch.arrival_ns[i]))
            samples = frame_length + int(batch.samples_behind[i])
            began = host_time(arrival_ns, samples, rate)
        elif batch.time_valid[i]:
            began = tagged_time(
                int(batch.time_seconds[i]),
                float(batch.time_fraction[i]),
                offset - int(batch.time_offset[i]),
                rate,
            )
        else:
            began = None
        frequency = rules.center_frequency_hz
        if frequency is None:
            frequency = _finite(float(batch.frequency_hz[i]))
        places.append(Place(offset, frame_length, began, frequency, rate))
    return places


def tagged_time(seconds: int, fraction: float, samples: int, rate_hz: float | None) -> str | None:
    """The time `samples` after a tag's, to the nearest nanosecond; None where nobody knows."""
    if samples and rate_hz is None or not math.isfinite(fraction):
        return None
    past_ns = Fraction(fraction) * NANOSECONDS
    if samples:
        past_ns += samples * NANOSECONDS / Fraction(rate_hz)
    return _rfc3339(seconds, round(past_ns))


def host_time(arrival_ns: int, samples: int, rate_hz: float | None) -> str | None:
    """The time of the first of `samples` of which the last one came at `arrival_ns` since 1970."""
    if rate_hz is None:
        return None
    return _rfc3339(0, arrival_ns - round(samples * NANOSECONDS / Fraction(rate_hz)))


def _rfc3339(seconds: int, nanoseconds: int) -> str | None:
    try:
        return rfc3339(seconds, nanoseconds)
    except (DenomaeError, OverflowError):  # a tag that holds no time of this world
        return None


def _positive(value: float) -> float | None:
    return value if math.isfinite(value) and value > 0 else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
