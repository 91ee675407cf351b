# SPDX-License-Identifier: GPL-3.0-or-later
"""Where and when the frames of a batch began."""

from __future__ import annotations

import math
import time
from fractions import Fraction
from typing import Any

from denomae.errors import DenomaeError
from denomae.labels import Place
from denomae.rfc3339 import NANOSECONDS, rfc3339

TIME_SOURCES = ("tags", "host")


def places_of(batch: Any, frame_length: int, time_source: str = "tags") -> list[Place]:
    """One place a frame of what `frame_sink.pop` gave; what is unknown is None, not guessed.

    Offset, length, rate and frequency are those before a rate adapter, where there is one. Rate and
    frequency are those that the sink wrote to a frame when it began. Time source `tags` counts
    samples from the `rx_time` tag in force; `host` takes the host's clock when the chunk
    with the frame's last sample arrived, less the duration of the frame and of what lies behind it
    in that chunk.
    """
    now_ns, now_monotonic_ns = time.time_ns(), time.monotonic_ns()
    places = []
    for i, offset in enumerate(batch.source_offset.tolist()):
        rate = _positive(float(batch.rate_hz[i]))
        ratio = float(batch.ratio[i])
        if time_source == "host":
            arrival_ns = now_ns - (now_monotonic_ns - int(batch.arrival_ns[i]))
            samples = round((frame_length + int(batch.samples_behind[i])) / ratio)
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
        frequency = _finite(float(batch.frequency_hz[i]))
        places.append(Place(offset, round(frame_length / ratio), began, frequency, rate))
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
