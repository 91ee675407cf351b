# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of frames are exact to the nanosecond however far into the stream they lie."""

from __future__ import annotations

import time
from decimal import Decimal, getcontext
from types import SimpleNamespace

import numpy as np
import pytest
from gnuradio import blocks, denomae, gr
from gnuradio.denomae.places import host_time, places_of, tagged_time
from hypothesis import given
from hypothesis import strategies as st

from denomae.labels import Place
from denomae.rfc3339 import parse_rfc3339

getcontext().prec = 80
RATE = st.floats(1, 1e11)
SECONDS = st.integers(0, 2**36)
FRACTION = st.floats(0, 1, exclude_max=True)
NAN = float("nan")


def nanoseconds_of(text):
    seconds, nanoseconds = parse_rfc3339(text)
    return seconds * 10**9 + nanoseconds


def a_batch(**fields):
    """What `frame_sink.pop` gives for one frame, as far as places read it."""
    values = {
        "sample_offset": 0,
        "arrival_ns": 0,
        "samples_behind": 0,
        "rate_hz": NAN,
        "frequency_hz": NAN,
        "time_valid": False,
        "time_seconds": 0,
        "time_fraction": 0.0,
        "time_offset": 0,
        "ratio": 1.0,
        **fields,
    }
    values.setdefault("source_offset", values["sample_offset"])
    unsigned = ("sample_offset", "source_offset", "samples_behind", "time_seconds", "time_offset")
    return SimpleNamespace(
        **{k: np.array([v], dtype=np.uint64 if k in unsigned else None) for k, v in values.items()}
    )


@given(SECONDS, FRACTION, st.integers(1, 2**63), RATE)
def test_a_time_is_the_tags_plus_samples_over_rate_to_half_a_nanosecond(
    seconds, fraction, samples, rate
):
    exact = Decimal(seconds) + Decimal(fraction) + Decimal(samples) / Decimal(rate)
    found = tagged_time(seconds, fraction, samples, rate)
    if found is None:
        assert exact > 253_402_300_799  # the year 9999
    else:
        assert abs(Decimal(nanoseconds_of(found)) - exact * 10**9) <= Decimal("0.5")


@given(st.integers(2**32, 2**62), st.integers(1, 10**6), SECONDS, FRACTION)
def test_far_into_a_stream_two_frames_lie_apart_by_exactly_their_samples(
    offset, apart, seconds, fraction
):
    rate = 1e9  # one sample a nanosecond
    first = tagged_time(seconds, fraction, offset, rate)
    second = tagged_time(seconds, fraction, offset + apart, rate)
    if second is not None:
        assert nanoseconds_of(second) - nanoseconds_of(first) == apart


def test_an_offset_past_two_to_the_32_counts_from_the_tag_in_force():
    batch = a_batch(
        sample_offset=2**40 + 3_000_000,
        time_valid=True,
        time_seconds=1_772_366_400,
        time_fraction=0.25,
        time_offset=2**40,
        rate_hz=2e6,
        frequency_hz=433.92e6,
    )
    assert places_of(batch, 1024) == [
        Place(2**40 + 3_000_000, 1024, "2026-03-01T12:00:01.750000000Z", 433.92e6, 2e6)
    ]


def test_what_nobody_knows_is_none():
    assert places_of(a_batch(sample_offset=64), 64) == [Place(64, 64)]


def test_the_tagged_sample_has_its_time_without_any_rate():
    known = a_batch(sample_offset=10, time_offset=10, time_valid=True, time_seconds=1)
    assert places_of(known, 64)[0].time == "1970-01-01T00:00:01.000000000Z"
    later = a_batch(sample_offset=11, time_offset=10, time_valid=True, time_seconds=1)
    assert places_of(later, 64)[0].time is None


@pytest.mark.parametrize("rate", [NAN, 0.0, -1.0, float("inf")])
def test_a_rate_tag_that_is_none_is_unknown(rate):
    assert places_of(a_batch(rate_hz=rate), 64)[0].sample_rate_hz is None


@pytest.mark.parametrize("seconds, fraction", [(2**64 - 1, 0.0), (0, NAN), (0, float("inf"))])
def test_a_time_tag_from_no_calendar_is_unknown(seconds, fraction):
    batch = a_batch(time_valid=True, time_seconds=seconds, time_fraction=fraction, rate_hz=1e6)
    assert places_of(batch, 64)[0].time is None


def test_the_hosts_clock_gives_arrival_less_the_frames_duration():
    assert host_time(10**18, 1000, 1e6) == host_time(10**18 - 10**6, 0, 1e6)
    assert host_time(10**18, 1000, None) is None
    before = time.time_ns()
    place = places_of(a_batch(rate_hz=1e6, arrival_ns=time.monotonic_ns()), 1_000_000, "host")[0]
    assert before <= nanoseconds_of(place.time) + 10**9 <= time.time_ns()


def test_by_the_hosts_clock_frames_of_one_chunk_lie_apart_by_their_samples():
    sampler = denomae.frame_sink(100, 40, 100)
    sampler.set_sample_rate(1e6)
    flowgraph = gr.top_block()
    flowgraph.connect(blocks.vector_source_c([1] * 1000), sampler)
    flowgraph.run()
    batch = sampler.pop(100, 0.0)
    assert batch.samples_behind.dtype == np.uint64
    places = places_of(batch, 100, "host")
    times = [nanoseconds_of(place.time) for place in places]
    chunks = batch.arrival_ns.tolist()
    apart = [
        after - before
        for before, after, one, other in zip(times, times[1:], chunks, chunks[1:], strict=False)
        if one == other
    ]
    assert len(apart) > 10 and set(apart) == {40_000}
