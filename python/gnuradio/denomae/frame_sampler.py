# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame sampler: complex samples in, frames out of a message port, never too many."""

from __future__ import annotations

import math
from typing import Any

from .allowance import Allowance
from .frame_block import frame_block
from .frame_messages import FrameMessages, frame_message_outlet
from .parameters import choice, count, rate_per_second, text
from .places import TIME_SOURCES

_MOST_SAMPLES = 2**24  # in a frame


class frame_sampler(frame_block):
    """Gives frames of a complex stream as messages, for a model or a program of one's own.

    Message port `frames` gives one PDU a frame, `cons(dict, c32vector)`; the dictionary says which
    frame it is (see `frame_pdu`). GNU Radio bounds no queue of a message port: a receiver that is
    slower than the frames come would fill the memory. So frames can be limited in a second, and in
    how many the receiver is not done with: it sends a message to the port `ack` for each frame that
    it is done with; an integer n says so of n frames. A frame that may not be sent waits in the
    bounded queue, and the policy says which is dropped when that is full. With a finite source all
    frames that were not dropped are out before the flowgraph's `wait()` returns; but where nothing
    is acknowledged for 5 s then, the rest is dropped.

    Args:
        frame_length: samples (1 to 2^24).
        source: name of this sampler in its messages.
        frames_per_second: most frames that are sent in a second, on average (≥ 0); 0: no limit.
        unacknowledged: most frames sent and not acknowledged (≥ 0); 0: no limit.
        sample_rate, center_frequency, time_source, gate_db, hysteresis_db, hop, queue_frames,
        policy, settle_samples: as for `classifier`.

    Raises:
        DenomaeError: one of these cannot be; says which, what was found and what was wanted.
    """

    def __init__(
        self,
        frame_length: int = 1024,
        source: str = "denomae",
        frames_per_second: float = 0.0,
        unacknowledged: int = 0,
        sample_rate: float = 0.0,
        center_frequency: float = math.nan,
        time_source: str = "tags",
        gate_db: float = -math.inf,
        hysteresis_db: float = 3.0,
        hop: int = 0,
        queue_frames: int = 16,
        policy: str = "newest",
        settle_samples: int = 0,
    ) -> None:
        super().__init__(
            "denomae_frame_sampler",
            sample_rate=sample_rate,
            center_frequency=center_frequency,
            gate_db=gate_db,
            hysteresis_db=hysteresis_db,
            hop=hop,
            queue_frames=queue_frames,
            policy=policy,
            settle_samples=settle_samples,
        )
        frame_length = count("frame_length", frame_length, 1, most=_MOST_SAMPLES)
        source = text("source", source)
        time_source = choice("time_source", time_source, TIME_SOURCES)
        self._allowance = Allowance(
            rate_per_second("frames_per_second", frames_per_second),
            count("unacknowledged", unacknowledged, 0),
        )
        self._task = FrameMessages(frame_length, source, time_source)
        outlet = frame_message_outlet(self._sample(frame_length), self._task, self._allowance)
        self._send(outlet, "frames")
        self.message_port_register_hier_in("ack")
        self.msg_connect(self, "ack", outlet, "ack")

    def set_frames_per_second(self, frames_per_second: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._allowance.set_per_second(rate_per_second("frames_per_second", frames_per_second))
        self._outlet.wake()

    def set_unacknowledged(self, unacknowledged: int) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._allowance.set_unacknowledged(count("unacknowledged", unacknowledged, 0))
        self._outlet.wake()

    def counters(self) -> dict[str, int]:
        """As of every block on frames, and frames `sent`, those of them `unacknowledged`, and
        messages `refused` at `ack`, which say that less than one frame is done with."""
        return {
            **super().counters(),
            "sent": self._outlet.sent,
            "unacknowledged": self._allowance.unacknowledged,
            "refused": self._outlet.refusals.count,
        }

    def status(self) -> dict[str, Any]:
        """`counters()`, and the `error` that ended the messages, or None."""
        return {**self.counters(), "error": self._outlet.error}
