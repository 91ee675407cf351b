# SPDX-License-Identifier: GPL-3.0-or-later
"""The message side of the classifier."""

from __future__ import annotations

import time
from typing import Any

import pmt

from denomae.labels import Label

from .frame_outlet import frame_outlet
from .hub import hub_of
from .labeller import Labeller
from .pdu import label_to_pdu
from .status import Status

_LABELS = pmt.intern("labels")


class label_outlet(frame_outlet):
    """Sends the labels of a frame sink's frames out of its message port `labels`.

    Args:
        sink: the frame sink, in the same flowgraph.
        labeller: turns its frames into labels.
        status_interval_s: seconds from one status line in the log to the next; 0: none.
        tagger: a `label_tagger` on the same stream, which gets every label too; None: none.
    """

    def __init__(
        self, sink: Any, labeller: Labeller, status_interval_s: float = 0.0, tagger: Any = None
    ) -> None:
        super().__init__("denomae_label_outlet", sink, labeller, hub_of(labeller.engine))
        self.message_port_register_out(_LABELS)
        self._interval_s = status_interval_s
        self._next_line_at = 0.0
        self._tagger = tagger
        self._tagger_run = 0
        self.status = Status(sink, tagger)

    def _begin(self) -> None:
        self.status.begin()
        if self._tagger is not None:
            self._tagger_run = self._tagger.current_run()
        self._next_line_at = time.monotonic() + self._interval_s

    def _give(self, item: tuple[int, Label]) -> None:
        offset, label = item
        self.status.took(label)
        pdu = label_to_pdu(label)
        if self._tagger is not None:
            self._tagger.add(self._tagger_run, offset, pmt.car(pdu))
        self.message_port_pub(_LABELS, pdu)

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
