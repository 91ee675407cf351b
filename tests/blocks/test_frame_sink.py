# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame sampler in real flowgraphs, against its definition in numpy."""

from __future__ import annotations

import gc
import threading
import time

import numpy as np
import pmt
import pytest
from frame_sink_rig import ChunkSource, Stream, expected, in_force, tag, time_in_force
from gnuradio import blocks, denomae, gr
from hypothesis import given, settings
from hypothesis import strategies as st


def ramp(count: int) -> np.ndarray:
    """complex64 [count], every sample another, none zero."""
    k = np.arange(count)
    return (k + 1 - 1j * k).astype(np.complex64)


def play(source, sampler, max_noutput_items: int = 100_000) -> gr.top_block:
    top = gr.top_block()
    top.connect(source, sampler)
    top.run(max_noutput_items)
    return top


def pop_all(sampler):
    return sampler.pop(1_000_000, 0.0)


def adds_up(c) -> bool:
    return c.seen == c.gated + c.invalid + c.dropped + c.delivered + c.queued


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    count = draw(st.integers(0, 1500))
    samples = ramp(count)
    places = st.integers(0, max(count - 1, 0))
    for place in draw(st.lists(places, max_size=3)) if count else []:
        samples[place : place + 40] = draw(st.sampled_from([0, np.nan, 1e30, complex(0, np.inf)]))
    few = {"max_size": 5 if count else 0}
    times = st.tuples(st.integers(0, 2**63), st.floats(0, 0.999))
    told = draw(st.dictionaries(places, times, **few))
    if count and draw(st.booleans()):  # tags as of one clock, at one rate or nearly
        began = draw(st.integers(0, 2**40))
        off = st.sampled_from([0, 0.4, -0.4, 0.6, 30])
        told = {k: (began, 0.25 + (k + draw(off)) / 1e6) for k in draw(st.sets(places, **few))}
    return Stream(
        samples,
        told,
        draw(st.dictionaries(places, st.sampled_from([1e6, 2e6]), **few)),
        draw(st.dictionaries(places, st.sampled_from([1e8, 2.4e9]), **few)),
    )


any_chunks_hops_and_tags = given(
    stream=streams(),
    length=st.integers(1, 200),
    hop=st.integers(1, 300),
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=8),
    most=st.integers(1, 500),
)


@settings(max_examples=60, deadline=None)
@any_chunks_hops_and_tags
@pytest.mark.timeout(300)
def test_no_sample_is_lost_or_repeated_over_any_chunks_hops_and_tags(
    stream: Stream, length: int, hop: int, sizes: list[int], most: int
) -> None:
    check_that_no_sample_is_lost_or_repeated(stream, length, hop, sizes, most)


@pytest.mark.long
@settings(max_examples=1500, deadline=None)
@any_chunks_hops_and_tags
@pytest.mark.timeout(1800)
def test_no_sample_is_lost_or_repeated_over_very_many_streams(
    stream: Stream, length: int, hop: int, sizes: list[int], most: int
) -> None:
    check_that_no_sample_is_lost_or_repeated(stream, length, hop, sizes, most)


def check_that_no_sample_is_lost_or_repeated(
    stream: Stream, length: int, hop: int, sizes: list[int], most: int
) -> None:
    sampler = denomae.frame_sink(length, hop, 2000, "newest")
    play(ChunkSource(stream, sizes), sampler, most)
    batch = pop_all(sampler)
    wanted = expected(stream, length, hop)
    assert batch.sample_offset.tolist() == wanted.offsets
    for i, offset in enumerate(wanted.offsets):
        np.testing.assert_array_equal(batch.frames[i], stream.samples[offset : offset + length])
        time_tag = time_in_force(stream, offset)
        assert batch.time_valid[i] == (time_tag is not None)
        if time_tag:
            found = (batch.time_offset[i], (batch.time_seconds[i], batch.time_fraction[i]))
            assert found == time_tag
        for value, tags in (
            (batch.rate_hz[i], stream.rates),
            (batch.frequency_hz[i], stream.frequencies),
        ):
            tag = in_force(tags, offset)
            assert value == tag[1] if tag else np.isnan(value)
    c = sampler.counters()
    assert adds_up(c)
    assert (c.seen, c.gated, c.invalid) == (wanted.seen, wanted.gated, wanted.invalid)
    assert (c.delivered, c.dropped, c.queued) == (len(wanted.offsets), 0, 0)
    assert c.discontinuities == wanted.discontinuities
    if hop <= length:  # nothing is skipped on purpose: what is in no frame is the tails
        assert c.tail_samples == len(stream.samples) - len(wanted.used)


