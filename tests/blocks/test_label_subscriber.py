# SPDX-License-Identifier: GPL-3.0-or-later
"""The label subscriber gives on every label that comes, and nothing else, whoever is there."""

from __future__ import annotations

import json
import os
import socket as sockets
import threading
import time

import pytest
import zmq
from classifier_bench import Collector, eventually
from gnuradio import denomae, gr
from gnuradio.denomae.pdu import label_to_pdu
from test_lifecycle import Held, check_nothing_is_left
from wire_bench import ANY, Flowgraph, rss_mib

from denomae.errors import DenomaeError
from denomae.labels import TOPIC

pytestmark = pytest.mark.timeout(120)


class Receiving(gr.top_block):
    """A subscriber, and what it gives."""

    def __init__(self, address, **parameters):
        super().__init__()
        self.subscriber = denomae.label_subscriber(address, **parameters)
        self.collector = Collector()
        self.msg_connect(self.subscriber, "labels", self.collector, "labels")

    @property
    def labels(self):
        return [label for label in self.collector.labels if label.source != "probe"]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        began = time.monotonic()
        self.stop()
        self.wait()
        assert time.monotonic() - began < 5


class Publisher:
    """A program that publishes what it likes."""

    def __init__(self, address=ANY, most_waiting=0):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.XPUB)
        self.socket.set(zmq.SNDHWM, most_waiting)
        self.socket.set(zmq.SNDBUF, 2**14 if most_waiting else -1)
        self.socket.set(zmq.RCVTIMEO, 60_000)
        while True:
            try:
                self.socket.bind(address)
                break
            except zmq.ZMQError:  # its last owner has hardly left
                time.sleep(0.01)
        self.address = self.socket.get(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()

    def until_subscribed(self):
        assert self.socket.recv() == b"\x01" + TOPIC

    def send(self, *parts):
        self.socket.send_multipart(parts)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.destroy(linger=0)


def as_json(label):
    return label.to_json().encode()


@pytest.mark.parametrize("who_binds", ["publisher", "subscriber"])
def test_every_label_arrives_as_it_was_in_the_other_flowgraph(label_factory, who_binds):
    labels = [
        label_factory(sequence=n, warnings=("clipping",) * (n % 2), snr_db=n / 4)
        for n in range(300)
    ]
    sending = Flowgraph()
    if who_binds == "publisher":
        receiving = Receiving(sending.publisher.endpoint())
    else:
        receiving = Receiving(ANY, bind=True)
        sending.msg_disconnect(sending.source, "labels", sending.publisher, "labels")
        sending.publisher = denomae.label_publisher(receiving.subscriber.endpoint(), bind=False)
        sending.msg_connect(sending.source, "labels", sending.publisher, "labels")
    sending.start()
    probe = label_factory(source="probe", sequence=0)
    with receiving:
        assert eventually(
            lambda: sending.publish(label_to_pdu(probe)) or receiving.collector.arrived.wait(0.05)
        )
        for label in labels:
            sending.publish(label_to_pdu(label))
        assert eventually(lambda: len(receiving.labels) == 300)
    sending.end()
    assert [x.to_json() for x in receiving.labels] == [x.to_json() for x in labels]
    counters = receiving.subscriber.counters()
    assert (counters["refused"], counters["lost"]) == (0, 0) and counters["received"] > 300


def test_whatever_else_comes_is_counted_reported_once_a_kind_and_left_out(label_factory, capfd):
    label = label_factory(sequence=0)
    wrong = label.to_dict() | {"snr_db": "loud\x1b[2J"}
    missing = {key: value for key, value in label.to_dict().items() if key != "model"}
    messages = [
        ([TOPIC], "has 1 part"),
        ([TOPIC, as_json(label), b"{}"], None),  # of the same kind
        ([TOPIC, *[b"x"] * 5000], None),
        ([TOPIC + b"s", as_json(label)], None),
        ([TOPIC, b"\xff\xfe"], "is JSON, but this is not"),
        ([TOPIC, b"[" * 60_000], None),
        ([TOPIC, b"[]"], "is a JSON object"),
        ([TOPIC, b"{}"], "no label of schema"),
        ([TOPIC, as_json(label).replace(b"label/1", b"label/2")], None),
        ([TOPIC, json.dumps(missing).encode()], "has no key 'model'"),
        ([TOPIC, json.dumps(wrong).encode()], "'snr_db'"),
    ]
    with Publisher() as publisher, Receiving(publisher.address) as receiving:
        publisher.until_subscribed()
        for _ in range(2):
            for parts, _ in messages:
                publisher.send(*parts)
        publisher.send(TOPIC, as_json(label))
        assert eventually(lambda: receiving.labels)
    assert [x.to_json() for x in receiving.labels] == [label.to_json()]
    counters = receiving.subscriber.counters()
    assert counters == {"received": 1, "refused": 2 * len(messages), "lost": 0}
    log = "".join(capfd.readouterr())
    kinds = [words for _, words in messages if words]
    assert [log.count(words) for words in kinds] == [1] * len(kinds)
    assert log.count("are ignored, and counted") == len(kinds)
    assert "\x1b[2J" not in log


def test_a_message_that_is_too_large_costs_its_sender_the_connection(label_factory, capfd):
    with Publisher() as publisher, Receiving(publisher.address, max_bytes=4096) as receiving:
        publisher.until_subscribed()
        publisher.send(TOPIC, as_json(label_factory(sequence=1)))
        publisher.send(TOPIC, bytes(4097))
        assert publisher.socket.recv() == b"\x00" + TOPIC  # it left,
        publisher.until_subscribed()  # and came again
        publisher.send(TOPIC, as_json(label_factory(sequence=5)))
        assert eventually(lambda: len(receiving.labels) == 2)
    assert receiving.subscriber.counters() == {"received": 2, "refused": 1, "lost": 3}
    assert "sent more than 4096 bytes" in "".join(capfd.readouterr())


def _accept_all(server, say):
    while True:
        try:
            peer, _ = server.accept()
        except OSError:  # closed
            return
        with peer:
            try:
                say(peer)
            except OSError:  # it hung up
                pass


def _zmtp(peer):
    peer.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32))
    ready = b"\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB"
    peer.sendall(bytes([4, len(ready)]) + ready)
    heard = b""
    while not heard.endswith(TOPIC):  # its subscription: the two understand each other
        chunk = peer.recv(4096)
        if not chunk:
            raise OSError("it hung up")
        heard += chunk


