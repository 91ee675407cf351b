# SPDX-License-Identifier: GPL-3.0-or-later
"""The message side of the classifier: a block whose start and stop carry the worker's life."""

from __future__ import annotations

import time
from typing import Any

import pmt
from gnuradio import gr

from denomae.labels import Label

from .labeller import Labeller
from .pdu import label_to_pdu
from .status import Status
from .system_port import forget_done, post_done
from .worker import Worker

_LABELS = pmt.intern("labels")
_LIFE = pmt.intern("life")
_STOP_S = 0.7  # of the second that a stop may take


class label_outlet(gr.basic_block):
    """Sends the labels of a frame sampler's frames out of its message port `labels`.

    GNU Radio never starts or stops a hierarchical block, only those inside. This one handles
    messages alone, so it decides itself when it ends: after the last label of the stream, which is
    what `wait()` of the flowgraph then waits for. It must be connected with itself, `life` to
    `life`, because GNU Radio does not start a block whose ports are all free.

    Args:
        sampler: the frame sampler, in the same flowgraph.
        labeller: turns its frames into labels.
        status_interval_s: seconds from one status line in the log to the next; 0: none.
    """

    def __init__(self, sampler: Any, labeller: Labeller, status_interval_s: float = 0.0) -> None:
        gr.basic_block.__init__(self, name="denomae_label_outlet", in_sig=None, out_sig=None)
        self.message_port_register_out(_LABELS)
        self.message_port_register_out(_LIFE)
        self.message_port_register_in(_LIFE)
        self._sampler, self._labeller = sampler, labeller
        self._interval_s = status_interval_s
        self._next_line_at = 0.0
        self._worker: Worker | None = None
        self.status = Status(sampler)

    def start(self) -> bool:
        forget_done(self)
        self.status.begin()
        self._next_line_at = time.monotonic() + self._interval_s
        self._worker = Worker(
            self._sampler,
            self._sampler.current_run(),
            self._labeller,
            give=self._give,
            end=lambda: post_done(self),
            fail=self._fail,
            tick=self._tick,
            earlier=self._worker,
        )
        self._worker.start()
        return True

    def stop(self) -> bool:
        if self._worker is not None:
            # a worker holds this block: without it both go when nobody needs them
            self._worker = self._worker.stop(_STOP_S)
        if self._worker is not None:
            self.logger.warn("the model is still busy; its last batch gets no labels")
        return True

    def _give(self, label: Label) -> None:
        self.status.took(label)
        self.message_port_pub(_LABELS, label_to_pdu(label))

    def _fail(self, sentence: str) -> None:
        self.status.error = sentence
        self.logger.error(f"no more labels in this run, frames are thrown away: {sentence}")

    def _tick(self) -> None:
        now = time.monotonic()
        if self._interval_s > 0 and now >= self._next_line_at:
            self._next_line_at += self._interval_s
            if self._next_line_at <= now:  # a stall: what it left out is not made up for
                self._next_line_at = now + self._interval_s
            self.logger.info(self.status.line())
