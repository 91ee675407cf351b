# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels arrive whole in other programs."""

from __future__ import annotations

import ast
import json
import re
import signal
from pathlib import Path

import pytest
import zmq
from classifier_bench import Recording, noise
from gnuradio import denomae, gr, zeromq
from gnuradio.denomae.pdu import label_to_pdu
from wire_bench import ANY, PORT, Flowgraph, Program, Subscriber

pytestmark = pytest.mark.timeout(60)

N = 1024
GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"


@pytest.fixture(scope="module")
def client():
    """The program that the guide shows."""
    section = GUIDE.read_text(encoding="utf-8").split("\n## Labels on the wire\n")[1]
    return re.search(r"```python\n(.*?)```", section.split("\n## ")[0], re.DOTALL).group(1)


def end_by_ctrl_c(program):
    """What a program still says, and how it ends."""
    program.process.send_signal(signal.SIGINT)
    said, _ = program.process.communicate(timeout=20)
    return said.splitlines(), program.process.returncode


def test_the_guides_client_needs_nothing_of_this_project(client):
    nodes = list(ast.walk(ast.parse(client)))
    assert not [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    assert set(names) == {"json", "sys", "zmq"}


def test_the_guides_client_prints_every_label_and_counts_the_gaps(client, label_factory):
    flowgraph = Flowgraph()
    flowgraph.start()
    at = {"center_frequency_hz": 433.92e6}
    labels = [
        label_factory(source="north", sequence=3, confidence=0.97, snr_db=12.54, **at),
        label_factory(source="south", sequence=900, time=None, sample_offset=7, snr_db=None, **at),
        label_factory(source="north", sequence=4, verdict="unknown", center_frequency_hz=None),
        label_factory(source="north", sequence=10),  # 5 missed
        label_factory(source="south", sequence=902),  # 1 missed
        label_factory(source="north", sequence=0),  # it began anew
        label_factory(source="north", sequence=1),
        label_factory(source="south", sequence=903),
    ]
    with Program(client, flowgraph.publisher.endpoint()) as program:
        while not program.has_line(0.02):
            flowgraph.publish(label_to_pdu(label_factory(source="probe", label="carrier")))
        for label in labels:
            flowgraph.publish(label_to_pdu(label))
        lines = []
        while len(lines) < len(labels):
            line = program.line()
            lines += [line] if "carrier" not in line else []
        rest, code = end_by_ctrl_c(program)
    flowgraph.end()
    assert (rest, code) == (["6 labels missed"], 0)
    assert lines[:3] == [
        "2026-03-01T12:00:00.000123456Z  qpsk 97%  12.5 dB  433.920000 MHz",
        "sample 7  qpsk 75%  433.920000 MHz",
        "2026-03-01T12:00:00.000123456Z  psk? 88%  12.5 dB",
    ]


def test_the_guides_client_reads_the_labels_of_a_live_classifier(client, engine):
    recording = Recording(noise(40 * N), engine, sample_rate=1e6, center_frequency=868e6)
    recording.publisher = denomae.label_publisher(ANY)
    recording.msg_connect(recording.classifier, "labels", recording.publisher, "labels")
    with Program(client, recording.publisher.endpoint()) as program:
        while not program.has_line(0.02):
            recording.play()
        labels = recording.play()
        last = f"sample {labels[-1].sample_offset}  "
        assert all(label.time is None for label in labels)
        lines = [program.line()]
        while sum(line.startswith(last) for line in lines) < 1:
            lines.append(program.line())
        assert all(line.endswith("868.000000 MHz") for line in lines)
        _, code = end_by_ctrl_c(program)
    assert code == 0


def test_the_guides_client_skips_what_is_no_label(client, label_factory):
    text = label_factory(sequence=5).to_json().encode()
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.set(zmq.LINGER, 0)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        with Program(client, f"tcp://127.0.0.1:{port}") as program:
            assert socket.recv() == b"\x01denomae/label"
            for parts in (
                [b"denomae/label"],
                [b"denomae/label", b"\xff\xfe"],
                [b"denomae/label", b"[" * 100_000],
                [b"denomae/label", b"[]"],
                [b"denomae/label", b"{}"],
                [b"denomae/label", b'{"schema": "denomae.label/2"}'],
                [b"denomae/label", text, b"{}"],
                [b"denomae/labels", b"7"],
                [b"denomae/label", text],
            ):
                socket.send_multipart(parts)
            assert "qpsk 75%" in program.line()
            assert end_by_ctrl_c(program) == (["0 labels missed"], 0)


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
