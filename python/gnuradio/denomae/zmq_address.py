# SPDX-License-Identifier: GPL-3.0-or-later
"""Binding a ZMQ socket to what a user typed, with one clear sentence where that cannot be."""

from __future__ import annotations

import re
import socket as sockets

import zmq

from denomae.errors import DenomaeError

_TCP = re.compile(r"tcp://(?P<host>[^/\s]+):(?P<port>\*|\d+)")
_IPC = re.compile(r"ipc://(?P<path>\S.*)")
_WANTED = (
    "wanted one like tcp://127.0.0.1:5757, tcp://*:5757 (every interface) or ipc:///tmp/labels"
)


def bind(socket: zmq.Socket, address: str) -> str:
    """Bind a socket and return the endpoint it got, its port a number.

    Raises:
        DenomaeError: the address is malformed, in use, or none of this machine.
    """
    text = address if isinstance(address, str) else ""
    tcp, ipc = _TCP.fullmatch(text), _IPC.fullmatch(text)
    if not (tcp or ipc):
        raise DenomaeError(f"the publisher's address is {address!r}, {_WANTED}")
    # libzmq itself takes a port modulo 65536 and takes a local socket away from who listens on it
    if tcp and tcp["port"] != "*" and int(tcp["port"]) > 65535:
        raise DenomaeError(
            f"the publisher's address {text} has port {tcp['port']}, wanted 0..65535"
        )
    if ipc and _someone_listens(ipc["path"]):
        raise _in_use(text)
    try:
        socket.bind(text)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            raise _in_use(text) from error
        reason = zmq.strerror(error.errno).lower()
        raise DenomaeError(
            f"the publisher's address {text} cannot be bound ({reason}), {_WANTED}"
        ) from error
    return socket.get(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()


def _someone_listens(path: str) -> bool:
    with sockets.socket(sockets.AF_UNIX) as probe:
        try:
            probe.connect("\0" + path[1:] if path.startswith("@") else path)
        except OSError:
            return False
    return True


def _in_use(address: str) -> DenomaeError:
    return DenomaeError(
        f"the publisher's address {address} is in use by another program or publisher; "
        "stop that one or choose another address"
    )
