# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a ZMQ socket to what a user typed, with one clear sentence where that cannot be."""

from __future__ import annotations

import re
import socket as sockets

import zmq

from denomae.errors import DenomaeError
from denomae.zmq_watch import ConnectionWatch

_TCP = re.compile(r"tcp://(?P<host>[^/\s]+):(?P<port>\*|\d+)")
_IPC = re.compile(r"ipc://(?P<path>\S.*)")
_WANTED = (
    "wanted one like tcp://127.0.0.1:5757, tcp://*:5757 (every interface) or ipc:///tmp/labels"
)
_WANTED_THERE = "wanted one like tcp://192.168.1.5:5757 or ipc:///tmp/labels"


def bind(socket: zmq.Socket, address: str, whose: str = "publisher") -> str:
    """Bind a socket and return the endpoint it got, its port a number.

    Raises:
        DenomaeError: the address is malformed, in use, or none of this machine.
    """
    text, tcp, ipc = _parts(address, whose, _WANTED)
    if ipc and _someone_listens(ipc["path"]):
        raise _in_use(text, whose)
    try:
        socket.bind(text)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            raise _in_use(text, whose) from error
        raise _impossible(text, whose, "bound", error, _WANTED) from error
    return socket.get(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()


def connect(socket: zmq.Socket, address: str, whose: str) -> ConnectionWatch:
    """Connect a socket, and keep it connected; nobody need be there yet.

    Raises:
        DenomaeError: the address is malformed, or none that can be connected to.
    """
    text, tcp, _ = _parts(address, whose, _WANTED_THERE)
    if tcp and (tcp["port"] in ("*", "0") or tcp["host"] in ("*", "0.0.0.0", "[::]")):
        raise DenomaeError(
            f"the {whose}'s address {text} names no one program to connect to, {_WANTED_THERE}"
        )
    try:
        return ConnectionWatch(socket, text)
    except zmq.ZMQError as error:
        raise _impossible(text, whose, "connected to", error, _WANTED_THERE) from error


def _parts(
    address: str, whose: str, wanted: str
) -> tuple[str, re.Match[str] | None, re.Match[str] | None]:
    text = address if isinstance(address, str) else ""
    tcp, ipc = _TCP.fullmatch(text), _IPC.fullmatch(text)
    if not (tcp or ipc):
        raise DenomaeError(f"the {whose}'s address is {address!r}, {wanted}")
    # libzmq itself takes a port modulo 65536 and takes a local socket away from who listens on it
    if tcp and tcp["port"] != "*" and int(tcp["port"]) > 65535:
        raise DenomaeError(f"the {whose}'s address {text} has port {tcp['port']}, wanted 0..65535")
    return text, tcp, ipc


def _someone_listens(path: str) -> bool:
    with sockets.socket(sockets.AF_UNIX) as probe:
        try:
            probe.connect("\0" + path[1:] if path.startswith("@") else path)
        except OSError:
            return False
    return True


def _in_use(address: str, whose: str) -> DenomaeError:
    return DenomaeError(
        f"the {whose}'s address {address} is in use by another program or {whose}; "
        "stop that one or choose another address"
    )


def _impossible(
    address: str, whose: str, verb: str, error: zmq.ZMQError, wanted: str
) -> DenomaeError:
    reason = zmq.strerror(error.errno).lower()
    return DenomaeError(f"the {whose}'s address {address} cannot be {verb} ({reason}), {wanted}")
