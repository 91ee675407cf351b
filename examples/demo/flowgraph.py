# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's flowgraph: file → complex → throttle → classifier → labels, to ZMQ and to us."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pmt
from gnuradio import blocks, denomae, gr
from gnuradio.denomae.pdu import pdu_to_label

from denomae.labels import Label

GATE_DBFS = -45.0
"""Between the capture's noise floor (-50 dBFS) and its weakest signal (-39.6 dBFS)."""

CI16_FULL_SCALE = 32_768.0
CHUNK_SAMPLES = 1024
"""What the throttle lets pass at a time, so that the samples arrive as from a radio."""


class LabelCollector(gr.basic_block):
    """Keeps every label that arrives at its message port, in order."""

    def __init__(self) -> None:
        gr.basic_block.__init__(self, name="label_collector", in_sig=None, out_sig=None)
        self._labels: list[Label] = []
        self._lock = threading.Lock()
        self.message_port_register_in(pmt.intern("labels"))
        self.set_msg_handler(pmt.intern("labels"), self._keep)

    def _keep(self, message: Any) -> None:
        label = pdu_to_label(message)
        with self._lock:
            self._labels.append(label)

    def labels(self) -> list[Label]:
        """The labels so far."""
        with self._lock:
            return list(self._labels)

    def last(self) -> Label | None:
        """The newest label."""
        with self._lock:
            return self._labels[-1] if self._labels else None

    def __len__(self) -> int:
        with self._lock:
            return len(self._labels)


class DemoFlowgraph(gr.top_block):
    """Plays a ci16 capture through the classifier.

    Args:
        data: the samples, ci16_le.
        sample_rate_hz: at which they are played, times `speed`.
        center_frequency_hz: of the receiver that recorded them.
        speed: 1 is real time; 0 is as fast as every frame can be classified.
        checkpoint: a folder, or "" for the shipped model.
        device: auto, cpu, cuda, cuda:0, ...
    """

    def __init__(
        self,
        data: Path,
        sample_rate_hz: float,
        center_frequency_hz: float,
        speed: float = 1.0,
        checkpoint: str = "",
        device: str = "auto",
    ) -> None:
        gr.top_block.__init__(self, "denomae demo")
        self.sample_rate_hz, self.speed = sample_rate_hz, speed
        self.source = blocks.file_source(gr.sizeof_short, str(data), False)
        self.to_complex = blocks.interleaved_short_to_complex(False, False, CI16_FULL_SCALE)
        self.classifier = denomae.classifier(
            checkpoint=checkpoint,
            device=device,
            source="demo",
            sample_rate=sample_rate_hz,
            center_frequency=center_frequency_hz,
            time_source="host" if speed else "tags",
            gate_db=GATE_DBFS,
            policy="newest" if speed else "block",
        )
        self.publisher = denomae.label_publisher("tcp://127.0.0.1:*")
        self.collector = LabelCollector()

        self.player = self.to_complex
        self.connect(self.source, self.to_complex)
        if speed:
            self.player = blocks.throttle(gr.sizeof_gr_complex, sample_rate_hz * speed)
            self.player.set_max_noutput_items(CHUNK_SAMPLES)
            self.connect(self.to_complex, self.player)
        self.connect(self.player, self.classifier)
        self.msg_connect((self.classifier, "labels"), (self.publisher, "labels"))
        self.msg_connect((self.classifier, "labels"), (self.collector, "labels"))

    def position_s(self) -> float:
        """How far into the recording it has played."""
        return self.player.nitems_written(0) / self.sample_rate_hz