@settings(max_examples=25, deadline=None)
@given(
    levels_db=st.lists(st.floats(-60, 10), min_size=1, max_size=30),
    gate_db=st.floats(-50, 0),
    hysteresis_db=st.floats(0, 20),
)
def test_the_gate_has_hysteresis(
    levels_db: list[float], gate_db: float, hysteresis_db: float
) -> None:
    amplitudes = 10 ** (np.array(levels_db) / 20)
    stream = Stream(np.repeat(amplitudes, 32).astype(np.complex64))
    sampler = denomae.frame_sink(32, 32, 100, "newest", gate_db, hysteresis_db)
    play(ChunkSource(stream, [77]), sampler)
    wanted = expected(stream, 32, 32, gate_db, hysteresis_db)
    assert pop_all(sampler).sample_offset.tolist() == wanted.offsets
    assert sampler.counters().gated == wanted.gated


@pytest.mark.parametrize(
    ("policy", "kept"), [("newest", range(16, 20)), ("oldest", range(4))], ids=str
)
def test_a_full_queue_drops_by_its_policy_and_counts(policy: str, kept: range) -> None:
    sampler = denomae.frame_sink(10, 10, 4, policy)
    play(ChunkSource(Stream(ramp(205)), [33]), sampler)
    c = sampler.counters()
    assert (c.seen, c.dropped, c.queued, c.delivered, c.tail_samples) == (20, 16, 4, 0, 5)
    assert pop_all(sampler).sample_offset.tolist() == [10 * i for i in kept]
    c = sampler.counters()
    assert (c.dropped, c.queued, c.delivered) == (16, 0, 4)


@pytest.mark.timeout(60)
def test_block_delivers_every_frame_to_a_slow_consumer() -> None:
    sampler = denomae.frame_sink(16, 16, 2, denomae.drop_policy.block)
    top = gr.top_block()
    source = ChunkSource(Stream(ramp(16 * 300 + 3)), [50])
    top.connect(source, sampler)
    top.start()
    offsets: list[int] = []
    while not sampler.finished(1):
        offsets += sampler.pop(3, 5.0).sample_offset.tolist()
    top.wait()
    assert offsets == list(range(0, 16 * 300, 16))
    c = sampler.counters()
    assert (c.delivered, c.dropped, c.tail_samples) == (300, 0, 3)


@pytest.mark.timeout(30)
def test_a_flowgraph_stops_within_a_second_while_block_waits() -> None:
    sampler = denomae.frame_sink(64, 64, 2, "block")
    top = gr.top_block()
    source = blocks.null_source(gr.sizeof_gr_complex)
    noise = blocks.add_const_cc(1)
    top.connect(source, noise, sampler)
    top.start()
    while sampler.counters().queued < 2:
        time.sleep(0.001)
    begin = time.monotonic()
    top.stop()
    top.wait()
    assert time.monotonic() - begin < 1.0
    c = sampler.counters()
    assert (c.seen, c.queued, c.dropped) == (2, 2, 0)
    assert not sampler.finished(1)
    assert sampler.discard() == 2
    assert sampler.finished(1)
    assert sampler.counters().dropped == 2


def test_every_run_begins_anew() -> None:
    stream = Stream(ramp(105), times={0: (7, 0.5)})
    sampler = denomae.frame_sink(10, 10, 100, "newest")
    top = gr.top_block()
    source = ChunkSource(stream, [13])
    top.connect(source, sampler)
    assert sampler.run() == 0
    for run in (1, 2, 3):
        top.start()
        top.wait()
        assert sampler.run() == run
        assert not sampler.finished(run) and sampler.finished(run - 1)
        c = sampler.counters()
        assert (c.seen, c.queued, c.tail_samples, c.discontinuities) == (10, 10, 5, 0)
        if run == 2:
            continue  # what nobody took is gone in the next run
        batch = pop_all(sampler)
        assert batch.sample_offset.tolist() == list(range(0, 100, 10))
        assert (batch.time_seconds == 7).all()
        assert sampler.finished(run)


@pytest.mark.timeout(30)
def test_pop_waits_without_the_interpreter_and_wakes_when_the_flowgraph_stops() -> None:
    sampler = denomae.frame_sink(10, 10, 4, "newest")
    top = gr.top_block()
    source = blocks.null_source(gr.sizeof_gr_complex)
    top.connect(source, sampler)
    top.start()
    popped: list[int] = []
    waiter = threading.Thread(target=lambda: popped.append(len(sampler.pop(1, 1000.0))))
    waiter.start()
    while sampler.counters().gated < 100:  # this thread runs on while the other one waits
        time.sleep(0.001)
    while waiter.is_alive():
        top.stop()
        top.wait()
        waiter.join(0.1)
        top.start()
    top.stop()
    top.wait()
    assert popped == [0]


