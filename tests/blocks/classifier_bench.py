# SPDX-License-Identifier: GPL-3.0-or-later
"""Real flowgraphs around the classifier, for its tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pmt
from gnuradio import analog, blocks, denomae, gr
from gnuradio.denomae.pdu import pdu_to_label

from denomae.labels import Label

PORT = pmt.intern("labels")


def noise(samples: int, seed: int = 0) -> np.ndarray:
    """White noise of unit power, complex64 [samples]."""
    parts = np.random.default_rng(seed).standard_normal((samples, 2), dtype=np.float32)
    return (parts.view(np.complex64)[:, 0] / np.sqrt(2)).astype(np.complex64)


def tag(offset: int, key: str, value: object) -> gr.tag_t:
    """A stream tag."""
    return gr.tag_utils.python_to_tag((offset, pmt.intern(key), value, pmt.intern("test")))


def rx_time(seconds: int, fraction: float) -> object:
    """The value of an `rx_time` tag."""
    return pmt.make_tuple(pmt.from_uint64(seconds), pmt.from_double(fraction))


def eventually(condition: Callable[[], bool], within_s: float = 30.0) -> bool:
    """Whether a condition came true; it may be asked often."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


class Collector(gr.basic_block):
    """Keeps every label that arrives, in order."""

    def __init__(self) -> None:
        gr.basic_block.__init__(self, "collector", None, None)
        self.labels: list[Label] = []
        self.arrived = threading.Event()
        self.message_port_register_in(PORT)
        self.set_msg_handler(PORT, self._keep)

    def _keep(self, message: object) -> None:
        self.labels.append(pdu_to_label(message))
        self.arrived.set()


class HeldEngine:
    """A real engine that waits before each batch until it is let go."""

    def __init__(self, engine: object) -> None:
        self._engine = engine
        self.entered, self.free = threading.Event(), threading.Event()
        self.overlaps = 0
        self._one_at_a_time = threading.Lock()

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def classify(self, frames, places=None):
        self.overlaps += self._one_at_a_time.locked()
        with self._one_at_a_time:
            self.entered.set()
            self.free.wait()
            return self._engine.classify(frames, places)


class FailingEngine(HeldEngine):
    """A real engine whose device goes away at the given batch."""

    def __init__(self, engine: object, at_batch: int) -> None:
        super().__init__(engine)
        self.batches_left = at_batch

    def classify(self, frames, places=None):
        if self.batches_left == 0:
            raise RuntimeError("the device has fallen off the bus")
        self.batches_left -= 1
        return self._engine.classify(frames, places)


class Recording(gr.top_block):
    """Plays samples from memory into a classifier, at once or at a pace."""

    def __init__(
        self, samples: np.ndarray, engine: object, tags=(), rate_hz: float = 0, **parameters
    ) -> None:
        super().__init__()
        parameters = {"policy": "block", **parameters}
        self.source = blocks.vector_source_c(samples, False, 1, list(tags))
        self.classifier = denomae.classifier(engine=engine, **parameters)
        self.collector = Collector()
        if rate_hz:
            self.pace = blocks.throttle(gr.sizeof_gr_complex, rate_hz)
            self.pace.set_max_noutput_items(1024)
            self.connect(self.source, self.pace, self.classifier)
        else:
            self.connect(self.source, self.classifier)
        self.msg_connect(self.classifier, "labels", self.collector, "labels")

    def play(self) -> list[Label]:
        """The labels that were there when `wait` returned."""
        self.source.rewind()
        self.collector.labels = []
        self.start()
        self.wait()
        return list(self.collector.labels)


class Radio(gr.top_block):
    """Endless noise at a radio's pace into a classifier."""

    def __init__(self, engine: object, rate_hz: float = 2e5, power_db: float = 0.0, **parameters):
        super().__init__()
        amplitude = 10 ** (power_db / 20)
        self.source = analog.noise_source_c(analog.GR_GAUSSIAN, amplitude, 0)
        self.pace = blocks.throttle(gr.sizeof_gr_complex, rate_hz)
        self.pace.set_max_noutput_items(1024)
        self.classifier = denomae.classifier(engine=engine, **parameters)
        self.collector = Collector()
        self.connect(self.source, self.pace, self.classifier)
        self.msg_connect(self.classifier, "labels", self.collector, "labels")

    def end(self) -> float:
        """Stop, and tell how many seconds that took."""
        began = time.monotonic()
        self.stop()
        self.wait()
        return time.monotonic() - began
