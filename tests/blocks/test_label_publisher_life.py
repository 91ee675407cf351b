# SPDX-License-Identifier: GPL-3.0-or-later
"""The label publisher begins and ends with its flowgraph, and loses nothing at the end."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pmt
import pytest
import zmq
from gnuradio.denomae.pdu import label_to_pdu
from gnuradio.denomae.system_port import post_done
from wire_bench import Flowgraph, Subscriber

pytestmark = pytest.mark.timeout(60)


def test_labels_that_arrived_before_done_are_all_sent_when_wait_returns(label_factory):
    pdus = [label_to_pdu(label_factory(sequence=n)) for n in range(50)]
    flowgraph = Flowgraph()
    for run in range(1, 11):
        flowgraph.start()
        for pdu in pdus:
            flowgraph.publish(pdu)
        flowgraph.end()
        assert flowgraph.publisher.counters() == {"sent": 50 * run, "dropped": 0, "refused": 0}


def test_the_end_of_a_stream_waits_for_the_last_label_and_a_stop_does_not(
    label_factory, monkeypatch
):
    label = label_factory()

    def slowly(message):
        time.sleep(0.01)
        return [b"denomae/label", label.to_json().encode()]

    monkeypatch.setattr(sys.modules["gnuradio.denomae.label_publisher"], "_encode", slowly)
    flowgraph = Flowgraph()
    flowgraph.start()
    for _ in range(120):
        flowgraph.publish(pmt.PMT_NIL)
    flowgraph.end()
    assert flowgraph.publisher.counters() == {"sent": 120, "dropped": 0, "refused": 0}

    flowgraph.start()
    for _ in range(2000):
        flowgraph.publish(pmt.PMT_NIL)
    began = time.monotonic()
    flowgraph.stop()
    flowgraph.wait()
    assert time.monotonic() - began < 1.0
    counters = flowgraph.publisher.counters()
    assert counters["dropped"] > 1500 and counters["sent"] + counters["dropped"] == 2120


def test_a_subscriber_stays_connected_while_the_flowgraph_stops_and_starts(label_factory):
    flowgraph = Flowgraph()
    flowgraph.start()
    with Subscriber(flowgraph, label_factory) as subscriber:
        for run in range(20):
            flowgraph.publish(label_to_pdu(label_factory(sequence=run)))
            flowgraph.stop() if run % 2 else post_done(flowgraph.source)
            flowgraph.wait()
            flowgraph.start()
        flowgraph.end()
        sequences = [label.sequence for label, _ in subscriber.labels(20)]
    assert sequences == list(range(20))


def test_a_done_left_from_an_earlier_run_does_not_end_the_next_one(label_factory):
    flowgraph = Flowgraph()
    flowgraph.start()
    flowgraph.end()
    post_done(flowgraph.publisher)  # as a second upstream block that ended later would have left it
    flowgraph.start()
    flowgraph.publish(label_to_pdu(label_factory()))
    flowgraph.end()
    assert flowgraph.publisher.counters()["sent"] == 1


PROGRAM = """
import select, sys
import pmt
from gnuradio import denomae, gr
from gnuradio.denomae.pdu import label_to_pdu
from gnuradio.denomae.system_port import post_done
from denomae.labels import Label

probe, label = (label_to_pdu(Label.from_json(text)) for text in sys.argv[1:3])
flowgraph = gr.top_block()
source = gr.basic_block("source", None, None)
source.message_port_register_out(pmt.intern("labels"))
publisher = denomae.label_publisher("tcp://127.0.0.1:*")
flowgraph.msg_connect(source, "labels", publisher, "labels")
flowgraph.start()
print(publisher.endpoint(), flush=True)
while not select.select([sys.stdin], [], [], 0.02)[0]:
    source.message_port_pub(pmt.intern("labels"), probe)
for _ in range(300):
    source.message_port_pub(pmt.intern("labels"), label)
post_done(source)
flowgraph.wait()
"""


def test_a_process_that_ends_at_once_still_hands_out_what_it_sent(label_factory):
    texts = [label_factory(source=source).to_json() for source in ("probe", "test")]
    with (
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *texts],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
        zmq.Context() as context,
        context.socket(zmq.SUB) as socket,
    ):
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVTIMEO, 20_000)
        socket.subscribe(b"denomae/label")
        socket.connect(process.stdout.readline().strip())
        received = [socket.recv_multipart()[1].decode()]
        process.communicate("go\n", timeout=30)
        while received.count(texts[1]) < 300:
            received.append(socket.recv_multipart()[1].decode())
    assert process.returncode == 0
    assert set(received) == set(texts)


def test_twenty_cycles_leave_no_thread_behind():
    flowgraph = Flowgraph()
    for _ in range(20):
        flowgraph.start()
        assert [t.name for t in threading.enumerate()].count("denomae-zmq") >= 1
        flowgraph.stop()
        flowgraph.wait()
    for thread in threading.enumerate():
        if thread.name == "denomae-zmq":
            thread.join(5)
            assert not thread.is_alive()
