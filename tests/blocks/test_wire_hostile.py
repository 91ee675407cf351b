# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that flood the publisher's port harm neither the flowgraph nor other subscribers."""

from __future__ import annotations

import pytest
import zmq
from classifier_bench import Radio, eventually
from gnuradio import denomae
from wire_bench import ANY, Program, rss_mib

from denomae.labels import Label

pytestmark = pytest.mark.timeout(180)

# What every client below begins with: raw TCP, the greeting of ZMTP 3, and what follows it.
CLIENT = """
import os, socket, sys, threading, time
import zmq

def tcp():
    host, port = sys.argv[1][len("tcp://"):].split(":")
    return socket.create_connection((host, int(port)))

def zmtp():
    peer = tcp()
    peer.sendall(b"\\xff" + bytes(8) + b"\\x7f\\x03\\x00" + b"NULL".ljust(20, b"\\0") + bytes(32))
    ready = b"\\x05READY\\x0bSocket-Type\\x00\\x00\\x00\\x03SUB\\x08Identity\\x00\\x00\\x00\\x00"
    peer.sendall(bytes([4, len(ready)]) + ready)
    return peer

def send(peer, chunks):
    sent = 0
    try:
        for chunk in chunks:
            peer.sendall(chunk)
            sent += len(chunk)
    except OSError:  # the publisher hung up
        pass
    return sent
"""

FLOODS = {
    "connections that say nothing": """
held = [tcp() for _ in range(300)]
""",
    "connections that end at once": """
for _ in range(300):
    tcp().close()
""",
    "garbage": """
held = [tcp() for _ in range(30)]
for peer in held:
    send(peer, [os.urandom(2**16)])
held += [zmtp() for _ in range(30)]
for peer in held[30:]:
    send(peer, [os.urandom(2**16)])
""",
    "subscriptions": """
peer = zmtp()
topics = (b"\\x01" + b"denomae/label/" + number.to_bytes(4, "big") for number in range(20_000))
send(peer, [b"".join(bytes([0, len(topic)]) + topic for topic in topics)])
""",
    "subscriptions and their ends": """
peer = zmtp()
for _ in range(20_000):
    send(peer, [b"\\x00\\x0e\\x01denomae/label", b"\\x00\\x0e\\x00denomae/label"])
""",
    "a message of 1 GB": """
peer = zmtp()
send(peer, [b"\\x02" + (2**30).to_bytes(8, "big"), *[bytes(2**20)] * 1024])
""",
    "a subscription of 1 GB": """
peer = zmtp()
send(peer, [b"\\x02" + (2**30).to_bytes(8, "big") + b"\\x01", *[bytes(2**20)] * 1024])
""",
    "a command of 1 GB": """
peer = zmtp()
send(peer, [b"\\x06" + (2**30).to_bytes(8, "big"), *[bytes(2**20)] * 1024])
""",
    "a handshake of 1 GB": """
peer = tcp()
peer.sendall(b"\\xff" + bytes(8) + b"\\x7f\\x03\\x00" + b"NULL".ljust(20, b"\\0") + bytes(32))
send(peer, [b"\\x06" + (2**30).to_bytes(8, "big"), *[bytes(2**20)] * 1024])
""",
    "1 GB of messages upstream": """
upstream = zmq.Context().socket(zmq.XSUB)
upstream.set(zmq.LINGER, 0)
upstream.set(zmq.SNDTIMEO, 1000)
upstream.connect(sys.argv[1])
try:
    for _ in range(64):
        upstream.send(bytes(2**24))
except zmq.Again:  # the publisher hung up
    pass
""",
    "many messages upstream": """
peer = zmtp()
send(peer, [(b"\\x00\\xfe\\x05" + bytes(253)) * 2**12] * 64)
""",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_client_that_floods_the_port_harms_nobody(engine, flood):
    radio = Radio(engine)
    radio.publisher = denomae.label_publisher(ANY)
    radio.msg_connect(radio.classifier, "labels", radio.publisher, "labels")
    radio.start()
    address = radio.publisher.endpoint()
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVHWM, 0)
        socket.set(zmq.RCVTIMEO, 20_000)
        socket.subscribe(b"denomae/label")
        socket.connect(address)
        numbers = []

        def receive(count):
            for _ in range(count):
                numbers.append(Label.from_json(socket.recv_multipart()[1]).sequence)

        receive(50)
        before = rss_mib()
        wait = "\nprint('done')\nsys.stdin.read()\n"
        with Program(CLIENT + FLOODS[flood] + wait, address) as client:
            most = before
            while not client.has_line(0):
                receive(10)
                most = max(most, rss_mib())
            assert client.line() == "done"
            receive(50)  # while its connections are still open
            most = max(most, rss_mib())
        last = numbers[-1]
        assert eventually(lambda: radio.classifier.status()["labels"] > last + 50)
        receive(50)  # and after they are gone
    radio.end()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert radio.publisher.counters()["dropped"] == 0
    assert most - before < 64, f"{most - before:.0f} MiB more for {flood}"
