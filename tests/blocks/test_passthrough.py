# SPDX-License-Identifier: GPL-3.0-or-later
"""The classifier's stream output: the input, later, with the labels on their samples."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from classifier_bench import Collector, HeldEngine, Recording, eventually, noise, tag
from gnuradio import blocks, denomae, gr
from gnuradio.denomae.denomae_python import label_tagger
from test_rate_adapter import INTERVAL, mappings, shaped

pytestmark = pytest.mark.timeout(120)

N = 1024
KEY = "denomae_label"


class Passed(gr.top_block):
    """Plays samples through a block with a stream output, and keeps what leaves."""

    def __init__(self, block, samples, tags=(), chunk=None):
        super().__init__()
        self.source = blocks.vector_source_c(samples, False, 1, list(tags))
        if chunk:
            block.set_max_noutput_items(chunk)
        self.sink = blocks.vector_sink_c()
        self.connect(self.source, block, self.sink)

    def play(self):
        self.source.rewind()
        self.sink.reset()
        self.run()
        return np.array(self.sink.data(), np.complex64)

    def tags(self, key):
        found = [t for t in self.sink.tags() if pmt.symbol_to_string(t.key) == key]
        return [(t.offset, t.value) for t in sorted(found, key=lambda t: t.offset)]


def delayed(samples, delay):
    return np.concatenate([np.zeros(delay, np.complex64), samples])[: len(samples)]


@pytest.mark.parametrize("delay", [0, 1, 1000, 4096, 50_000])
@pytest.mark.parametrize("chunk", [None, 1, 37, 1001])
def test_samples_and_their_tags_leave_delayed_to_the_bit_and_each_run_begins_afresh(delay, chunk):
    samples = noise(20_011 if chunk != 1 else 6_000)
    marks = [0, 1, 999, 1000, 4095, len(samples) - 1]
    tags = [tag(at, "mark", pmt.from_long(at)) for at in marks]
    tagger = label_tagger(delay)
    flowgraph = Passed(tagger, samples, tags, chunk)
    for _ in range(2):
        np.testing.assert_array_equal(flowgraph.play(), delayed(samples, delay))
        moved = [(offset - delay, pmt.to_long(value)) for offset, value in flowgraph.tags("mark")]
        assert moved == [(at, at) for at in marks if at + delay < len(samples)]


def test_labels_for_a_run_that_is_about_to_begin_become_tags_and_those_of_the_last_do_not():
    tagger = label_tagger(100, 3)
    flowgraph = Passed(tagger, noise(1000))
    for _ in range(3):
        run = tagger.current_run()
        for offset in (899, 0, 900, 5):  # the third has no sample to leave with, nor room the last
            tagger.add(run, offset, pmt.from_long(offset))
        tagger.add(run - 1, 7, pmt.PMT_NIL)
        flowgraph.play()
        tagger.add(run, 8, pmt.PMT_NIL)
        assert [(at, pmt.to_long(v)) for at, v in flowgraph.tags(KEY)] == [(100, 0), (999, 899)]
        counts = tagger.tagged_labels(), tagger.late_labels(), tagger.dropped_labels()
        assert counts[:2] == (2, 2)


def test_with_a_delay_that_is_long_enough_every_label_is_a_tag_on_its_sample(engine):
    # behind a blocking sampler the output can be ahead of the labels by no more than the buffer,
    # the queue, a batch and a frame hold
    delay = 100 * N + 13
    samples = noise(delay + 40 * N + 100)
    classifier = denomae.classifier(
        engine=engine, policy="block", queue_frames=4, hop=N // 2, passthrough_delay=delay
    )
    flowgraph = Passed(classifier, samples)
    collector = Collector()
    flowgraph.msg_connect(classifier, "labels", collector, "labels")
    for _ in range(2):
        collector.labels = []
        np.testing.assert_array_equal(flowgraph.play(), delayed(samples, delay))
        labels, tags = collector.labels, flowgraph.tags(KEY)
        assert len(labels) == (len(samples) - N) // (N // 2) + 1
        leaving = [label for label in labels if label.sample_offset + delay < len(samples)]
        assert len(leaving) == 81
        for label, (offset, value) in zip(leaving, tags, strict=True):
            said = pmt.to_python(value)
            assert offset == label.sample_offset + delay
            assert said["sample_offset"] == label.sample_offset and said["sample_count"] == N
            assert said["label"] == label.label and said["sequence"] == label.sequence
            assert set(said["probabilities"]) == set(engine.classes)
        counters = classifier.counters()
        inside = len(labels) - len(leaving)  # when the stream ended
        assert (counters["tagged_labels"], counters["late_labels"]) == (len(leaving), inside)


def test_behind_a_rate_adapter_tags_stand_where_their_frames_passed(engine):
    delay = 30 * N
    samples = np.concatenate([shaped(32, 16 * INTERVAL, 0.1), shaped(16, 16 * INTERVAL, -0.2)])
    adapter = denomae.rate_adapter(interval=INTERVAL)
    classifier = denomae.classifier(
        engine=engine, policy="block", queue_frames=2, passthrough_delay=delay
    )
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    flowgraph.connect(blocks.vector_source_c(samples), adapter, classifier, sink)
    flowgraph.run()
    told = [(at - delay, ratio, origin) for at, ratio, _, origin in mappings(sink.tags())]
    labels = [t for t in sink.tags() if pmt.symbol_to_string(t.key) == KEY]
    assert len(labels) > 10
    for label in labels:
        said, passed = pmt.to_python(label.value), label.offset - delay
        begin, ratio, origin = [one for one in told if one[0] <= passed][-1]
        assert (passed - begin) % N == 0 and ratio != 1
        assert said["sample_offset"] == origin + round((passed - begin) / ratio)


def test_labels_that_come_late_are_counted_and_hold_nothing_up(engine):
    samples = noise(30 * N)
    held = HeldEngine(engine)
    classifier = denomae.classifier(engine=held, queue_frames=64, passthrough_delay=0)
    flowgraph = Passed(classifier, samples)
    flowgraph.start()
    assert eventually(lambda: len(flowgraph.sink.data()) == len(samples))  # with no label yet
    held.free.set()
    flowgraph.wait()
    np.testing.assert_array_equal(np.array(flowgraph.sink.data(), np.complex64), samples)
    status = classifier.status()
    assert (status["labels"], status["late_labels"], status["tagged_labels"]) == (30, 30, 0)
    assert "late labels 30" in classifier.status_line()
    assert not flowgraph.tags(KEY)


def test_the_stream_output_may_stay_open_and_is_not_there_unless_asked_for(engine):
    flowgraph = gr.top_block()
    classifier = denomae.classifier(
        engine=engine, policy="block", queue_frames=2, passthrough_delay=100
    )
    flowgraph.connect(blocks.vector_source_c(noise(20 * N)), classifier)
    flowgraph.run()
    assert classifier.status()["labels"] == 20
    without = Recording(noise(N), engine).classifier
    assert without.output_signature().max_streams() == 0 and "late_labels" not in without.counters()
    for delay in (-2, 0.5, 2**30 + 1, "1"):
        with pytest.raises(ValueError, match="passthrough_delay is "):
            denomae.classifier(engine=engine, passthrough_delay=delay)
