# SPDX-License-Identifier: GPL-3.0-or-later
"""A ZMQ PUB socket with a bounded queue and a thread of its own, so that giving never waits."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

import zmq

from denomae.errors import DenomaeError
from denomae.zmq_watch import ConnectionWatch

from .zmq_address import bind, connect

LINGER_MS = 500  # how long a closing socket may hold the process to hand out what was sent
REQUEST_BYTES = 1024  # of a topic of 1 GB, libzmq would make 12 GB of memory

RECONNECT_MOST_MS = 5000  # from a tenth of a second on, where it connects
_LOOK_S = 0.2
_NOTHING = object()


class ZmqSender:
    """Encodes and sends what `give` gets, in order, from a thread between `start` and `stop`.

    The socket is bound or connected once and stays so: subscribers keep their connection while a
    flowgraph stops and starts. It closes when the sender is collected or the process ends.

    Args:
        address: where subscribers connect, such as `tcp://127.0.0.1:5757`; port `*`: a free one.
        capacity: messages that may wait here, and at the socket for each slow subscriber.
        encode: parts to send for what was given; runs on the thread; may raise DenomaeError.
        warn: called with the sentence of the first DenomaeError; later ones are only counted.
        listen: False: connect to the address, where one subscriber is bound.

    Raises:
        DenomaeError: the address is in use, or not one that can be bound or connected to.
    """

    def __init__(
        self,
        address: str,
        capacity: int,
        encode: Callable[[Any], list[bytes]],
        warn: Callable[[str], None],
        listen: bool = True,
    ) -> None:
        self._encode, self._warn = encode, warn
        self._waiting: deque[Any] = deque()
        self._capacity = capacity
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._ended.set()
        self._leave_at: float | None = None
        self.sent = self.dropped = self.refused = 0
        context = zmq.Context()
        self._socket = context.socket(zmq.PUB)
        self._socket.set(zmq.SNDHWM, capacity)
        self._socket.set(zmq.LINGER, LINGER_MS)
        self._socket.set(zmq.MAXMSGSIZE, REQUEST_BYTES)
        self._socket.set(zmq.RECONNECT_IVL_MAX, RECONNECT_MOST_MS)
        self._watch: list[ConnectionWatch] = []  # one where it connects
        weakref.finalize(self, _close, context, self._socket, self._watch)
        self.endpoint = address
        if listen:
            self.endpoint = bind(self._socket, address)
        else:
            self._watch.append(connect(self._socket, address, "publisher"))

    def give(self, item: Any) -> None:
        """Queue one item, never waiting; a full queue drops its oldest one, which is counted."""
        with self._changed:
            if len(self._waiting) >= self._capacity:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(item)
            self._changed.notify()

    def start(self) -> None:
        """Begin to send; what was given before is sent first."""
        if self._ended.is_set():
            self._leave_at = None
            self._ended.clear()
            threading.Thread(target=self._run, name="denomae-zmq", daemon=True).start()

    def stop(self, within_s: float) -> None:
        """Send what waits, at most for `within_s`, and end the thread; what is left is dropped."""
        with self._changed:
            self._leave_at = time.monotonic() + within_s
            self._changed.notify()
        # not join(): on a thread of GNU Radio's it leaves an entry in Python's table of threads
        self._ended.wait(within_s + 0.5)

    def _run(self) -> None:
        try:
            while (item := self._next()) is not None:
                for watch in self._watch:
                    watch.look()
                if item is not _NOTHING:
                    self._send(item)
        finally:
            self._ended.set()

    def _send(self, item: Any) -> None:
        try:
            parts = self._encode(item)
        except DenomaeError as error:
            self.refused += 1
            if self.refused == 1:
                self._warn(f"{error}; such messages are ignored, and counted")
            return
        self._socket.send_multipart(parts)  # PUB never waits: it drops for whoever is slow
        self.sent += 1

    def _next(self) -> Any | None:
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._waiting or self._leave_at is not None,
                _LOOK_S if self._watch else None,
            ):
                return _NOTHING
            if self._leave_at is not None and time.monotonic() > self._leave_at:
                self.dropped += len(self._waiting)
                self._waiting.clear()
            return self._waiting.popleft() if self._waiting else None


def _close(context: zmq.Context, socket: zmq.Socket, watches: list[ConnectionWatch]) -> None:
    for watch in watches:
        watch.close()
    socket.close(LINGER_MS)
    context.term()