def test_a_batch_outlives_its_sampler_and_arrays_outlive_their_batch() -> None:
    sampler = denomae.frame_sink(10, 10, 100, "newest")
    top = play(ChunkSource(Stream(ramp(50)), [13]), sampler)
    batch = pop_all(sampler)
    frames, offsets = batch.frames, batch.sample_offset
    del batch, sampler, top
    gc.collect()
    assert frames.flags.c_contiguous and frames.dtype == np.complex64
    assert offsets.dtype == np.uint64
    np.testing.assert_array_equal(frames.ravel(), ramp(50))


def test_arrival_is_on_the_monotonic_clock() -> None:
    before = time.monotonic_ns()
    sampler = denomae.frame_sink(10, 10, 100, "newest")
    play(ChunkSource(Stream(ramp(100)), [30]), sampler)
    arrivals = pop_all(sampler).arrival_ns
    assert before <= arrivals[0] <= arrivals[-1] <= time.monotonic_ns()
    assert (np.diff(arrivals) >= 0).all()


def test_a_malformed_tag_is_ignored() -> None:
    stream = Stream(ramp(40))
    stream.tags = lambda: [
        tag(5, "rx_time", pmt.from_double(1.0)),
        tag(12, "rx_rate", pmt.intern("fast")),
        tag(15, "rx_rate", pmt.from_complex(1e6, 0.0)),
        tag(22, "rx_rate", pmt.from_double(np.inf)),
        tag(25, "rx_freq", pmt.PMT_T),
    ]
    source = ChunkSource(stream, [9])
    sampler = denomae.frame_sink(10, 10, 100, "newest")
    play(source, sampler)
    batch = pop_all(sampler)
    assert batch.sample_offset.tolist() == [0, 10, 20, 30]
    assert np.isnan(batch.rate_hz).all() and np.isnan(batch.frequency_hz).all()
    assert not batch.time_valid.any()


@pytest.mark.parametrize("number", [pmt.from_uint64, pmt.from_long, pmt.from_double])
def test_a_rate_and_a_frequency_may_be_any_real_number(number) -> None:
    stream = Stream(ramp(40))
    stream.tags = lambda: [
        tag(10, "rx_rate", number(2_000_000)),
        tag(10, "rx_freq", number(5_000_000_000)),
    ]
    sampler = denomae.frame_sink(10, 10, 100, "newest")
    play(ChunkSource(stream, [9]), sampler)
    batch = pop_all(sampler)
    assert batch.sample_offset.tolist() == [0, 10, 20, 30]
    assert batch.rate_hz[1:].tolist() == [2e6] * 3
    assert batch.frequency_hz[1:].tolist() == [5e9] * 3


def test_the_gate_changes_while_it_runs() -> None:
    sampler = denomae.frame_sink(10, 10, 100, "newest")
    sampler.set_gate_db(-12.5)
    sampler.set_hysteresis_db(1.5)
    assert (sampler.gate_db(), sampler.hysteresis_db()) == (-12.5, 1.5)
    play(ChunkSource(Stream(np.full(100, 0.1, np.complex64)), [30]), sampler)
    assert sampler.counters().gated == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1, 1), "frame_length is 0, wanted at least 1"),
        ((8, 0, 1), "hop is 0, wanted at least 1"),
        ((8, 8, -2), "queue_frames is -2, wanted at least 1"),
        ((2**30, 1, 2**30), "more than 2\\^31 samples"),
        ((8, 8, 8, "newst"), "policy is 'newst', wanted 'newest', 'oldest' or 'block'"),
        ((8, 8, 8, "newest", float("nan")), "gate_db is NaN"),
        ((8, 8, 8, "newest", 0.0, -1.0), "hysteresis_db is -1"),
    ],
)
def test_parameters_without_sense_are_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        denomae.frame_sink(*arguments)


@pytest.mark.parametrize(("count", "timeout"), [(0, 0.0), (1, -1.0), (1, float("nan"))])
def test_a_pop_without_sense_is_refused(count: int, timeout: float) -> None:
    sampler = denomae.frame_sink(8, 8, 8)
    with pytest.raises(ValueError, match="wanted"):
        sampler.pop(count, timeout)
