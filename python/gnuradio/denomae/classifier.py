# SPDX-License-Identifier: GPL-3.0-or-later
"""The classifier: complex samples in, labels out of a message port."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnuradio import gr

from denomae.errors import DenomaeError

from .denomae_python import frame_sampler
from .label_outlet import label_outlet
from .labeller import Labeller, threshold_or_none

if TYPE_CHECKING:
    from denomae import Engine

POLICIES = ("newest", "oldest", "block")


class denomae_classifier(gr.hier_block2):
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
            flowgraph runs (≥ 0): those captured before the change that come after it.
        engine: an engine that is loaded already, instead of `checkpoint`, `device`, `batch_size`;
            no other thread may use it while the flowgraph runs.

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
        *,
        engine: Engine | None = None,
    ) -> None:
        gr.hier_block2.__init__(
            self,
            "denomae_classifier",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(0, 0, 0),
        )
        if policy not in POLICIES:
            raise DenomaeError(f"policy is {policy!r}, wanted one of {', '.join(POLICIES)}")
        _check_level("gate_db", gate_db, -math.inf)
        _check_level("hysteresis_db", hysteresis_db, 0.0)
        _check_count("hop", hop, 0)
        _check_count("queue_frames", queue_frames, 1)
        _check_count("batch_size", batch_size, 1)
        _check_count("settle_samples", settle_samples, 0)
        if not status_interval_s >= 0:
            raise DenomaeError(f"status_interval_s is {status_interval_s}, wanted seconds, or 0")
        _check_rate(sample_rate)
        _check_frequency(center_frequency)
        threshold = threshold_or_none(threshold)
        if engine is None:
            engine = _load(checkpoint, device, batch_size)
        self._labeller = Labeller(engine, source, time_source, threshold)
        length = engine.frame_length
        self._sampler = frame_sampler(
            length, hop or length, queue_frames, policy, gate_db, hysteresis_db
        )
        self._settle_samples = settle_samples
        self.set_sample_rate(sample_rate)
        self.set_center_frequency(center_frequency)
        self._outlet = label_outlet(self._sampler, self._labeller, status_interval_s)
        self.message_port_register_hier_out("labels")
        self.connect(self, self._sampler)
        self.msg_connect(self._outlet, "life", self._outlet, "life")
        self.msg_connect(self._outlet, "labels", self, "labels")

    def set_gate_db(self, gate_db: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        _check_level("gate_db", gate_db, -math.inf)
        self._sampler.set_gate_db(gate_db)

    def set_hysteresis_db(self, hysteresis_db: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        _check_level("hysteresis_db", hysteresis_db, 0.0)
        self._sampler.set_hysteresis_db(hysteresis_db)

    def set_sample_rate(self, sample_rate: float) -> None:
        """See the class; may be called while the flowgraph runs, when the rate changes.

        As `set_center_frequency`. With times from tags, a change also ends them until the next
        `rx_time`: the samples since the last one went by at two rates.
        """
        _check_rate(sample_rate)
        self._sampler.set_sample_rate(float(sample_rate or math.nan), self._settle_samples)

    def set_center_frequency(self, center_frequency: float) -> None:
        """See the class; may be called while the flowgraph runs, when the receiver is tuned.

        The unfinished frame and the next `settle_samples` are thrown away; frames that begin behind
        them carry the new frequency. Those cut before carry the old one, however late their labels.
        """
        _check_frequency(center_frequency)
        self._sampler.set_center_frequency(float(center_frequency), self._settle_samples)

    def set_threshold(self, threshold: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._labeller.set_threshold(threshold_or_none(threshold))

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


def _load(checkpoint: str, device: str, batch_size: int) -> Engine:
    from denomae import Engine  # imports torch, which takes seconds: not for those who only publish

    folder = Path(checkpoint).expanduser() if checkpoint else None
    if folder is not None and folder.is_file():  # what GRC's file dialogue can choose
        folder = folder.parent
    engine = Engine.load(folder, device=device, batch_size=batch_size)
    engine.warm_up()
    return engine


def _check_level(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise DenomaeError(f"{name} is {value}, wanted decibels of at least {least:g}")


def _check_rate(rate: float) -> None:
    if not (math.isfinite(rate) and rate >= 0):
        raise DenomaeError(f"sample_rate is {rate}, wanted hertz above 0, or 0 for the tags'")


def _check_frequency(frequency: float) -> None:
    if math.isinf(frequency):
        raise DenomaeError(f"center_frequency is {frequency}, wanted hertz, or nan for the tags'")


def _check_count(name: str, value: int, least: int) -> None:
    if not isinstance(value, int) or value < least:
        raise DenomaeError(f"{name} is {value!r}, wanted a whole number of at least {least}")
