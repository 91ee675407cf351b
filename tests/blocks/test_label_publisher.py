# SPDX-License-Identifier: GPL-3.0-or-later
"""What the label publisher sends, counts and refuses, in real flowgraphs over loopback."""

from __future__ import annotations

import pmt
import pytest
from gnuradio.denomae.pdu import label_to_pdu
from wire_bench import Flowgraph, Subscriber

pytestmark = pytest.mark.timeout(60)


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


def test_a_full_queue_drops_its_oldest_labels_and_counts_them(label_factory):
    flowgraph = Flowgraph(queue_labels=10)
    for sequence in range(25):  # no thread sends before the start
        flowgraph.publisher._on_label(label_to_pdu(label_factory(sequence=sequence)))
    assert flowgraph.publisher.counters()["dropped"] == 15
    flowgraph.start()
    flowgraph.end()
    assert flowgraph.publisher.counters() == {"sent": 10, "dropped": 15, "refused": 0}


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
