# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks that hold a stream back start, stop and are rewired, and every run begins afresh."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from classifier_bench import Collector, eventually, noise
from gnuradio import analog, blocks, denomae, gr
from test_denoiser import Spy
from test_lifecycle import Held, check_nothing_is_left

pytestmark = pytest.mark.timeout(120)

N = 1024
DELAY = 32 * N
CYCLES = 10


class Air(gr.top_block):
    """An endless signal at a radio's pace through a block, and what leaves beside what entered."""

    def __init__(self, block, source=None) -> None:
        super().__init__()
        self.block = block
        self.pace = blocks.throttle(gr.sizeof_gr_complex, 4e5)
        self.pace.set_max_noutput_items(N)
        self.entered, self.left = blocks.vector_sink_c(), blocks.vector_sink_c()
        self.aside = blocks.null_sink(gr.sizeof_gr_complex)
        source = source or analog.noise_source_c(analog.GR_GAUSSIAN, 1, 0)
        self.connect(source, self.pace, self.entered)
        self.connect(self.pace, block, self.left)

    def run_until(self, condition) -> None:
        self.entered.reset(), self.left.reset()
        self.start()
        assert eventually(condition)
        self.stop()
        self.wait()


def test_a_denoiser_that_starts_and_stops_loses_no_sample_and_leaves_nothing():
    air = Air(denomae.denoiser(engine=Spy(-1.0), delay_samples=DELAY))
    held = None
    for cycle in range(CYCLES):
        air.run_until(lambda: len(air.left.data()) > 2 * DELAY)
        count = min(len(air.left.data()), len(air.entered.data()))
        entered = np.array(air.entered.data()[: count - DELAY], np.complex64)
        left = np.array(air.left.data()[:count], np.complex64)
        assert not left[:DELAY].any()
        share = (1 - (left[DELAY:] / entered).real) / 2  # of the model's -1 in each sample
        np.testing.assert_allclose(left[DELAY:], (1 - 2 * share) * entered, atol=1e-4)
        assert share.min() > -1e-4 and share.max() < 1 + 1e-4
        counters = air.block.counters()
        assert counters["used"] > 0 and air.block.status()["error"] is None
        if cycle == CYCLES // 3:
            held = Held.now()
    check_nothing_is_left(held)


def test_a_denoiser_is_rewired_while_the_flowgraph_runs_and_frames_fall_into_their_places():
    turn = 0.0137  # of a circle a sample: a frame that fell elsewhere would break the tone
    tone = analog.sig_source_c(1, analog.GR_COS_WAVE, turn, 1)
    air = Air(denomae.denoiser(engine=Spy(), delay_samples=DELAY), tone)
    air.start()
    held = None
    for cycle in range(CYCLES):
        air.lock()
        if cycle % 2:
            air.disconnect(air.pace, air.block, air.left)
        air.connect(air.pace, air.aside)
        air.unlock()
        air.lock()
        air.disconnect(air.pace, air.aside)
        if cycle % 2:
            air.connect(air.pace, air.block, air.left)
        air.left.reset()
        air.unlock()
        assert eventually(lambda: len(air.left.data()) > 2 * DELAY)
        left = np.array(air.left.data(), np.complex64)
        steps = (left[1:] * left[:-1].conj())[(left[1:] != 0) & (left[:-1] != 0)]
        assert len(steps) > DELAY // 2
        np.testing.assert_allclose(steps, np.exp(2j * np.pi * turn), atol=1e-3)
        assert eventually(lambda: air.block.counters()["used"] > 0)
        if cycle == CYCLES // 3:
            held = Held.now()
    check_nothing_is_left(held)
    air.stop()
    air.wait()


def test_a_pass_through_that_starts_and_stops_tags_each_runs_labels_on_its_own_samples(engine):
    block = denomae.classifier(engine=engine, passthrough_delay=100 * N, queue_frames=4, hop=8 * N)
    air, collector = Air(block), Collector()
    air.msg_connect(block, "labels", collector, "labels")
    held = None
    for cycle in range(CYCLES):
        collector.labels = []
        air.run_until(lambda: block.counters()["tagged_labels"] > 1)
        tags = [t for t in air.left.tags() if pmt.symbol_to_string(t.key) == "denomae_label"]
        assert tags
        for t in tags:
            said = pmt.to_python(t.value)
            assert t.offset == said["sample_offset"] + 100 * N
        sequence = [pmt.to_python(t.value)["sequence"] for t in tags]  # late ones are left out
        assert sequence == sorted(set(sequence))
        if cycle == CYCLES // 3:
            held = Held.now()
    check_nothing_is_left(held)
    status = block.status()
    assert status["tagged_labels"] + status["late_labels"] == status["labels"]


def test_flowgraphs_that_are_made_and_thrown_away_leave_nothing():
    held, spy = None, Spy()
    for cycle in range(CYCLES):
        flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
        block = denomae.denoiser(engine=spy, policy="block")
        flowgraph.connect(blocks.vector_source_c(noise(5 * N)), block, sink)
        flowgraph.run()
        assert len(sink.data()) == 5 * N
        del flowgraph, block, sink
        if cycle == CYCLES // 3:
            held = Held.now()
    check_nothing_is_left(held)
