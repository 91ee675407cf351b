# SPDX-License-Identifier: GPL-3.0-or-later
"""What the blocks share that cut a complex stream into frames and send what becomes of them."""

from __future__ import annotations

import math
from typing import Any

from gnuradio import gr

from denomae.errors import DenomaeError

from .denomae_python import frame_sink
from .parameters import choice, count, frequency_hz, level_db, rate_hz, width_db
from .status import sampler_counters

POLICIES = ("newest", "oldest", "block")


class frame_block(gr.hier_block2):
    """A block with a `frame_sink` for its complex input and, for its messages, a `frame_outlet`.

    What the parameters are is said in `classifier`. They are checked at once; then `_sample` makes
    the sink, because how long a frame is may be known only when a model has been loaded.

    Args:
        name: of the block.
        outputs: complex streams that come out.

    Raises:
        DenomaeError: one of these cannot be; says which, what was found and what was wanted.
    """

    def __init__(
        self,
        name: str,
        *,
        sample_rate: float,
        center_frequency: float,
        gate_db: float,
        hysteresis_db: float,
        hop: int,
        queue_frames: int,
        policy: str,
        settle_samples: int,
        outputs: int = 0,
    ) -> None:
        gr.hier_block2.__init__(
            self,
            name,
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(outputs, outputs, gr.sizeof_gr_complex),
        )
        self._hop = count("hop", hop, 0)
        self._cutting = (
            count("queue_frames", queue_frames, 1),
            choice("policy", policy, POLICIES),
            level_db("gate_db", gate_db),
            width_db("hysteresis_db", hysteresis_db),
        )
        self.set_settle_samples(settle_samples)
        self._at_first = (
            rate_hz("sample_rate", sample_rate) or math.nan,
            frequency_hz("center_frequency", center_frequency),
        )

    def _sample(self, frame_length: int) -> frame_sink:
        """The sink that cuts the input into frames of this length; to be called once."""
        try:
            self._sampler = frame_sink(frame_length, self._hop or frame_length, *self._cutting)
        except ValueError as error:  # a queue beyond any memory
            raise DenomaeError(str(error)) from error
        rate, frequency = self._at_first
        self._sampler.set_sample_rate(rate)
        self._sampler.set_center_frequency(frequency)
        self.connect(self, self._sampler)
        return self._sampler

    def _send(self, outlet: Any, port: str) -> None:
        """Have an outlet live with the flowgraph, its port be ours; to be called once."""
        self._outlet = outlet
        self.message_port_register_hier_out(port)
        self.msg_connect(outlet, "life", outlet, "life")
        self.msg_connect(outlet, port, self, port)

    def set_gate_db(self, gate_db: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._sampler.set_gate_db(level_db("gate_db", gate_db))

    def set_hysteresis_db(self, hysteresis_db: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._sampler.set_hysteresis_db(width_db("hysteresis_db", hysteresis_db))

    def set_sample_rate(self, sample_rate: float) -> None:
        """See the class; may be called while the flowgraph runs, when the rate changes.

        As `set_center_frequency`. With times from tags, a change also ends them until the next
        `rx_time`: the samples since the last one went by at two rates.
        """
        rate = rate_hz("sample_rate", sample_rate)
        self._sampler.set_sample_rate(rate or math.nan, self._settle_samples)

    def set_center_frequency(self, center_frequency: float) -> None:
        """See the class; may be called while the flowgraph runs, when the receiver is tuned.

        The unfinished frame and the next `settle_samples` are thrown away; frames that begin behind
        them carry the new frequency. Those cut before carry the old one, however late their
        messages. Frames that are cut while the receiver's driver is at work carry either:
        `begin_retune`.
        """
        frequency = frequency_hz("center_frequency", center_frequency)
        self._sampler.set_center_frequency(frequency, self._settle_samples)

    def begin_retune(self) -> None:
        """Cut no more frames: to be called before the receiver's driver is told anything.

        The unfinished frame is thrown away, and so is all that arrives until `end_retune`. Where
        times come from tags, an `rx_time` that arrives meanwhile is the new stream's.
        """
        self._sampler.hold()

    def end_retune(self, center_frequency: float, sample_rate: float) -> None:
        """Go on, `settle_samples` later: to be called when the driver has done its work.

        Args:
            center_frequency: of the band at the block's input, Hz; nan: from tags.
            sample_rate: there, Hz; 0: from tags.

        Raises:
            DenomaeError: one of these cannot be; no frames are cut then, as before.
        """
        frequency = frequency_hz("center_frequency", center_frequency)
        rate = rate_hz("sample_rate", sample_rate)
        self._sampler.release(rate or math.nan, frequency, self._settle_samples)

    def set_settle_samples(self, settle_samples: int) -> None:
        """See the class; may be called while the flowgraph runs, and holds for the next change."""
        self._settle_samples = count("settle_samples", settle_samples, 0)

    def counters(self) -> dict[str, int]:
        """Frames `seen` = `gated` + `invalid` + `dropped` + `delivered` + those that wait, and
        `discontinuities` and `tail_samples` of the stream, since the flowgraph began."""
        return sampler_counters(self._sampler)

    def work_time_s(self, share: float) -> float:
        """Seconds that this share (0..1) of the calls of `work()` did not exceed since the
        flowgraph began, to an eighth more; 1: the longest. That is how long the radio was held."""
        return self._sampler.work_time_s(share)
