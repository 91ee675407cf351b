# SPDX-License-Identifier: GPL-3.0-or-later
"""A subscriber that does not read holds nobody up but itself."""

from __future__ import annotations

import json
import time

import pytest
from classifier_bench import Radio, eventually
from gnuradio import denomae
from gnuradio.denomae.pdu import label_to_pdu
from wire_bench import ANY, Flowgraph, Program, Subscriber, rss_mib

pytestmark = pytest.mark.timeout(180)


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


# Reads until it is told to pause; at "report" it tells what it has received.
READER = """
import json, select, sys, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.set(zmq.RCVHWM, 10)
socket.set(zmq.RCVBUF, 4096)
socket.subscribe(b"denomae/label")
socket.connect(sys.argv[1])
reading, received, first, last, gaps = True, 0, None, None, []
print("connected")
while True:
    if select.select([sys.stdin], [], [], 0 if reading else None)[0]:
        word = sys.stdin.readline().strip()
        if not word:
            break
        reading = word != "pause"
        told = {"received": received, "first": first, "last": last, "gaps": gaps}
        print(json.dumps(told))
    while reading and socket.poll(5):
        number = json.loads(socket.recv_multipart()[1])["sequence"]
        if last is not None and number != last + 1:
            gaps.append([last, number])
        first = number if first is None else first
        last, received = number, received + 1
        if select.select([sys.stdin], [], [], 0)[0]:
            break
"""


@pytest.mark.parametrize("pause_s", [3, pytest.param(60, marks=pytest.mark.long)])
def test_who_stops_reading_and_reads_again_misses_labels_and_nobody_else_does(engine, pause_s):
    radio = Radio(engine, source="x" * 40_000)  # large labels: buffers on the way are soon full
    radio.publisher = denomae.label_publisher(ANY, queue_labels=64)
    radio.msg_disconnect(radio.classifier, "labels", radio.collector, "labels")  # it keeps them
    radio.msg_connect(radio.classifier, "labels", radio.publisher, "labels")
    radio.start()

    def labels():
        return radio.classifier.status()["labels"]

    def told(program, word="report"):
        return json.loads(program.ask(word))

    with (
        Program(READER, radio.publisher.endpoint()) as slow,
        Program(READER, radio.publisher.endpoint()) as steady,
    ):
        for program in (slow, steady):
            assert program.line() == "connected"
            assert eventually(lambda program=program: told(program)["received"] > 20)
        before = told(slow, "pause")["last"]
        begin, given, memory = time.monotonic(), labels(), rss_mib()
        while time.monotonic() - begin < pause_s:
            count = labels()
            assert eventually(lambda count=count: labels() > count + 10)
        most = rss_mib()
        assert labels() - given > 50 * pause_s  # 195 a second; a busy machine drops some
        assert radio.publisher.counters()["dropped"] == 0
        told(slow, "read")
        assert eventually(lambda: told(slow)["gaps"])  # it reads again, across the gap
        caught_up = labels()
        assert eventually(lambda: told(slow)["last"] > caught_up)
        resumed, whole = told(slow), told(steady)
    radio.end()
    (last_before, first_after), *others = resumed["gaps"]
    assert before <= last_before < first_after and first_after - last_before > 10 * pause_s
    assert not others
    assert whole["gaps"] == [] and whole["received"] == whole["last"] - whole["first"] + 1
    assert most - memory < 16, f"{most - memory:.0f} MiB more while one did not read"
