# SPDX-License-Identifier: GPL-3.0-or-later
"""A radio of noise at any rate, with the classifier behind it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pmt
from gnuradio import blocks, gr

from denomae import Engine
from denomae.bench.signal import noise_frames

from ..classifier import classifier
from ..label_publisher import label_publisher

_LATENCY = pmt.intern("latency_ms")


def noise_samples(count: int) -> np.ndarray:
    """White noise of unit power: complex64 [count]."""
    return noise_frames(1, count)[0]


class LatencyListener(gr.basic_block):
    """Notes how old each label is, and keeps nothing else of it."""

    def __init__(self) -> None:
        gr.basic_block.__init__(self, name="latency_listener", in_sig=None, out_sig=None)
        self.latencies_ms: list[float] = []
        self.message_port_register_in(pmt.intern("labels"))
        self.set_msg_handler(pmt.intern("labels"), self._note)

    def _note(self, message: Any) -> None:
        value = pmt.dict_ref(pmt.car(message), _LATENCY, pmt.PMT_NIL)
        self.latencies_ms.append(pmt.to_double(value))


class Radio(gr.top_block):
    """Noise → throttle → classifier → label publisher, as in the examples.

    Args:
        engine: a loaded engine.
        rate_hz: samples a second; 0: as many as are taken.
        policy: of the classifier's queue.
    """

    def __init__(self, engine: Engine, rate_hz: float, policy: str) -> None:
        gr.top_block.__init__(self, "radio")
        self.rate_hz = rate_hz
        self.source = blocks.vector_source_c(noise_samples(64 * engine.frame_length), True)
        self.classifier = classifier(
            engine=engine, source="bench", sample_rate=rate_hz or 1e6, policy=policy
        )
        self.pace: Any = None
        if rate_hz:
            self.pace = blocks.throttle(gr.sizeof_gr_complex, rate_hz)
            # a receiver hands over at most a hundredth of a second at a time; above a megasample a
            # second GNU Radio's buffers make it less
            self.pace.set_max_noutput_items(max(engine.frame_length, int(rate_hz / 100)))
            self.connect(self.source, self.pace, self.classifier)
        else:
            self.connect(self.source, self.classifier)
        self.publisher = label_publisher("tcp://127.0.0.1:*")
        self.msg_connect((self.classifier, "labels"), (self.publisher, "labels"))

    def run_for(self, seconds: float) -> float:
        """Run, stop, and tell for how many seconds samples flowed."""
        began = time.perf_counter()
        self.start()
        time.sleep(seconds)
        ran = time.perf_counter() - began
        self.stop()
        self.wait()
        return ran
