# SPDX-License-Identifier: GPL-3.0-or-later
"""A subscriber that does not read holds nobody up but itself."""

from __future__ import annotations

import time

import pytest
from gnuradio.denomae.pdu import label_to_pdu
from wire_bench import Flowgraph, Subscriber

pytestmark = pytest.mark.timeout(60)


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
