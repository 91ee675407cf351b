# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred starts, stops and rewirings leave nothing behind and lose no count."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
from dataclasses import dataclass

import pytest
import zmq
from classifier_bench import Radio, Recording, eventually, noise
from gnuradio import blocks, denomae, gr
from wire_bench import ANY, rss_mib

from denomae.labels import Label

pytestmark = pytest.mark.timeout(300)

N = 1024
CYCLES = [15, pytest.param(100, marks=pytest.mark.long)]


@dataclass(frozen=True)
class Held:
    """What this process holds."""

    python_threads: int
    threads: int
    files: int
    memory_mib: float

    @classmethod
    def now(cls):
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # what is free, but kept by the allocator, is not held
        return cls(
            threading.active_count(),
            len(os.listdir("/proc/self/task")),
            len(os.listdir("/proc/self/fd")),
            rss_mib(),
        )

    def no_more_than(self, before):
        same = self.python_threads <= before.python_threads and self.threads <= before.threads
        return same and self.files <= before.files


def check_nothing_is_left(after_a_few, most_mib=10.0):
    """Threads and files as after the first cycles; memory hardly more."""
    assert eventually(lambda: Held.now().no_more_than(after_a_few)), (after_a_few, Held.now())
    grown = Held.now().memory_mib - after_a_few.memory_mib
    assert grown < most_mib, f"{grown:.1f} MiB more"


def accounted_for(counters):
    kinds = ("gated", "invalid", "dropped", "delivered")
    return counters["seen"] == sum(counters[kind] for kind in kinds)


def with_publisher(radio):
    radio.publisher = denomae.label_publisher(ANY)
    radio.msg_connect(radio.classifier, "labels", radio.publisher, "labels")
    return radio


@pytest.mark.parametrize("cycles", CYCLES)
def test_starts_and_stops_leave_nothing_and_every_run_counts_from_zero(engine, cycles):
    radio = with_publisher(Radio(engine, rate_hz=4e5))
    held = sent = 0
    for cycle in range(cycles):
        radio.collector.labels = []
        radio.start()
        # a label that was on its way when the run before was stopped may come first
        assert eventually(lambda: 0 in [label.sequence for label in radio.collector.labels])
        assert radio.end() < 1.0
        status = radio.classifier.status()
        run = [label.sequence for label in radio.collector.labels]
        run = run[run.index(0) :]
        assert run == list(range(len(run))) and status["labels"] >= len(run)
        # what waited when it was stopped was neither delivered nor dropped
        assert status["seen"] >= status["delivered"] >= status["labels"]
        assert status["error"] is None and status["discontinuities"] == 0
        counters = radio.publisher.counters()
        assert (counters["refused"], counters["dropped"]) == (0, 0) and counters["sent"] >= sent
        sent = counters["sent"]
        if cycle == cycles // 3:
            held = Held.now()
    check_nothing_is_left(held)


@pytest.mark.parametrize("cycles", CYCLES)
def test_streams_that_end_leave_nothing_and_give_the_same_labels_each_time(engine, cycles):
    recording = with_publisher(Recording(noise(10 * N + 7), engine, queue_frames=4))
    held = None
    for cycle in range(cycles):
        assert [label.sequence for label in recording.play()] == list(range(10))
        counters = recording.classifier.counters()
        assert (counters["delivered"], counters["tail_samples"]) == (10, 7)
        assert accounted_for(counters)
        assert recording.publisher.counters() == {
            "sent": 10 * (cycle + 1),
            "dropped": 0,
            "refused": 0,
        }
        if cycle == cycles // 3:
            held = Held.now()
    check_nothing_is_left(held)


@pytest.mark.parametrize("cycles", CYCLES)
def test_flowgraphs_that_are_made_and_thrown_away_leave_nothing(engine, cycles):
    held = None
    for cycle in range(cycles):
        recording = with_publisher(Recording(noise(3 * N), engine))
        assert len(recording.play()) == 3
        del recording
        if cycle == cycles // 3:
            held = Held.now()
    check_nothing_is_left(held)


@pytest.mark.parametrize("cycles", CYCLES)
def test_a_running_flowgraph_is_rewired_and_labels_go_on(engine, cycles):
    """In turn: something beside the classifier, the classifier itself, the publisher."""
    radio = with_publisher(Radio(engine, rate_hz=4e5))
    aside = blocks.null_sink(gr.sizeof_gr_complex)
    radio.start()
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVTIMEO, 20_000)
        socket.subscribe(b"denomae/label")
        socket.connect(radio.publisher.endpoint())

        def heard():
            return Label.from_json(socket.recv_multipart()[1])

        heard()
        held = None
        for cycle in range(cycles):
            kind = ("beside", "classifier", "publisher")[cycle % 3]
            radio.lock()
            if kind == "beside":
                radio.connect(radio.pace, aside)
            elif kind == "classifier":
                radio.disconnect(radio.pace, radio.classifier)
                radio.connect(radio.pace, aside)
            else:
                radio.msg_disconnect(radio.classifier, "labels", radio.publisher, "labels")
            radio.unlock()
            radio.lock()
            if kind != "publisher":
                radio.disconnect(radio.pace, aside)
            if kind == "classifier":
                radio.connect(radio.pace, radio.classifier)
            elif kind == "publisher":
                radio.msg_connect(radio.classifier, "labels", radio.publisher, "labels")
            radio.unlock()

            radio.collector.arrived.clear()
            assert radio.collector.arrived.wait(30), f"no label after {kind} in cycle {cycle}"
            while socket.poll(0):  # what was sent before
                heard()
            heard()
            status = radio.classifier.status()
            assert status["error"] is None and status["dropped"] == 0
            assert status["seen"] >= status["delivered"] >= status["labels"]
            counters = radio.publisher.counters()
            assert (counters["refused"], counters["dropped"]) == (0, 0)
            if cycle == cycles // 3:
                held = Held.now()
        # the flowgraph runs on, with as many threads and files as in a third of the cycles
        check_nothing_is_left(held)
    assert radio.end() < 1.0
