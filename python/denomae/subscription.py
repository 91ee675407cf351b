# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels as they come from a ZMQ publisher that nobody need trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from denomae.errors import DenomaeError
from denomae.labels import TOPIC, Label

if TYPE_CHECKING:
    import zmq

MOST_BYTES = 2**16  # of a message; a label of 24 classes has 1,200
_QUEUE = 1000
_RECONNECT_MS = 100
_RECONNECT_MOST_MS = 5000
_SILENCE_S = 10  # of a peer, before it is asked whether it is still there


def label_socket(
    context: zmq.Context, most_bytes: int = MOST_BYTES, queue_labels: int = _QUEUE
) -> zmq.Socket:
    """A SUB socket that has no address and no topic yet, and closes without waiting.

    A peer that sends a part of more than `most_bytes` loses its connection. One that vanishes, even
    without a word, is looked for again after a tenth of a second, and then less and less often, up
    to every 5 s. `queue_labels` may wait in this process for each peer. What nothing bounds, as ZMQ
    cannot, is a message of ever more parts: it holds them until the last one has come.
    """
    import zmq

    socket = context.socket(zmq.SUB)
    socket.set(zmq.LINGER, 0)
    socket.set(zmq.MAXMSGSIZE, most_bytes)
    socket.set(zmq.RCVHWM, queue_labels)
    socket.set(zmq.RECONNECT_IVL, _RECONNECT_MS)
    socket.set(zmq.RECONNECT_IVL_MAX, _RECONNECT_MOST_MS)
    socket.set(zmq.TCP_KEEPALIVE, 1)
    socket.set(zmq.TCP_KEEPALIVE_IDLE, _SILENCE_S)
    socket.set(zmq.TCP_KEEPALIVE_INTVL, _SILENCE_S // 2)
    socket.set(zmq.TCP_KEEPALIVE_CNT, 3)
    return socket


def receive_label(socket: zmq.Socket, most_bytes: int = MOST_BYTES) -> Label:
    """The label in the next message, which must have come.

    Raises:
        DenomaeError: the message, which is taken away, is no label; says what it is.
    """
    parts, text = 1, b""
    topic = first = socket.recv()
    while socket.rcvmore:  # never are all parts of a message held: there may be thousands
        part = socket.recv()
        parts += 1
        text = part if parts == 2 else b""
    if parts != 2 or topic != TOPIC:
        found = f"{parts} part{'s' * (parts > 1)} and the topic {_shown(first)}"
        raise DenomaeError(f"a message has {found}, wanted the topic {TOPIC!r} and the label")
    if len(text) > most_bytes:
        raise DenomaeError(f"a message has {len(text)} bytes, wanted at most {most_bytes}")
    return Label.from_json(text)


class Gaps:
    """What the running counts of the sources say was lost on the way."""

    def __init__(self) -> None:
        self.lost = self.restarts = 0
        self._last: dict[str, int] = {}

    def add(self, label: Label) -> int:
        """How many labels of its source were lost just before this one.

        A count that goes back is a source that began anew, and loses nothing.
        """
        last = self._last.get(label.source)
        self._last[label.source] = label.sequence
        if last is None or label.sequence == last + 1:
            return 0
        if label.sequence <= last:
            self.restarts += 1
            return 0
        self.lost += label.sequence - last - 1
        return label.sequence - last - 1


def _shown(topic: bytes) -> str:
    return repr(topic if len(topic) <= 30 else topic[:30] + b"...")