def _one_gigabyte(peer):
    _zmtp(peer)
    peer.sendall(b"\x02" + (2**30).to_bytes(8, "big"))
    for _ in range(1024):
        peer.sendall(bytes(2**20))


@pytest.mark.parametrize(
    "say",
    [
        lambda peer: None,
        lambda peer: peer.sendall(os.urandom(2**16)),
        lambda peer: (_zmtp(peer), peer.sendall(os.urandom(2**16))),
        _one_gigabyte,
    ],
    ids=["hangs up", "garbage", "garbage behind a greeting", "a message of 1 GB"],
)
def test_who_speaks_no_zmq_or_too_much_of_it_does_no_harm(label_factory, say):
    spoken = threading.Semaphore(0)
    server = sockets.create_server(("127.0.0.1", 0))
    address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

    def speak(peer):
        try:
            say(peer)
        finally:
            spoken.release()

    thread = threading.Thread(target=_accept_all, args=[server, speak])
    thread.start()
    before = rss_mib()
    with Receiving(address) as receiving:
        for _ in range(3):  # it comes again
            assert spoken.acquire(timeout=60)
        assert rss_mib() - before < 64
        server.shutdown(sockets.SHUT_RDWR)
        server.close()
        thread.join()
        with Publisher(address) as publisher:
            publisher.until_subscribed()
            publisher.send(TOPIC, as_json(label_factory()))
            assert eventually(lambda: len(receiving.labels) == 1)
    assert receiving.subscriber.counters()["received"] == 1


def test_a_publisher_that_connects_outlasts_who_speaks_no_zmq_at_its_address(label_factory):
    spoken = threading.Semaphore(0)
    server = sockets.create_server(("127.0.0.1", 0))
    address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

    def garbage(peer):
        try:
            peer.sendall(os.urandom(2**16))
        finally:
            spoken.release()

    thread = threading.Thread(target=_accept_all, args=[server, garbage])
    thread.start()
    sending = Flowgraph()
    sending.msg_disconnect(sending.source, "labels", sending.publisher, "labels")
    sending.publisher = denomae.label_publisher(address, bind=False)
    sending.msg_connect(sending.source, "labels", sending.publisher, "labels")
    sending.start()
    label = label_to_pdu(label_factory())
    assert eventually(lambda: sending.publish(label) or spoken.acquire(timeout=0.01))
    assert eventually(lambda: sending.publish(label) or spoken.acquire(timeout=0.01))  # again
    server.shutdown(sockets.SHUT_RDWR)
    server.close()
    thread.join()
    with Receiving(address, bind=True) as receiving:
        assert eventually(lambda: sending.publish(label) or receiving.labels)
    sending.end()
    assert sending.publisher.endpoint() == address


