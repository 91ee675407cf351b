# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels arrive whole in other programs."""

from __future__ import annotations

import json

import pytest
from gnuradio import denomae, gr, zeromq
from gnuradio.denomae.pdu import label_to_pdu
from wire_bench import ANY, PORT, Subscriber

pytestmark = pytest.mark.timeout(60)


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
