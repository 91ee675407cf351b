# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver is tuned, or its rate changed, while frames are cut, wait and are labelled."""

from __future__ import annotations

import math

import numpy as np
import pmt
import pytest
from classifier_bench import HeldEngine, Radio, Recording, eventually, noise, rx_time, tag
from gnuradio import blocks, denomae, filter, gr
from hypothesis import given
from hypothesis import strategies as st

from denomae.errors import DenomaeError
from denomae.rfc3339 import parse_rfc3339

pytestmark = pytest.mark.timeout(120)

N = 1024
NAN = float("nan")


class Tuner(gr.sync_block):
    """Plays a ramp; at a given sample it waits until all before it was read, and is tuned."""

    def __init__(self, count: int, at: int, sampler: object, retune) -> None:
        super().__init__("tuner", None, [np.complex64])
        self._count, self._at, self._sampler, self._retune = count, at, sampler, retune
        self._position = 0

    def work(self, input_items, output_items) -> int:
        if self._position == self._count:
            return -1
        if self._position == self._at:
            assert eventually(lambda: self._sampler.nitems_read(0) == self._at)
            self._retune()
        edge = self._at if self._position < self._at else self._count
        end = min(edge, self._position + len(output_items[0]))
        output_items[0][: end - self._position] = np.arange(self._position + 1, end + 1)
        made, self._position = end - self._position, end
        return made


@given(
    length=st.integers(1, 100),
    hop=st.integers(1, 150),
    at=st.integers(1, 600),
    settle=st.integers(0, 300),
)
def test_no_frame_spans_a_retune_or_has_samples_that_were_to_settle(length, hop, at, settle):
    count = 1000
    sampler = denomae.frame_sink(length, hop, count)
    sampler.set_center_frequency(1e6)
    tuner = Tuner(count, at, sampler, lambda: sampler.set_center_frequency(2e6, settle))
    flowgraph = gr.top_block()
    flowgraph.connect(tuner, sampler)
    flowgraph.run()
    batch = sampler.pop(count, 0.0)
    before = list(range(0, at - length + 1, hop))
    after = list(range(at + settle, count - length + 1, hop))
    assert batch.sample_offset.tolist() == before + after
    assert batch.frequency_hz.tolist() == [1e6] * len(before) + [2e6] * len(after)
    assert (batch.frames[:, 0].real == batch.sample_offset + 1).all()
    assert sampler.counters().discontinuities == 1


def test_labels_of_frames_that_waited_keep_the_frequency_they_were_captured_at(engine):
    held = HeldEngine(engine)
    radio = Radio(
        held, sample_rate=2e5, center_frequency=1e8, settle_samples=5 * N, time_source="host"
    )
    radio.start()
    assert eventually(lambda: radio.classifier.counters()["seen"] >= 20)
    radio.classifier.set_center_frequency(2e8)
    seen = radio.classifier.counters()["seen"]
    assert eventually(lambda: radio.classifier.counters()["seen"] >= seen + 20)
    held.free.set()
    assert eventually(lambda: len(radio.collector.labels) >= seen + 15)
    radio.end()
    labels = radio.collector.labels
    frequencies = [label.center_frequency_hz for label in labels]
    retuned = frequencies.index(2e8)
    assert 20 <= retuned <= seen + 1
    assert frequencies == [1e8] * retuned + [2e8] * (len(labels) - retuned)
    last, first = labels[retuned - 1], labels[retuned]
    assert 5 * N <= first.sample_offset - last.sample_offset - N < 6 * N
    assert radio.classifier.counters()["discontinuities"] == 1


def test_what_is_set_before_the_start_costs_no_samples(engine):
    recording = Recording(noise(3 * N), engine, sample_rate=1e6, settle_samples=10 * N)
    recording.classifier.set_center_frequency(1e8)
    recording.classifier.set_sample_rate(2e6)
    labels = recording.play()
    assert [(x.sample_offset, x.center_frequency_hz, x.sample_rate_hz) for x in labels] == [
        (n * N, 1e8, 2e6) for n in range(3)
    ]
    assert recording.classifier.counters()["discontinuities"] == 0


def test_a_changed_rate_ends_the_time_by_tags_but_not_the_hosts(engine):
    for source, known in (("tags", False), ("host", True)):
        radio = Radio(engine, sample_rate=2e5, time_source=source)
        radio.start()
        assert eventually(lambda: len(radio.collector.labels) > 3)  # noqa: B023
        radio.classifier.set_sample_rate(4e5)
        assert eventually(lambda: radio.collector.labels[-1].sample_rate_hz == 4e5)  # noqa: B023
        radio.end()
        assert (radio.collector.labels[-1].time is not None) is known


