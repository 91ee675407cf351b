# SPDX-License-Identifier: GPL-3.0-or-later
"""A GNU Radio block that hands labels to any program that reads JSON from ZMQ."""

from __future__ import annotations

from typing import Any

import pmt
from gnuradio import gr

from denomae.labels import TOPIC

from .parameters import count, yes_or_no
from .pdu import label_of
from .system_port import forget_done, take_all
from .zmq_sender import ZmqSender

_PORT = pmt.intern("labels")
_FLUSH_AT_END_S = 10.0
_FLUSH_AT_STOP_S = 0.4


class label_publisher(gr.basic_block):
    """Publishes labels on a ZMQ PUB socket: topic `denomae/label`, then the label as JSON.

    Message port `labels` takes label PDUs, also from GNU Radio's `zeromq.sub_msg_source`. They wait
    in a bounded queue of its own thread: a slow, dead or missing subscriber never holds the
    flowgraph, and what is dropped is counted. Anything else that arrives is ignored; the first such
    message is reported in the log. At the end of a stream all that waits is sent before the
    flowgraph's `wait()` returns; a stop sends what can be sent in less than half a second.

    Args:
        address: where subscribers connect (`tcp://127.0.0.1:5757`, `ipc:///tmp/labels`); the port
            may be `*`, then `endpoint()` tells which it became.
        queue_labels: labels that may wait (≥ 1), here and for each slow subscriber.
        bind: True: subscribers connect to the address. False: it connects to the address, where one
            subscriber is bound, as where this machine cannot be reached from outside; while that
            one is away it is looked for, at least every 5 s.

    Raises:
        DenomaeError: the address is in use or cannot be bound or connected to, `queue_labels` is
            below 1, or `bind` is no truth value.
    """

    def __init__(
        self,
        address: str = "tcp://127.0.0.1:5757",
        queue_labels: int = 1024,
        bind: bool = True,
    ) -> None:
        gr.basic_block.__init__(self, name="denomae_label_publisher", in_sig=None, out_sig=None)
        queue_labels = count("queue_labels", queue_labels, 1, most=2**31 - 1)  # ZMQ's int
        # the sender may hold the logger but not the block: no circle, see below
        listen = yes_or_no("bind", bind)
        self._sender = ZmqSender(address, queue_labels, _encode, self.logger.warn, listen)
        self.message_port_register_in(_PORT)
        # gr's own set_msg_handler keeps the bound method, and in that circle the block and its
        # address would outlive the flowgraph until a garbage collection
        self.gateway.set_msg_handler_pybind(_PORT, "_on_label")

    def endpoint(self) -> str:
        """The address that is bound, its port a number, or the one that it connects to."""
        return self._sender.endpoint

    def counters(self) -> dict[str, int]:
        """Labels `sent`, `dropped` from the full queue, and messages `refused` as no labels."""
        sender = self._sender
        return {"sent": sender.sent, "dropped": sender.dropped, "refused": sender.refused}

    def start(self) -> bool:
        forget_done(self)
        self._sender.start()
        return True

    def stop(self) -> bool:
        for message in take_all(self, _PORT):
            self._on_label(message)
        # at the end of a stream nobody waits for the radio, but everybody for the last labels
        self._sender.stop(_FLUSH_AT_END_S if self.finished() else _FLUSH_AT_STOP_S)
        return True

    def _on_label(self, message: Any) -> None:
        self._sender.give(message)


def _encode(message: Any) -> list[bytes]:
    return [TOPIC, label_of(message).to_json().encode()]
