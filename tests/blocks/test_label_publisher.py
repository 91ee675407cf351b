# SPDX-License-Identifier: GPL-3.0-or-later
"""The label publisher in real flowgraphs, over real sockets of the loopback interface."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import time

import pmt
import pytest
import zmq
from gnuradio import denomae, gr, zeromq
from gnuradio.denomae.pdu import label_to_pdu
from gnuradio.denomae.system_port import post_done

from denomae.errors import DenomaeError
from denomae.labels import Label

pytestmark = pytest.mark.timeout(60)

PORT = pmt.intern("labels")
ANY = "tcp://127.0.0.1:*"


class Flowgraph(gr.top_block):
    """A source of messages, and the publisher behind it."""

    def __init__(self, address=ANY, queue_labels=4096):
        super().__init__()
        self.source = gr.basic_block("source", None, None)
        self.source.message_port_register_out(PORT)
        self.publisher = denomae.denomae_label_publisher(address, queue_labels)
        self.msg_connect(self.source, "labels", self.publisher, "labels")

    def publish(self, message):
        self.source.message_port_pub(PORT, message)

    def end(self):
        post_done(self.source)
        self.wait()


class Subscriber:
    """A connected SUB socket: `ready` returns once what is published surely arrives."""

    def __init__(self, flowgraph, factory, most_waiting=0):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.SUB)
        self.socket.set(zmq.RCVHWM, most_waiting)
        self.socket.subscribe(b"denomae/label")
        self.socket.connect(flowgraph.publisher.endpoint())
        while not self.socket.poll(20):  # a probe is lost until the two have found each other
            flowgraph.publish(label_to_pdu(factory(source="probe")))
        self.socket.set(zmq.RCVTIMEO, 10_000)

    def labels(self, count):
        """The next `count` labels that are no probes."""
        received = []
        while len(received) < count:
            topic, text = self.socket.recv_multipart()
            assert topic == b"denomae/label"
            label = Label.from_json(text)
            if label.source != "probe":
                received.append((label, text))
        return received

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.destroy(linger=0)


def test_every_label_arrives_in_order_as_its_exact_json(label_factory):
    labels = [label_factory(sequence=n, snr_db=n / 4) for n in range(500)]
    flowgraph = Flowgraph()
    flowgraph.start()
    with Subscriber(flowgraph, label_factory) as subscriber:
        for label in labels:
            flowgraph.publish(label_to_pdu(label))
        flowgraph.end()
        received = subscriber.labels(len(labels))
    assert [text.decode() for _, text in received] == [label.to_json() for label in labels]
    assert flowgraph.publisher.counters()["dropped"] == 0


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

    monkeypatch.setattr("gnuradio.denomae.label_publisher._encode", slowly)
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


def test_a_subscriber_that_never_reads_holds_nothing(label_factory):
    flowgraph = Flowgraph(queue_labels=8)
    pdu = label_to_pdu(label_factory(warnings=("x" * 50_000,)))
    flowgraph.start()
    with Subscriber(flowgraph, label_factory, most_waiting=1):
        begin = time.monotonic()
        for _ in range(2000):  # 100 MB: more than every buffer on the way
            flowgraph.publish(pdu)
        flowgraph.end()
        assert time.monotonic() - begin < 20
    counters = flowgraph.publisher.counters()
    assert counters["refused"] == 0 and counters["sent"] + counters["dropped"] >= 2000


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
publisher = denomae.denomae_label_publisher("tcp://127.0.0.1:*")
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


def test_a_full_queue_drops_its_oldest_labels_and_counts_them(label_factory):
    flowgraph = Flowgraph(queue_labels=10)
    for sequence in range(25):  # no thread sends before the start
        flowgraph.publisher._on_label(label_to_pdu(label_factory(sequence=sequence)))
    assert flowgraph.publisher.counters()["dropped"] == 15
    flowgraph.start()
    flowgraph.end()
    assert flowgraph.publisher.counters() == {"sent": 10, "dropped": 15, "refused": 0}


def test_two_publishers_on_one_address_are_one_too_many():
    first = denomae.denomae_label_publisher(ANY)
    with pytest.raises(DenomaeError, match="in use") as refused:
        denomae.denomae_label_publisher(first.endpoint())
    assert first.endpoint() in str(refused.value) and "\n" not in str(refused.value)


def test_two_publishers_on_one_local_socket_are_one_too_many(tmp_path):
    address = f"ipc://{tmp_path}/labels"
    first = denomae.denomae_label_publisher(address)
    assert first.endpoint() == address
    with pytest.raises(DenomaeError, match="in use"):
        denomae.denomae_label_publisher(address)


def test_the_address_is_free_again_when_the_flowgraph_is_gone():
    gc.disable()  # by the count of references alone
    try:
        flowgraph = Flowgraph()
        flowgraph.start()
        flowgraph.end()
        endpoint = flowgraph.publisher.endpoint()
        del flowgraph
        assert Flowgraph(endpoint).publisher.endpoint() == endpoint
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "address",
    [
        "",
        None,
        5757,
        "5757",
        "127.0.0.1:5757",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:port",
        "tcp://192.0.2.1:5757",
        "inproc://labels",
        "http://127.0.0.1:80",
        "ipc:///no/such/folder/labels",
    ],
)
def test_an_address_that_cannot_be_bound_is_named_in_one_sentence(address):
    with pytest.raises(DenomaeError) as refused:
        denomae.denomae_label_publisher(address)
    sentence = str(refused.value)
    assert str(address) in sentence and "wanted" in sentence and "\n" not in sentence


def test_a_queue_of_no_labels_is_refused():
    with pytest.raises(DenomaeError, match="queue_labels is 0"):
        denomae.denomae_label_publisher(ANY, queue_labels=0)


def test_messages_that_are_no_labels_are_reported_once_and_do_no_harm(label_factory, capfd):
    flowgraph = Flowgraph()
    flowgraph.start()
    with Subscriber(flowgraph, label_factory) as subscriber:
        for message in [pmt.intern("hello"), pmt.PMT_NIL, pmt.cons(pmt.PMT_T, pmt.PMT_F)] * 3:
            flowgraph.publish(message)
        flowgraph.publish(label_to_pdu(label_factory(sequence=7)))
        flowgraph.end()
        assert subscriber.labels(1)[0][0].sequence == 7
    assert flowgraph.publisher.counters()["refused"] == 9
    log = "".join(capfd.readouterr())
    assert log.count("no label") + log.count("wanted the PDU") == 1 and "hello" in log


def test_labels_pass_through_gnu_radios_own_zmq_blocks(label_factory):
    """Published by `zeromq.pub_msg_sink` elsewhere, received here and handed on as JSON."""
    sender = gr.top_block()
    source = gr.basic_block("source", None, None)
    source.message_port_register_out(PORT)
    sink = zeromq.pub_msg_sink("tcp://127.0.0.1:*", 100, True)
    sender.msg_connect(source, "labels", sink, "in")

    flowgraph = gr.top_block()
    receive = zeromq.sub_msg_source(sink.last_endpoint(), 100, False)
    flowgraph.publisher = denomae.denomae_label_publisher(ANY)
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
