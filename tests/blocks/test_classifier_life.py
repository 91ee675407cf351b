# SPDX-License-Identifier: GPL-3.0-or-later
"""The classifier starts, stops and ends with its flowgraph, however slow or broken the model."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref

import pytest
import zmq
from classifier_bench import FailingEngine, HeldEngine, Radio, Recording, eventually, noise
from gnuradio import blocks, denomae, gr
from gnuradio.denomae.hub import Client, hub_of
from gnuradio.denomae.labeller import Labeller

from denomae.labels import Label

pytestmark = pytest.mark.timeout(120)

N = 1024


class EndOfStream(gr.sync_block):
    """A sink that tells when the stream has ended."""

    def __init__(self):
        gr.sync_block.__init__(self, "end", ["complex64"], None)
        self.reached = threading.Event()

    def work(self, input_items, output_items):
        return len(input_items[0])

    def stop(self):
        self.reached.set()
        return True


@pytest.mark.parametrize("policy", ["newest", "oldest"])
def test_a_slow_model_never_stalls_the_stream(engine, policy):
    held = HeldEngine(engine)
    recording = Recording(noise(300 * N), held, policy=policy, queue_frames=8)
    beside = EndOfStream()
    recording.connect(recording.source, beside)
    recording.start()
    assert beside.reached.wait(30)  # not one label was given, and the stream is through
    assert eventually(lambda: recording.classifier.counters()["seen"] == 300)
    assert not recording.collector.labels
    held.free.set()
    recording.wait()

    labels = recording.collector.labels
    counters = recording.classifier.counters()
    assert counters["dropped"] == 300 - len(labels) > 280
    assert [label.sequence for label in labels] == list(range(len(labels)))
    frames = [label.sample_offset // N for label in labels]
    assert frames == sorted(set(frames))
    kept = frames[-8:] if policy == "newest" else frames[:8]
    assert kept == list(range(292, 300) if policy == "newest" else range(8))
    assert labels[-1].dropped_frames == counters["dropped"]


@pytest.mark.parametrize("patience_s", [0.7, 0.0])  # 0: the next run finds them all unfinished
@pytest.mark.parametrize("runs_in_vain", [0, 1, 2])
def test_a_stop_takes_less_than_a_second_while_the_model_is_held(
    engine, runs_in_vain, patience_s, monkeypatch
):
    monkeypatch.setattr(sys.modules["gnuradio.denomae.frame_outlet"], "_STOP_S", patience_s)
    held = HeldEngine(engine)
    radio = Radio(held)
    radio.start()
    assert held.entered.wait(30)
    assert radio.end() < 1.0
    given = len(radio.collector.labels)
    for _ in range(runs_in_vain):
        radio.start()
        assert radio.end() < 1.0
    radio.start()  # another run begins while the first one's batch is still held
    assert eventually(lambda: radio.classifier.counters()["seen"] > 20)
    held.free.set()  # of that batch nobody hears
    assert eventually(lambda: len(radio.collector.labels) > given + 5)
    assert radio.end() < 1.0
    assert held.overlaps == 0  # an engine serves one thread at a time
    later = radio.collector.labels[given:]
    assert [label.sequence for label in later] == list(range(len(later)))


def test_a_stop_takes_less_than_a_second_with_a_model_of_fifty_frames_a_second(engine):
    pause = threading.Event()

    class Slow(HeldEngine):
        def classify(self, frames, places=None):
            pause.wait(0.02 * len(frames))
            return self._engine.classify(frames, places)

    radio = Radio(Slow(engine), rate_hz=1e6, queue_frames=1024)
    radio.start()
    assert eventually(lambda: len(radio.collector.labels) >= 20)
    assert radio.end() < 1.0


def test_a_stream_that_pauses_is_not_at_its_end(engine):
    labels = Recording(noise(8 * N), engine, rate_hz=8 * N).play()  # 125 ms from frame to frame
    assert len(labels) == 8


def test_frames_that_an_earlier_run_left_behind_are_never_labelled(engine):
    sampler = denomae.frame_sink(N, N, 16, "newest")
    flowgraph = gr.top_block()
    flowgraph.connect(blocks.vector_source_c(noise(10 * N)), sampler)
    flowgraph.run()  # nobody takes its ten frames
    given, ended = [], threading.Event()
    client = Client(
        sampler,
        2,
        Labeller(engine, "test"),
        give=given.append,
        end=ended.set,
        fail=given.append,
        tick=lambda: None,
    )
    hub_of(engine).join(
        client
    )  # as when GNU Radio starts the outlet of the second run before its sampler
    assert not ended.wait(0.5)
    sampler.start()
    sampler.stop()
    assert ended.wait(10) and not given


@pytest.mark.parametrize("policy", ["newest", "oldest", "block"])
def test_a_held_model_and_a_full_queue_do_not_keep_a_flowgraph_from_stopping(engine, policy):
    held = HeldEngine(engine)
    radio = Radio(held, rate_hz=1e8, policy=policy, queue_frames=2)
    radio.start()
    assert held.entered.wait(30)
    assert radio.end() < 1.0
    held.free.set()


def test_twenty_cycles_leave_no_thread_behind_and_each_run_counts_from_zero(engine):
    radio = Radio(engine)
    threads = None
    for _ in range(20):
        radio.collector.labels = []
        radio.start()
        # a label that was on its way when the run before was stopped may come first
        assert eventually(lambda: 0 in [label.sequence for label in radio.collector.labels])
        assert radio.end() < 1.0
        threads = threads or len(os.listdir("/proc/self/task"))
    assert eventually(lambda: len(os.listdir("/proc/self/task")) <= threads)


_ENDS_AT_ONCE = """
import atexit, gc, sys, threading, weakref
left = lambda: [t.name for t in threading.enumerate() if t.name.startswith("denomae")]
atexit.register(lambda: print("at the end", left()))  # behind all that is registered later
import numpy as np
from gnuradio import blocks, denomae, gr

