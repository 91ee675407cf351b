# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver on the network that plays a recording: the protocol of `rtl_tcp`, without a dongle.

A client is greeted with 12 bytes: `RTL0`, the type of the tuner and how many gains it has, both
uint32, big-endian. From then on it gets samples, unsigned 8-bit I and Q, at the recording's rate,
whatever it asks for. It sends commands of 5 bytes: a number and a uint32, big-endian.
"""

from __future__ import annotations

import bisect
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np

FREQUENCY, RATE, GAIN_MODE, GAIN = 1, 2, 3, 4
R820T, R820T_GAINS = 5, 29
CHUNK_S = 0.01


@dataclass
class Session:
    """What one client asked for, and when it was sent what."""

    commands: list[tuple[int, int]] = field(default_factory=list)
    chunk_ends: list[int] = field(default_factory=list)  # in samples, counted from its first
    sent_ns: list[int] = field(default_factory=list)  # since 1970

    def asked(self, command: int) -> list[int]:
        """The values of one command, in order."""
        return [value for number, value in list(self.commands) if number == command]

    def captured_ns(self, sample: int, rate_hz: float) -> float:
        """When a radio would have captured a sample, for its chunk to leave when it did."""
        chunk = bisect.bisect_right(self.chunk_ends, sample)
        return self.sent_ns[chunk] - (self.chunk_ends[chunk] - sample) / rate_hz * 1e9


class RtlTcpServer:
    """Serves one client after another on a free port of 127.0.0.1, from a thread of its own.

    Args:
        recording: uint8 [2 n], I and Q in turn; played again and again without a gap.
        rate_hz: at which it is played.
    """

    def __init__(self, recording: np.ndarray, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self.sessions: list[Session] = []
        self._bytes = recording.tobytes()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self.port: int = self._listener.getsockname()[1]
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="rtl_tcp server", daemon=True)
        self._thread.start()

    def __enter__(self) -> RtlTcpServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up on the client and answer nobody any more."""
        self._closing.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            if select.select([self._listener], [], [], CHUNK_S)[0]:
                client, _ = self._listener.accept()
                with client:
                    session = Session()
                    self.sessions.append(session)
                    try:
                        client.sendall(b"RTL0" + struct.pack(">II", R820T, R820T_GAINS))
                        self._play(client, session)
                    except ConnectionError:
                        pass  # it has hung up: the next one

    def _play(self, client: socket.socket, session: Session) -> None:
        chunk = round(self.rate_hz * CHUNK_S)
        began, end, heard = time.monotonic(), 0, b""
        while not self._closing.is_set():
            end += chunk
            self._closing.wait(began + end / self.rate_hz - time.monotonic())
            while select.select([client], [], [], 0)[0]:
                received = client.recv(4096)
                if not received:
                    return
                heard += received
            while len(heard) >= 5:
                session.commands.append(struct.unpack(">BI", heard[:5]))
                heard = heard[5:]
            first = 2 * (end - chunk) % len(self._bytes)
            data = self._bytes[first : first + 2 * chunk]
            while len(data) < 2 * chunk:
                data += self._bytes[: 2 * chunk - len(data)]
            session.chunk_ends.append(end)
            session.sent_ns.append(time.time_ns())
            self._send(client, data)

    def _send(self, client: socket.socket, data: bytes) -> None:
        left = memoryview(data)
        while left and not self._closing.is_set():  # a client that reads nothing holds nobody
            if select.select([], [client], [], CHUNK_S)[1]:
                left = left[client.send(left, socket.MSG_DONTWAIT) :]
