# SPDX-License-Identifier: GPL-3.0-or-later
"""A ZMQ connection that comes again also after what ZMQ never forgives."""

from __future__ import annotations

import time

import zmq
from zmq.utils.monitor import recv_monitor_message

_PATIENCE_S = 0.2
_MOST_PATIENCE_S = 5.0

_BROKEN = (
    zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_TRIES = zmq.EVENT_CONNECTED | zmq.EVENT_CONNECT_DELAYED | zmq.EVENT_CONNECT_RETRIED


class ConnectionWatch:
    """Keeps a socket connected to one address.

    ZMQ itself looks again for a peer that vanished, but not for one that broke the protocol or sent
    a message above the limit: it may be another program by then, so we do. Each time in vain
    doubles the pause, from 0.2 to 5 s.

    Args:
        socket: not connected yet; all is to be called on the thread that uses it.
        address: to connect to.

    Raises:
        ZMQError: the address is none that can be connected to.
    """

    def __init__(self, socket: zmq.Socket, address: str) -> None:
        self._socket, self._address = socket, address
        self._events = socket.get_monitor_socket(_BROKEN | _TRIES)
        self._broken_at: float | None = None
        self._patience_s = _PATIENCE_S
        try:
            socket.connect(address)
        except zmq.ZMQError:
            self.close()
            raise

    def look(self) -> bool:
        """To be called several times a second; whether a peer was found to have broken with us."""
        while self._events.poll(0):
            event = recv_monitor_message(self._events)["event"]
            self._broken_at = time.monotonic() if event & _BROKEN else None
        if self._broken_at is None or time.monotonic() - self._broken_at < self._patience_s:
            return False
        self._broken_at = None
        self._patience_s = min(2 * self._patience_s, _MOST_PATIENCE_S)
        try:
            self._socket.disconnect(self._address)
        except zmq.ZMQError:  # ZMQ has given it up
            pass
        self._socket.connect(self._address)
        return True

    def heard(self) -> None:
        """The peer has said something sensible."""
        self._patience_s = _PATIENCE_S

    def close(self) -> None:
        """Before the socket is closed."""
        self._socket.disable_monitor()
        self._events.close(0)
