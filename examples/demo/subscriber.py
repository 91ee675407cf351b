# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive labels in a process of its own, with nothing but ZMQ and JSON.

    python subscriber.py tcp://127.0.0.1:5757

Any program in any language can do this. For the demo it also speaks on its standard streams: it
says `connected` once it is, then reads there how many labels were sent, waits for those still on
their way, and answers with one line of JSON: `received`, `gaps` (missing in between) and `last`.
"""

from __future__ import annotations

import json
import sys

import zmq
from zmq.utils.monitor import recv_monitor_message

PATIENCE_MS = 3000
"""How long to wait for the next label once all were sent."""


def main(address: str) -> None:
    context = zmq.Context()
    labels = context.socket(zmq.SUB)
    labels.setsockopt(zmq.RCVHWM, 100_000)
    labels.subscribe(b"denomae/label")
    connection = labels.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
    labels.connect(address)
    recv_monitor_message(connection)
    labels.disable_monitor()
    print("connected", flush=True)

    poller = zmq.Poller()
    poller.register(labels, zmq.POLLIN)
    poller.register(sys.stdin.fileno(), zmq.POLLIN)
    received, gaps, last, sent = 0, 0, -1, None
    while sent is None or received < sent:
        ready = dict(poller.poll(None if sent is None else PATIENCE_MS))
        if not ready:
            break
        if labels in ready:
            _topic, text = labels.recv_multipart()
            sequence = json.loads(text)["sequence"]
            gaps += max(0, sequence - last - 1)
            received, last = received + 1, sequence
        if sys.stdin.fileno() in ready:
            poller.unregister(sys.stdin.fileno())
            sent = int(sys.stdin.readline() or 0)
    print(json.dumps({"received": received, "gaps": gaps, "last": last}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
