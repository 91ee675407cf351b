# SPDX-License-Identifier: GPL-3.0-or-later
"""A GNU Radio block that takes labels from any program that publishes them as JSON over ZMQ."""

from __future__ import annotations

import pmt
from gnuradio import gr

from denomae.labels import Label
from denomae.subscription import MOST_BYTES

from .parameters import count, rate_per_second, yes_or_no
from .pdu import label_to_pdu
from .system_port import forget_done
from .zmq_receiver import ZmqReceiver

_PORT = pmt.intern("labels")


class label_subscriber(gr.basic_block):
    """Receives labels from a ZMQ PUB socket: topic `denomae/label`, then the label as JSON.

    Message port `labels` gives a PDU a label, as the classifier's does. A thread of its own reads
    the socket. A publisher that vanishes is looked for again; whatever else comes than labels is
    counted and left out, and the first of each kind is reported in the log. It never ends by
    itself: a flowgraph that has no other source runs until it is stopped.

    GNU Radio bounds no queue of a message port, so a block behind this one that is slower than the
    labels come would fill the memory: `labels_per_second` bounds what it is given, `queue_labels`
    what waits before that. What is lost then shows in `counters()`.

    Args:
        address: of the publisher (`tcp://127.0.0.1:5757`, `ipc:///tmp/labels`); with `bind`, where
            publishers connect: its port may be `*`, then `endpoint()` tells which it became.
        bind: False: connect to one publisher; True: publishers connect here.
        queue_labels: labels that may wait for each publisher (≥ 1); ZMQ drops what comes beyond.
        max_bytes: of the largest part of a message that it reads (≥ 1024); who sends a larger one
            is disconnected. ZMQ itself bounds no number of parts, so whoever may publish here can
            fill the memory with a message that has no end: let nobody do so who would.
        labels_per_second: most labels that it gives (≥ 0); 0: all.

    Raises:
        DenomaeError: the address is in use or cannot be bound or connected to, or another parameter
            is out of its range.
    """

    def __init__(
        self,
        address: str = "tcp://127.0.0.1:5757",
        bind: bool = False,
        queue_labels: int = 1024,
        max_bytes: int = MOST_BYTES,
        labels_per_second: float = 0.0,
    ) -> None:
        gr.basic_block.__init__(self, name="denomae_label_subscriber", in_sig=None, out_sig=None)
        bind = yes_or_no("bind", bind)
        queue_labels = count("queue_labels", queue_labels, 1, most=2**31 - 1)  # ZMQ's int
        max_bytes = count("max_bytes", max_bytes, 1024, most=2**31 - 1)
        labels_per_second = rate_per_second("labels_per_second", labels_per_second)
        self.message_port_register_out(_PORT)
        self._receiver = ZmqReceiver(
            address, bind, queue_labels, max_bytes, labels_per_second, self.logger.warn
        )

    def endpoint(self) -> str:
        """The address that it connects to, or the one that is bound, its port a number."""
        return self._receiver.endpoint

    def counters(self) -> dict[str, int]:
        """Labels `received` and given on, messages `refused` as no labels, and labels `lost`: those
        that the running counts of their sources say there were, dropped here or on the way."""
        receiver = self._receiver
        return {
            "received": receiver.received,
            "refused": receiver.refusals.count,
            "lost": receiver.gaps.lost,
        }

    def start(self) -> bool:
        forget_done(self)
        self._receiver.start(self._give)
        return True

    def stop(self) -> bool:
        self._receiver.stop()
        return True

    def _give(self, label: Label) -> None:
        self.message_port_pub(_PORT, label_to_pdu(label))