def test_a_publisher_that_vanishes_is_found_when_it_is_back(label_factory):
    with Publisher() as first:
        receiving = Receiving(first.address)
        with receiving:
            first.until_subscribed()
            first.send(TOPIC, as_json(label_factory(sequence=7)))
            assert eventually(lambda: len(receiving.labels) == 1)
            first.__exit__()
            with Publisher(first.address) as second:
                second.until_subscribed()
                second.send(TOPIC, as_json(label_factory(sequence=0)))
                assert eventually(lambda: len(receiving.labels) == 2)


def test_a_flood_is_bounded_where_a_rate_is_given_and_what_is_lost_is_counted(label_factory):
    texts = [as_json(label_factory(sequence=n)) for n in range(30_000)]
    with Publisher(most_waiting=100) as publisher:
        receiving = Receiving(publisher.address, queue_labels=50, labels_per_second=500)
        with receiving:
            publisher.until_subscribed()
            began = time.monotonic()
            for text in texts:
                publisher.send(TOPIC, text)
            assert eventually(lambda: len(receiving.labels) >= 100)
            took = time.monotonic() - began
            assert receiving.subscriber.counters()["received"] <= 500 * took + 2
            last = as_json(label_factory(sequence=40_000))
            assert eventually(
                lambda: (
                    publisher.send(TOPIC, last) or receiving.collector.labels[-1].sequence == 40_000
                )
            )
    counters = receiving.subscriber.counters()
    assert counters["lost"] > 20_000 and counters["refused"] == 0


def test_ever_new_names_are_refused_because_gnu_radio_forgets_none(label_factory, capfd):
    with Publisher() as publisher, Receiving(publisher.address) as receiving:
        publisher.until_subscribed()
        for n in range(100):
            publisher.send(TOPIC, as_json(label_factory(source=f"{n}" * 10_000)))
        publisher.send(TOPIC, as_json(label_factory(source="7" * 10_000, sequence=9)))
        assert eventually(lambda: receiving.labels[-1:] and receiving.labels[-1].sequence == 9)
    counters = receiving.subscriber.counters()
    assert 50 < counters["received"] < 70 and counters["refused"] == 101 - counters["received"]
    assert "".join(capfd.readouterr()).count("no new ones are taken") == 1


def test_ten_starts_and_stops_leave_nothing_and_nothing_old_is_given(label_factory):
    with Publisher() as publisher:
        receiving = Receiving(publisher.address)
        held = None
        for cycle in range(10):
            with receiving:
                publisher.until_subscribed()
                publisher.send(TOPIC, as_json(label_factory(sequence=cycle)))
                assert eventually(lambda: len(receiving.labels) == 1)
            assert [label.sequence for label in receiving.labels] == [cycle]
            assert publisher.socket.recv() == b"\x00" + TOPIC
            receiving.collector.labels = []
            if cycle == 3:
                held = Held.now()
        check_nothing_is_left(held)


def test_ten_flowgraphs_thrown_away_leave_nothing():
    held = None
    for cycle in range(10):
        with Receiving(ANY, bind=True) as receiving:
            address = receiving.subscriber.endpoint()
        del receiving
        if cycle == 3:
            held = Held.now()
    check_nothing_is_left(held)
    denomae.label_subscriber(address, bind=True)  # it is free


@pytest.mark.parametrize(
    "address, bind",
    [("5757", False), (None, False), ("tcp://*:5757", False), ("tcp://127.0.0.1:*", False)]
    + [("tcp://192.0.2.1:5757", True), ("inproc://labels", True), ("tcp://127.0.0.1:99999", True)],
)
@pytest.mark.parametrize("block", ["subscriber", "publisher"])
def test_an_address_that_cannot_be_is_refused_in_one_sentence(block, address, bind):
    with pytest.raises(DenomaeError) as refused:
        getattr(denomae, f"label_{block}")(address, bind=bind)
    sentence = str(refused.value)
    assert sentence.startswith(f"the {block}'s address ") and str(address) in sentence
    assert "wanted" in sentence and "\n" not in sentence


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("bind", 1),
        ("queue_labels", 0),
        ("max_bytes", 1023),
        ("max_bytes", "many"),
        ("labels_per_second", -1),
        ("labels_per_second", float("nan")),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_name(parameter, value):
    with pytest.raises(DenomaeError, match=f"{parameter} is {value!r}, wanted"):
        denomae.label_subscriber(ANY, **({"bind": True} | {parameter: value}))