flowgraph = gr.top_block()
classifier = denomae.classifier(sys.argv[1], "cpu", policy="block")
engine = weakref.ref(classifier.engine())
flowgraph.connect(blocks.vector_source_c(np.ones(20 * 1024, np.complex64)), classifier)
flowgraph.run()
print(classifier.status()["labels"], "labels")
flowgraph.disconnect_all()
del flowgraph, classifier
gc.collect()
print("engine", engine(), "and", left())  # it has gone, its thread stays a while
"""


def test_no_thread_is_left_when_the_interpreter_ends(nano_checkpoint):
    done = subprocess.run(
        [sys.executable, "-c", _ENDS_AT_ONCE, str(nano_checkpoint)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "20 labels",
        "engine None and ['denomae-worker']",
        "at the end []",
    ]


def test_ends_and_stops_alternate_in_any_order(engine):
    recording = Recording(noise(10 * N), engine)
    for cycle in range(12):
        if cycle % 3:
            recording.source.rewind()
            recording.start()
            recording.stop()
            recording.wait()
        else:
            assert [x.sequence for x in recording.play()] == list(range(10))


def test_labels_go_on_after_the_flowgraph_was_rewired(engine):
    radio = Radio(engine)
    radio.start()
    assert radio.collector.arrived.wait(30)
    for _ in range(3):
        radio.lock()
        beside = blocks.null_sink(gr.sizeof_gr_complex)
        radio.connect(radio.pace, beside)
        radio.unlock()
        radio.collector.arrived.clear()
        assert radio.collector.arrived.wait(30)
        radio.lock()
        radio.disconnect(radio.pace, beside)
        radio.unlock()
    assert radio.end() < 1.0


@pytest.mark.parametrize("policy", ["newest", "oldest", "block"])
@pytest.mark.parametrize("at_batch", [0, 3])
def test_a_model_that_fails_ends_the_labels_and_not_the_radio(engine, policy, at_batch, capfd):
    failing = FailingEngine(engine, at_batch)
    recording = Recording(noise(100 * N), failing, policy=policy, queue_frames=32)
    labels = recording.play()
    assert [label.sequence for label in labels] == list(range(len(labels)))
    assert bool(labels) == bool(at_batch)
    status = recording.classifier.status()
    assert "fallen off the bus" in status["error"] and status["seen"] == 100
    assert "failed: RuntimeError: the device" in recording.classifier.status_line()
    assert "".join(capfd.readouterr()).count("fallen off the bus") == 1

    failing.batches_left = 10**6  # it is back: the next run is as good as any
    assert recording.play() and recording.classifier.status()["error"] is None


def test_a_flowgraph_whose_model_failed_stops_within_a_second(engine):
    radio = Radio(FailingEngine(engine, 0))
    radio.start()
    assert eventually(lambda: radio.classifier.status()["error"] is not None)
    assert radio.end() < 1.0


def test_a_model_that_fails_after_the_stop_is_no_failure_of_the_next_run(engine, capfd):
    class FailsLate(HeldEngine):
        failed = False

        def classify(self, frames, places=None):
            if self.failed:
                return self._engine.classify(frames, places)
            self.entered.set()
            self.free.wait()
            self.failed = True
            raise RuntimeError("the device has fallen off the bus")

    late = FailsLate(engine)
    radio = Radio(late)
    radio.start()
    assert late.entered.wait(30)
    radio.end()
    radio.start()
    late.free.set()
    assert radio.collector.arrived.wait(30)
    assert radio.classifier.status()["error"] is None
    radio.end()
    assert "fallen off the bus" not in "".join(capfd.readouterr())


def test_that_a_model_failed_stands_in_every_status_line(engine, capfd):
    radio = Radio(FailingEngine(engine, 0), status_interval_s=0.05)
    radio.start()
    log = []
    assert eventually(
        lambda: log.append("".join(capfd.readouterr())) or "".join(log).count(" failed: Run") >= 2
    )
    radio.end()


def test_a_flowgraph_that_is_gone_leaves_no_engine_behind(nano_checkpoint):
    gc.collect()
    gc.disable()  # by the count of references alone: a GPU's memory waits for no collection
    try:
        recording = Recording(noise(3 * N), None, checkpoint=str(nano_checkpoint), device="cpu")
        assert len(recording.play()) == 3
        engine = weakref.ref(recording.classifier.engine())
        del recording
        assert engine() is None
    finally:
        gc.enable()


def test_every_label_reaches_a_subscriber_in_another_thread_through_the_publisher(engine):
    recording = Recording(noise(60 * N), engine)
    recording.publisher = denomae.label_publisher("tcp://127.0.0.1:*")
    recording.msg_connect(recording.classifier, "labels", recording.publisher, "labels")
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVTIMEO, 20_000)
        socket.subscribe(b"denomae/label")
        socket.connect(recording.publisher.endpoint())
        recording.play()
        while not socket.poll(50):  # play again until the two have found each other
            recording.play()
        while socket.poll(200):
            socket.recv_multipart()
        expected = recording.play()
        received = [Label.from_json(socket.recv_multipart()[1]) for _ in expected]
    assert [x.to_json() for x in received] == [x.to_json() for x in expected]
