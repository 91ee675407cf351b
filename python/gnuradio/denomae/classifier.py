# SPDX-License-Identifier: GPL-3.0-or-later
"""The classifier: complex samples in, labels out of a message port, and beside their samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from denomae.smoothing import MOST_FRAMES

from .denomae_python import label_tagger
from .engine import engine_or_own
from .frame_block import frame_block
from .label_outlet import label_outlet
from .labeller import Labeller
from .parameters import choice, count, probability_or_none, refusal, seconds, text
from .places import TIME_SOURCES

if TYPE_CHECKING:
    from denomae import Engine


class classifier(frame_block):
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
        passthrough_delay: samples by which the stream output is behind the input (0 to 2^30, each 8
            bytes of memory); -1: there is no stream output. Each label is the tag `denomae_label`
            on the first sample of its frame, its value the dictionary of the label's PDU (its key
            `sample_count` says how many samples it speaks of). One that comes when that sample has
            left is counted in `late_labels`, so let the delay be longer than a frame, the buffers
            and the model together take. Other tags move with their samples.
        smoothing_frames: consecutive frames whose labels vote together, so that a display does not
            flicker: each label is then what the last so many frames say of the newest (see
            `denomae.smoothing`); 0: each frame speaks for itself (0 to 256).
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
        passthrough_delay: int = -1,
        smoothing_frames: int = 0,
        engine: Engine | None = None,
    ) -> None:
        passthrough_delay = count("passthrough_delay", passthrough_delay, -1, most=2**30)
        super().__init__(
            "denomae_classifier",
            sample_rate=sample_rate,
            center_frequency=center_frequency,
            gate_db=gate_db,
            hysteresis_db=hysteresis_db,
            hop=hop,
            queue_frames=queue_frames,
            policy=policy,
            settle_samples=settle_samples,
            outputs=int(passthrough_delay >= 0),
        )
        batch_size = count("batch_size", batch_size, 1)
        status_interval_s = seconds("status_interval_s", status_interval_s)
        source = text("source", source)
        time_source = choice("time_source", time_source, TIME_SOURCES)
        threshold = probability_or_none("threshold", threshold)
        smoothing_frames = count("smoothing_frames", smoothing_frames, 0, most=MOST_FRAMES)
        engine = engine_or_own(engine, checkpoint, device, batch_size)
        self._labeller = Labeller(engine, source, time_source, threshold, smoothing_frames)
        sampler = self._sample(engine.frame_length)
        tagger = _tagger(passthrough_delay)
        if tagger is not None:
            self.connect(self, tagger, self)
        self._send(label_outlet(sampler, self._labeller, status_interval_s, tagger), "labels")

    def set_threshold(self, threshold: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._labeller.set_threshold(probability_or_none("threshold", threshold))

    def set_smoothing_frames(self, smoothing_frames: int) -> None:
        """See the class; may be called while the flowgraph runs. The vote begins anew."""
        frames = count("smoothing_frames", smoothing_frames, 0, most=MOST_FRAMES)
        self._labeller.set_smoothing_frames(frames)

    def engine(self) -> Engine:
        """The engine that classifies."""
        return self._labeller.engine

    def counters(self) -> dict[str, int]:
        """Frames `seen` = `gated` + `invalid` + `dropped` + `delivered` + those that wait, and
        `discontinuities` and `tail_samples` of the stream, since the flowgraph began. With a stream
        output also labels `tagged_labels` there, `late_labels` that came when their sample had left
        (or was still inside when the stream ended), and `dropped_labels` for which no room was."""
        return self._outlet.status.counters()

    def status(self) -> dict[str, Any]:
        """`counters()`, the number of `labels`, the `last` one, and the `error` that ended them."""
        return self._outlet.status.to_dict()

    def status_line(self) -> str:
        """`status()` for people, on one line."""
        return self._outlet.status.line()


def _tagger(delay_samples: int) -> label_tagger | None:
    try:
        return label_tagger(delay_samples) if delay_samples >= 0 else None
    except MemoryError as error:
        raise refusal("passthrough_delay", delay_samples, "samples that memory holds") from error
