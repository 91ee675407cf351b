# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishers in real flowgraphs, and the programs in other processes that connect to them."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pmt
import zmq
from gnuradio import denomae, gr
from gnuradio.denomae.pdu import label_to_pdu
from gnuradio.denomae.system_port import post_done

from denomae.labels import Label

PORT = pmt.intern("labels")
ANY = "tcp://127.0.0.1:*"


class Flowgraph(gr.top_block):
    """A source of messages, and the publisher behind it."""

    def __init__(self, address: str = ANY, queue_labels: int = 4096) -> None:
        super().__init__()
        self.source = gr.basic_block("source", None, None)
        self.source.message_port_register_out(PORT)
        self.publisher = denomae.label_publisher(address, queue_labels)
        self.msg_connect(self.source, "labels", self.publisher, "labels")

    def publish(self, message: Any) -> None:
        self.source.message_port_pub(PORT, message)

    def end(self) -> None:
        post_done(self.source)
        self.wait()


class Subscriber:
    """A connected SUB socket: `ready` returns once what is published surely arrives."""

    def __init__(
        self, flowgraph: Flowgraph, factory: Callable[..., Label], most_waiting: int = 0
    ) -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.SUB)
        self.socket.set(zmq.RCVHWM, most_waiting)
        self.socket.subscribe(b"denomae/label")
        self.socket.connect(flowgraph.publisher.endpoint())
        while not self.socket.poll(20):  # a probe is lost until the two have found each other
            flowgraph.publish(label_to_pdu(factory(source="probe")))
        self.socket.set(zmq.RCVTIMEO, 10_000)

    def labels(self, count: int) -> list[tuple[Label, bytes]]:
        """The next `count` labels that are no probes."""
        received = []
        while len(received) < count:
            topic, text = self.socket.recv_multipart()
            assert topic == b"denomae/label"
            label = Label.from_json(text)
            if label.source != "probe":
                received.append((label, text))
        return received

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.destroy(linger=0)


def rss_mib() -> float:
    """Memory of this process that is resident."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


class Program:
    """A program in another process, with an address as its argument, ended with the test.

    It is Python code, or the path of a program. Its lines are read as they come. What it says on
    stderr is the test's own.
    """

    def __init__(self, code: str | Path, *arguments: str) -> None:
        python = [sys.executable, "-u", "-c", code]
        self.process = subprocess.Popen(
            [*(python if isinstance(code, str) else [code]), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """The next line; empty at the end."""
        return self.process.stdout.readline().rstrip("\n")

    def has_line(self, within_s: float) -> bool:
        """Whether something can be read now; only before the first `line`."""
        return bool(select.select([self.process.stdout], [], [], within_s)[0])

    def ask(self, word: str) -> str:
        """Write a line, and read the next."""
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.line()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
