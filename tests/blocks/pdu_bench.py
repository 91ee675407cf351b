# SPDX-License-Identifier: GPL-3.0-or-later
"""Flowgraphs around the blocks that send messages about frames, for their tests."""

from __future__ import annotations

import threading

import numpy as np
import pmt
from gnuradio import blocks, gr
from gnuradio.denomae.denomae_python import plain

KEYS = [
    "source",
    "sequence",
    "sample_offset",
    "sample_count",
    "time",
    "center_frequency_hz",
    "sample_rate_hz",
    "model",
    "dropped_frames",
]


class Keeper(gr.basic_block):
    """Keeps every message that arrives, as plain values; its port `done` sends when `answer` says.

    Args:
        answer: what to send for each message, None: nothing.
    """

    def __init__(self, answer: object = None) -> None:
        gr.basic_block.__init__(self, "keeper", None, None)
        self.answer = answer
        self.watch = lambda: None  # called for each message before it is answered
        self.said: list[dict] = []
        self.vectors: list[np.ndarray] = []
        self.arrived = threading.Event()
        self.message_port_register_in(pmt.intern("in"))
        self.message_port_register_out(pmt.intern("done"))
        self.set_msg_handler(pmt.intern("in"), self._keep)

    def _keep(self, message: object) -> None:
        self.said.append(plain(pmt.car(message)))
        self.vectors.append(np.array(pmt.to_python(pmt.cdr(message))))
        self.arrived.set()
        self.watch()
        if self.answer is not None:
            self.message_port_pub(pmt.intern("done"), self.answer)

    def send(self, message: object) -> None:
        self.message_port_pub(pmt.intern("done"), message)

    def of(self, key: str) -> list:
        return [values[key] for values in self.said]


class Playing(gr.top_block):
    """Plays samples from memory into a block that sends messages, at once or at a pace."""

    def __init__(self, samples, block, port, tags=(), answer=None, rate_hz=0.0, ack=True):
        super().__init__()
        self.source = blocks.vector_source_c(samples, False, 1, list(tags))
        self.block, self.keeper = block, Keeper(answer)
        if rate_hz:
            self.pace = blocks.throttle(gr.sizeof_gr_complex, rate_hz)
            self.pace.set_max_noutput_items(1024)
            self.connect(self.source, self.pace, block)
        else:
            self.connect(self.source, block)
        self.msg_connect(block, port, self.keeper, "in")
        if port == "frames" and ack:
            self.msg_connect(self.keeper, "done", block, "ack")

    def play(self):
        """What had arrived when `wait` returned."""
        self.source.rewind()
        self.keeper.said, self.keeper.vectors = [], []
        self.start()
        self.wait()
        return self.keeper
