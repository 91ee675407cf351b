# SPDX-License-Identifier: GPL-3.0-or-later
"""A ZMQ SUB socket for labels with a thread of its own, whatever its peers send."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable

import zmq

from denomae.errors import DenomaeError
from denomae.labels import TOPIC, Label
from denomae.subscription import Gaps, label_socket, receive_label
from denomae.zmq_watch import ConnectionWatch

from .refusals import Refusals
from .zmq_address import bind, connect

_POLL_MS = 100  # how long a stop may wait for the thread to look up
_LEAVE_S = 1.0
_NAMES_BYTES = 2**20


class ZmqReceiver:
    """Gives away the labels that come, from a thread between `start` and `stop`.

    The socket is bound or connected once and stays so; it listens to nothing while it is stopped.
    It closes when the receiver is collected or the process ends.

    Args:
        address: where labels come from, or where it is bound.
        listen: bind to the address instead of connecting to it.
        capacity: labels that may wait for each peer at the socket; ZMQ drops what comes beyond.
        most_bytes: of a message; who sends a larger one loses the connection.
        per_second: most labels given away in a second; 0: all.
        warn: takes the first refusal of each kind.

    Raises:
        DenomaeError: the address is in use, or not one that can be bound or connected to.
    """

    def __init__(
        self,
        address: str,
        listen: bool,
        capacity: int,
        most_bytes: int,
        per_second: float,
        warn: Callable[[str], None],
    ) -> None:
        self._most_bytes = most_bytes
        self._pause_s = 1 / per_second if per_second > 0 else 0.0
        self._names = _Names()
        self.refusals = Refusals(warn)
        self.gaps = Gaps()
        self.received = 0
        self._leave, self._ended = threading.Event(), threading.Event()
        self._ended.set()
        context = zmq.Context()
        self._socket = label_socket(context, most_bytes, capacity)
        self._watch: list[ConnectionWatch] = []  # one where it connects
        weakref.finalize(self, _close, context, self._socket, self._watch, self._leave, self._ended)
        self.endpoint = address
        self._broken = DenomaeError(
            f"who is at {address} speaks no ZMQ, or sent more than {most_bytes} bytes at once"
        )
        if listen:
            self.endpoint = bind(self._socket, address, "subscriber")
        else:
            self._watch.append(connect(self._socket, address, "subscriber"))

    def start(self, give: Callable[[Label], None]) -> None:
        """Begin to listen; `give` is called from the thread."""
        if self._ended.is_set():
            while self._socket.poll(0):  # what came before the stop
                self._socket.recv_multipart()
            self._socket.subscribe(TOPIC)
            self._leave.clear()
            self._ended.clear()
            threading.Thread(
                target=self._run, args=[give], name="denomae-zmq-in", daemon=True
            ).start()

    def stop(self) -> None:
        """Give nothing more away, and end the thread."""
        self._leave.set()
        # not join(): on a thread of GNU Radio's it leaves an entry in Python's table of threads
        if self._ended.wait(_LEAVE_S):
            self._socket.unsubscribe(TOPIC)

    def _run(self, give: Callable[[Label], None]) -> None:
        try:
            while not self._leave.is_set():
                if self._socket.poll(_POLL_MS):
                    self._next(give)
                elif any(watch.look() for watch in self._watch):
                    self.refusals.add(self._broken)
        finally:
            self._ended.set()

    def _next(self, give: Callable[[Label], None]) -> None:
        began = time.monotonic()
        try:
            label = receive_label(self._socket, self._most_bytes)
            self._names.check(label)
        except DenomaeError as error:
            self.refusals.add(error)
        else:
            for watch in self._watch:
                watch.heard()
            self.gaps.add(label)
            self.received += 1
            give(label)
        if self._pause_s:  # what comes meanwhile waits at the socket, or ZMQ drops it
            self._leave.wait(max(0.0, began + self._pause_s - time.monotonic()))


class _Names:
    """Lets a stream bring a limited amount of new names: GNU Radio never forgets one."""

    def __init__(self) -> None:
        self._met: set[str] = set()
        self._room = _NAMES_BYTES

    def check(self, label: Label) -> None:
        """Raises DenomaeError: there is no room for the names in this label."""
        names = {label.source, label.label, label.family, label.model, *label.probabilities}
        new = names - self._met
        if new:
            size = sum(len(name) for name in new)
            if size > self._room:
                raise DenomaeError(
                    "the labels bring more different names than a receiver's memory should hold, "
                    f"here source '{label.source[:40]}'; no new ones are taken"
                )
            self._room -= size
            self._met |= new


def _close(
    context: zmq.Context,
    socket: zmq.Socket,
    watches: list[ConnectionWatch],
    leave: threading.Event,
    ended: threading.Event,
) -> None:
    leave.set()
    if ended.wait(_LEAVE_S):  # a socket is one thread's at a time
        for watch in watches:
            watch.close()
        socket.close(0)
        context.term()