def test_a_changed_rate_ends_the_time_that_a_tag_told():
    sampler = denomae.frame_sink(10, 10, 100)
    sampler.set_sample_rate(1e6)
    tuner = Tuner(40, 20, sampler, lambda: sampler.set_sample_rate(2e6))
    flowgraph = gr.top_block()
    flowgraph.connect(tuner, sampler)
    tuner.start = lambda: tuner.add_item_tag(0, 0, pmt.intern("rx_time"), rx_time(7, 0.5)) or True
    flowgraph.run()
    batch = sampler.pop(100, 0.0)
    assert batch.rate_hz.tolist() == [1e6, 1e6, 2e6, 2e6]
    assert batch.time_valid.tolist() == [True, True, False, False]


@pytest.mark.parametrize("decimation, at", [(8, 0), (8, 24_000), (32, 1_003)])
def test_behind_a_shifting_decimator_time_rate_and_frequency_are_true(engine, decimation, at):
    """GNU Radio moves the tags' places and leaves their values, which are wrong from there on."""
    rate, offset, tuned = 256e3, 64e3, 100e6
    taps = filter.firdes.low_pass(1, rate, 0.4 * rate / decimation, 0.2 * rate / decimation)
    channel = filter.freq_xlating_fir_filter_ccf(decimation, taps, offset, rate)
    classifier = denomae.classifier(
        engine=engine,
        policy="block",
        sample_rate=rate / decimation,
        center_frequency=tuned + offset,
    )
    tags = [
        tag(at, "rx_time", rx_time(1_772_366_400, 0.25)),
        tag(at, "rx_rate", pmt.from_double(rate)),
        tag(at, "rx_freq", pmt.from_double(tuned)),
    ]
    recording = Recording(noise(1), engine)  # for its collector
    flowgraph = gr.top_block()
    source = blocks.vector_source_c(noise(40 * N * decimation), False, 1, tags)
    flowgraph.connect(source, channel, classifier)
    flowgraph.msg_connect(classifier, "labels", recording.collector, "labels")
    flowgraph.run()
    timed = [label for label in recording.collector.labels if label.time is not None]
    assert len(timed) >= 36 - at // (N * decimation)
    for label in timed:
        assert label.sample_rate_hz == rate / decimation
        assert label.center_frequency_hz == tuned + offset
        seconds, nanoseconds = parse_rfc3339(label.time)
        found = seconds - 1_772_366_400 + nanoseconds * 1e-9
        true = 0.25 + (label.sample_offset * decimation - at) / rate
        assert abs(found - true) < decimation / rate


def test_the_filter_delays_the_signal_by_half_its_length_which_no_tag_tells():
    taps = filter.firdes.low_pass(1, 256e3, 12.8e3, 6.4e3)
    channel = filter.freq_xlating_fir_filter_ccf(8, taps, 0, 256e3)
    samples = np.zeros(8000, dtype=np.complex64)
    samples[4000] = 1
    sink = blocks.vector_sink_c()
    flowgraph = gr.top_block()
    flowgraph.connect(blocks.vector_source_c(samples), channel, sink)
    flowgraph.run()
    peak = int(np.abs(sink.data()).argmax())
    assert abs(peak * 8 - 4000 - (len(taps) - 1) / 2) <= 4


@pytest.mark.parametrize("value", [-1.0, math.inf, NAN])
def test_a_rate_that_cannot_be_is_refused_by_name(engine, value):
    classifier = denomae.classifier(engine=engine)
    with pytest.raises(DenomaeError, match=f"sample_rate is {value}, wanted hertz above 0"):
        classifier.set_sample_rate(value)
    with pytest.raises(DenomaeError, match="sample_rate is"):
        denomae.classifier(engine=engine, sample_rate=value)
    if not math.isnan(value):
        with pytest.raises(ValueError, match="rate_hz is"):
            denomae.frame_sink(N, N, 1).set_sample_rate(value)


def test_a_frequency_that_cannot_be_is_refused_by_name(engine):
    classifier = denomae.classifier(engine=engine)
    with pytest.raises(DenomaeError, match="center_frequency is inf, wanted hertz"):
        classifier.set_center_frequency(math.inf)
    sampler = denomae.frame_sink(N, N, 1)
    with pytest.raises(ValueError, match="frequency_hz is -inf"):
        sampler.set_center_frequency(-math.inf)
    with pytest.raises(ValueError, match="settle_samples is -1"):
        sampler.set_center_frequency(1e6, -1)
    with pytest.raises(DenomaeError, match="settle_samples is -1"):
        denomae.classifier(engine=engine, settle_samples=-1)
    with pytest.raises(DenomaeError, match="time_source is 'gps'"):
        denomae.classifier(engine=engine, time_source="gps")
