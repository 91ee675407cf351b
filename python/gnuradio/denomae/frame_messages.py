# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames as messages, as many as their receiver can do with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pmt

from denomae.errors import DenomaeError
from denomae.labels import Place

from .allowance import Allowance
from .frame_pdu import frame_pdu
from .hub import hub_of
from .pdu_outlet import pdu_outlet
from .places import places_of
from .refusals import Refusals
from .system_port import take_all

_ACK = pmt.intern("ack")


class FrameMessages:
    """The task of a frame sampler: the samples of each frame, as a message; no model is at work.

    Args:
        frame_length: samples.
        source: name in every message.
        time_source: where a frame's time comes from, see `places_of`.
    """

    max_batch = 16  # frames that are taken at once

    def __init__(self, frame_length: int, source: str, time_source: str) -> None:
        self._frame_length, self._time_source = frame_length, time_source
        self._source = pmt.intern(source)

    @property
    def compute(self) -> Any:
        return _placed

    def places(self, batch: Any) -> list[Place]:
        return places_of(batch, self._frame_length, self._time_source)

    def items(self, batch: Any, answers: Sequence[Place], sequence: int, dropped: int) -> list[Any]:
        return [
            frame_pdu(batch.message(i), place, sequence + i, dropped, self._source)
            for i, place in enumerate(answers)
        ]


def _placed(_: np.ndarray, places: list[Place]) -> list[Place]:
    return places


class frame_message_outlet(pdu_outlet):
    """Sends the messages out of its port `frames`, and hears at `ack` that one is done with.

    Args:
        sink: the frame sink, in the same flowgraph.
        task: makes the messages.
        allowance: how many may be sent.
    """

    def __init__(self, sink: Any, task: FrameMessages, allowance: Allowance) -> None:
        hub = hub_of(task)  # of its own: it waits for nobody's model
        super().__init__("denomae_frame_outlet", "frames", sink, task, hub, allowance)
        self.refusals = Refusals(self.logger.warn)
        self.message_port_register_in(_ACK)
        self.gateway.set_msg_handler_pybind(_ACK, "_on_ack")  # see label_publisher

    def _begin(self) -> None:
        super()._begin()
        for _ in take_all(self, _ACK):  # of the run before
            pass
        self._allowance.begin()

    def _on_ack(self, message: Any) -> None:
        frames = 1
        if pmt.is_uint64(message):
            frames = pmt.to_uint64(message)
        elif pmt.is_integer(message):
            frames = pmt.to_long(message)
        if frames < 1:
            self.refusals.add(
                DenomaeError(
                    f"the message at ack is {frames}, wanted a number of frames, from 1 on"
                )
            )
            return
        self._allowance.acknowledge(frames)
        self.wake()
