# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver that overflows all the time: no frame spans a gap, and every time is right."""

from __future__ import annotations

import pmt
import pytest
from classifier_bench import PORT, noise, rx_time
from gnuradio import denomae, gr
from gnuradio.denomae.pdu import pdu_to_label
from wire_bench import rss_mib

from denomae.rfc3339 import parse_rfc3339

pytestmark = pytest.mark.timeout(120)

N = 1024
RATE = 1_000_000  # a sample takes 1,000 ns
STRETCH = 50_000  # samples from one overflow to the next: 50 ms
BEGIN_NS = 1_772_366_400 * 10**9


def stretch_begins_ns(number):
    """When a stretch begins: after each, 1 to 9 ms are lost."""
    lost_ms = sum(range(1, 10)) * (number // 9) + sum(range(1, number % 9 + 1))
    return BEGIN_NS + number * STRETCH * 1000 + lost_ms * 10**6


class OverflowingReceiver(gr.sync_block):
    """Noise with the tags of a UHD source that overflows after every stretch."""

    def __init__(self, stretches):
        gr.sync_block.__init__(self, "receiver", None, ["complex64"])
        self._noise = noise(4 * STRETCH)
        self._length = stretches * STRETCH

    def work(self, input_items, output_items):
        out = output_items[0]
        begin = self.nitems_written(0)
        count = min(len(out), self._length - begin, STRETCH - begin % STRETCH)
        if begin == self._length:
            return -1
        if begin % STRETCH == 0:
            seconds, nanoseconds = divmod(stretch_begins_ns(begin // STRETCH), 10**9)
            for key, value in (
                ("rx_time", rx_time(seconds, nanoseconds / 1e9)),
                ("rx_rate", pmt.from_double(RATE)),
                ("rx_freq", pmt.from_double(433.92e6)),
            ):
                self.add_item_tag(0, begin, pmt.intern(key), value)
        place = begin % len(self._noise)
        count = min(count, len(self._noise) - place)
        out[:count] = self._noise[place : place + count]
        return count


class Judge(gr.basic_block):
    """Compares each label's place with what it must be, and keeps only what is wrong."""

    def __init__(self, hop):
        gr.basic_block.__init__(self, "judge", None, None)
        self.message_port_register_in(PORT)
        self.set_msg_handler(PORT, self._look)
        self._starts = range(0, STRETCH - N + 1, hop)
        self.count, self.wrong, self.memory = 0, [], []

    def _look(self, message):
        label = pdu_to_label(message)
        stretch, frame = divmod(self.count, len(self._starts))
        place = self._starts[frame]
        seconds, nanoseconds = parse_rfc3339(label.time)
        found = (label.sequence, label.sample_offset, seconds * 10**9 + nanoseconds)
        found += (label.sample_rate_hz, label.center_frequency_hz)
        wanted = (self.count, stretch * STRETCH + place, stretch_begins_ns(stretch) + place * 1000)
        wanted += (RATE, 433.92e6)
        if found != wanted and len(self.wrong) < 5:
            self.wrong.append((found, wanted))
        self.count += 1
        if self.count % 20 == 0:
            self.memory.append(rss_mib())


@pytest.mark.parametrize(
    "stretches, hop",
    [
        (5, 700),
        (40, 5000),
        pytest.param(4000, 10_000, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
def test_an_overflow_every_50_ms_costs_the_frames_it_cuts_and_nothing_else(engine, stretches, hop):
    flowgraph = gr.top_block()
    receiver, judge = OverflowingReceiver(stretches), Judge(hop)
    classifier = denomae.classifier(engine=engine, hop=hop, policy="block")
    flowgraph.connect(receiver, classifier)
    flowgraph.msg_connect(classifier, "labels", judge, "labels")
    flowgraph.run()

    frames = range(0, STRETCH - N + 1, hop)
    assert judge.wrong == [] and judge.count == stretches * len(frames)
    counters = classifier.counters()
    assert counters["discontinuities"] == stretches - 1
    assert counters["seen"] == counters["delivered"] == judge.count
    after_last = STRETCH - frames[-1] - N
    if hop < N:  # what no frame of a stretch holds is its tail
        assert counters["tail_samples"] == stretches * after_last
    grown = max(judge.memory) - judge.memory[len(judge.memory) // 3]
    assert grown < 8, f"{grown:.1f} MiB more over {stretches} overflows"


def test_an_overflow_in_every_frame_gives_no_label_and_counts_them(engine):
    class Storm(OverflowingReceiver):
        def work(self, input_items, output_items):
            out, begin = output_items[0], self.nitems_written(0)
            if begin == self._length:
                return -1
            if begin % 1000 == 0:
                tagged = rx_time(begin // 1000, 0.0)
                self.add_item_tag(0, begin, pmt.intern("rx_time"), tagged)
            count = min(len(out), 1000 - begin % 1000)
            out[:count] = self._noise[:count]
            return count

    flowgraph = gr.top_block()
    storm, judge = Storm(10), Judge(N)
    classifier = denomae.classifier(engine=engine, policy="block")
    flowgraph.connect(storm, classifier)
    flowgraph.msg_connect(classifier, "labels", judge, "labels")
    flowgraph.run()
    counters = classifier.counters()
    assert (judge.count, counters["seen"]) == (0, 0)
    assert counters["discontinuities"] == 10 * STRETCH // 1000 - 1
    assert counters["tail_samples"] == 10 * STRETCH
