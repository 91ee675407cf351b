# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels arrive whole in other programs."""

from __future__ import annotations

import json

import pytest
from classifier_bench import Recording, noise
from gnuradio import denomae, gr, zeromq
from gnuradio.denomae.pdu import label_to_pdu
from wire_bench import ANY, PORT, Program, Subscriber

pytestmark = pytest.mark.timeout(60)

N = 1024


PLAIN_SUBSCRIBER = """
import sys, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.RCVHWM, 0)
socket.setsockopt(zmq.SUBSCRIBE, b"denomae/label")
socket.connect(sys.argv[1])
while True:
    topic, text = socket.recv_multipart()
    assert topic == b"denomae/label"
    print(text.decode("ascii"))
"""


def test_a_plain_subscriber_in_another_process_gets_every_label_exactly(engine):
    recording = Recording(noise(300 * N), engine, source='a "name" of ünusual form')
    recording.publisher = denomae.label_publisher(ANY)
    recording.msg_connect(recording.classifier, "labels", recording.publisher, "labels")
    with Program(PLAIN_SUBSCRIBER, recording.publisher.endpoint()) as program:
        while not program.has_line(0.02):
            recording.play()
        expected = [label.to_json() for label in recording.play()]
        assert len(expected) == 300
        lines = [program.line()]
        while lines[-1] != expected[-1]:
            lines.append(program.line())
    assert lines[-300:] == expected


GNU_RADIO_SUBSCRIBER = """
import sys, pmt
from gnuradio import gr, zeromq
from gnuradio.denomae.pdu import pdu_to_label

class printer(gr.basic_block):
    def __init__(self):
        gr.basic_block.__init__(self, "printer", None, None)
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.show)

    def show(self, message):
        print(pdu_to_label(message).to_json())

flowgraph = gr.top_block()
source, sink = zeromq.sub_msg_source(sys.argv[1], 100, False), printer()
flowgraph.msg_connect(source, "out", sink, "in")
flowgraph.start()
sys.stdin.read()
flowgraph.stop()
flowgraph.wait()
"""


def test_gnu_radios_own_zmq_blocks_carry_labels_to_the_flowgraph_of_another_process(engine):
    recording = Recording(noise(60 * N), engine, sample_rate=1e6)
    sink = zeromq.pub_msg_sink(ANY, 100, True)
    recording.msg_connect(recording.classifier, "labels", sink, "in")
    with Program(GNU_RADIO_SUBSCRIBER, sink.last_endpoint()) as program:
        while not program.has_line(0.02):
            recording.play()
        expected = [label.to_json() for label in recording.play()]
        lines = [program.line()]
        while lines[-1] != expected[-1]:
            lines.append(program.line())
    assert lines[-60:] == expected


def test_labels_pass_through_gnu_radios_own_zmq_blocks(label_factory):
    """Published by `zeromq.pub_msg_sink` elsewhere, received here and handed on as JSON."""
    sender = gr.top_block()
    source = gr.basic_block("source", None, None)
    source.message_port_register_out(PORT)
    sink = zeromq.pub_msg_sink(ANY, 100, True)
    sender.msg_connect(source, "labels", sink, "in")

    flowgraph = gr.top_block()
    receive = zeromq.sub_msg_source(sink.last_endpoint(), 100, False)
    flowgraph.publisher = denomae.label_publisher(ANY)
    flowgraph.msg_connect(receive, "out", flowgraph.publisher, "labels")
    flowgraph.publish = lambda message: source.message_port_pub(PORT, message)

    sender.start()
    flowgraph.start()
    with Subscriber(flowgraph, label_factory) as subscriber:
        expected = [label_factory(sequence=n, warnings=("clipping",)) for n in range(100)]
        for label in expected:
            flowgraph.publish(label_to_pdu(label))
        assert [json.loads(text) for _, text in subscriber.labels(100)] == [
            label.to_dict() for label in expected
        ]
    for top_block in (flowgraph, sender):
        top_block.stop()
        top_block.wait()
