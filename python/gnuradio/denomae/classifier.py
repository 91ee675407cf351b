# SPDX-License-Identifier: GPL-3.0-or-later
"""The classifier: complex samples in, labels out of a message port."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gnuradio import gr

from denomae.errors import DenomaeError

from .denomae_python import frame_sink
from .engine import engine_or_own
from .label_outlet import label_outlet
from .labeller import Labeller
from .parameters import (
    choice,
    count,
    frequency_hz,
    level_db,
    probability_or_none,
    rate_hz,
    seconds,
    text,
    width_db,
)
from .places import TIME_SOURCES

if TYPE_CHECKING:
    from denomae import Engine

POLICIES = ("newest", "oldest", "block")


class classifier(gr.hier_block2):
    """Recognises the modulation of every frame of a complex stream.

    Message port `labels` gives one PDU a label, `cons(dict, f32vector)`. The model runs on a thread
    of its own behind a bounded queue: however slow it is, the stream never waits, unless the policy
    is `block`. With a finite source every label is out before the flowgraph's `wait()` returns.
    `sequence` and `sample_offset` count from 0 again when the flowgraph is started again.

    Args:
        checkpoint: folder, or a file in it; empty: the shipped model.
        device: "auto", "cpu", "cuda" or "cuda:1".
        source: name of this classifier in its labels.
        sample_rate: Hz; 0: from `rx_rate` tags. Give it behind a decimator, which does not correct
            the tag's value.
        center_frequency: Hz; nan: from `rx_freq` tags. Give it behind a frequency shift.
        time_source: "tags" (from `rx_time`) or "host" (this machine's clock, needs a sample rate).
        gate_db: frames below this mean power (dB of full scale 1.0) are not classified; -inf: all
            are, but those of nothing but zeros.
        hysteresis_db: a frame below the gate still passes behind one that did, down to this much
            below it (≥ 0).
        hop: samples from one frame's start to the next (≥ 1); 0: the frame's length.
        queue_frames: frames that may wait for the model (≥ 1).
        policy: what a full queue does: "newest" drops its oldest frame, "oldest" the frame that
            arrives, "block" makes the stream wait (files).
        batch_size: most frames classified at once (≥ 1).
        threshold: probability below which the verdict is `unknown`; nan: the checkpoint's own.
        status_interval_s: seconds between status lines in the log; 0: none.
        settle_samples: samples thrown away when the frequency or the rate is changed while the
            flowgraph runs (≥ 0): those captured before the change that come after it, or, with
            `begin_retune`, after `end_retune`.
        engine: what `denomae.engine` gave, shared with other blocks; `checkpoint`, `device` and
            `batch_size` say nothing then. No other thread may use it while the flowgraph runs.
            None: an engine of its own.

    Raises:
        DenomaeError: one of these cannot be; says which, what was found and what was wanted.
    """

    def __init__(
        self,
        checkpoint: str = "",
        device: str = "auto",
        source: str = "denomae",
        sample_rate: float = 0.0,
        center_frequency: float = math.nan,
        time_source: str = "tags",
        gate_db: float = -math.inf,
        hysteresis_db: float = 3.0,
        hop: int = 0,
        queue_frames: int = 256,
        policy: str = "newest",
        batch_size: int = 32,
        threshold: float = math.nan,
        status_interval_s: float = 0.0,
        settle_samples: int = 0,
        engine: Engine | None = None,
    ) -> None:
        gr.hier_block2.__init__(
            self,
            "denomae_classifier",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(0, 0, 0),
        )
        policy = choice("policy", policy, POLICIES)
        gate_db = level_db("gate_db", gate_db)
        hysteresis_db = width_db("hysteresis_db", hysteresis_db)
        hop = count("hop", hop, 0)
        queue_frames = count("queue_frames", queue_frames, 1)
        batch_size = count("batch_size", batch_size, 1)
        self.set_settle_samples(settle_samples)
        status_interval_s = seconds("status_interval_s", status_interval_s)
        rate_hz("sample_rate", sample_rate)
        frequency_hz("center_frequency", center_frequency)
        source = text("source", source)
        time_source = choice("time_source", time_source, TIME_SOURCES)
        threshold = probability_or_none("threshold", threshold)
        engine = engine_or_own(engine, checkpoint, device, batch_size)
        self._labeller = Labeller(engine, source, time_source, threshold)
        length = engine.frame_length
        try:
            self._sampler = frame_sink(
                length, hop or length, queue_frames, policy, gate_db, hysteresis_db
            )
        except ValueError as error:  # a queue beyond any memory
            raise DenomaeError(str(error)) from error
        self.set_sample_rate(sample_rate)
        self.set_center_frequency(center_frequency)
        self._outlet = label_outlet(self._sampler, self._labeller, status_interval_s)
        self.message_port_register_hier_out("labels")
        self.connect(self, self._sampler)
        self.msg_connect(self._outlet, "life", self._outlet, "life")
        self.msg_connect(self._outlet, "labels", self, "labels")

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
        them carry the new frequency. Those cut before carry the old one, however late their labels.
        Frames that are cut while the receiver's driver is at work carry either: `begin_retune`.
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
            center_frequency: of the band at the classifier's input, Hz; nan: from tags.
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

    def set_threshold(self, threshold: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._labeller.set_threshold(probability_or_none("threshold", threshold))

    def engine(self) -> Engine:
        """The engine that classifies."""
        return self._labeller.engine

    def counters(self) -> dict[str, int]:
        """Frames `seen` = `gated` + `invalid` + `dropped` + `delivered` + those that wait, and
        `discontinuities` and `tail_samples` of the stream, since the flowgraph began."""
        return self._outlet.status.counters()

    def work_time_s(self, share: float) -> float:
        """Seconds that this share (0..1) of the calls of `work()` did not exceed since the
        flowgraph began, to an eighth more; 1: the longest. That is how long the radio was held."""
        return self._sampler.work_time_s(share)

    def status(self) -> dict[str, Any]:
        """`counters()`, the number of `labels`, the `last` one, and the `error` that ended them."""
        return self._outlet.status.to_dict()

    def status_line(self) -> str:
        """`status()` for people, on one line."""
        return self._outlet.status.line()
