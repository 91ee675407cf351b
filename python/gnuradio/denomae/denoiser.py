# SPDX-License-Identifier: GPL-3.0-or-later
"""The denoiser: complex samples in, the same samples with less noise out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gnuradio import gr

from denomae.errors import DenomaeError

from .denoised_outlet import Denoising, denoised_outlet
from .denomae_python import frame_sink, overlap_adder
from .engine import folder_of
from .frame_block import POLICIES
from .parameters import choice, count, level_db, refusal, seconds, width_db

if TYPE_CHECKING:
    from denomae import DenoisingEngine

DELAY_FRAMES = 32
"""The default delay, in frames: one fills, others wait in the flowgraph's buffers and in the queue,
and the rest is the model's time."""


class denoiser(gr.hier_block2):
    """Takes noise away from a complex stream, a constant number of samples later.

    The stream is cut into overlapping frames; a model on a thread of its own estimates the clean
    signal of each, at the frame's own power; and the frames, weighted with windows that sum to 1,
    make the output. Where a frame is missing, because it came late, was dropped, gated or held NaN,
    the output fades to the noisy input and back. As many samples leave as enter, and none waits for
    the model: output n belongs to input n - `delay_samples`, the first are zeros, and tags move
    with their samples.

    Message port `gain` gives dictionaries: `sample_offset` and `sample_count` of a frame in the
    input, `snr_in_db`, its SNR as the model estimates it (nil where the model has no head for it),
    and `gain_db`, by how much it rose. For the estimate y of the signal s in x = s + n with the
    least mean square error, that error is orthogonal to x - y: E|n|² = E|x - y|² + E|s - y|². So
    the gain is E|n|² / (E|n|² - E|x - y|²), with E|n|² = E|x|² / (1 + SNR). It is clipped to 0 to
    40 dB, and nil where more was taken away than the SNR says there was.

    Args:
        checkpoint: folder of a denoiser, or a file in it; empty: the shipped one.
        device: "auto", "cpu", "cuda" or "cuda:1".
        delay_samples: from the frame's length to 2^30, each 8 bytes of memory; 0: 32 frames. It is
            the time that a frame has to fill, to wait in the flowgraph's buffers (often 8192
            samples) and in the queue, and to go through the model. Frames that need longer are
            counted as late: make it longer until there are none.
        hop: samples from one frame's start to the next; divides the frame's length, at most half of
            it; 0: half. Half of it is twice the work and less error at the frames' edges.
        gate_db: frames below this mean power (dB of full scale 1.0) stay as they are; -inf: all are
            denoised.
        hysteresis_db: a frame below the gate still passes behind one that did, down to this much
            below it (≥ 0).
        queue_frames: frames that may wait for the model (≥ 1); 0: as many as fit in half of the
            delay, more would only be late.
        policy: what a full queue does: "newest" drops its oldest frame, "oldest" the frame that
            arrives, "block" makes the stream wait (files: with a delay of more than the queue, the
            largest batch and the flowgraph's buffers hold, every frame is denoised).
        batch_size: most frames computed at once (≥ 1); a large one takes longer before the first
            of its frames is done.
        gain_interval_s: seconds from one message on port `gain` to the next (≥ 0); 0: one a frame.
        engine: a `denomae.DenoisingEngine` that is loaded already, instead of `checkpoint`,
            `device`, `batch_size`; no other thread may use it while the flowgraph runs.

    Raises:
        DenomaeError: one of these cannot be; says which, what was found and what was wanted.
    """

    def __init__(
        self,
        checkpoint: str = "",
        device: str = "auto",
        delay_samples: int = 0,
        hop: int = 0,
        gate_db: float = -math.inf,
        hysteresis_db: float = 3.0,
        queue_frames: int = 0,
        policy: str = "newest",
        batch_size: int = 8,
        gain_interval_s: float = 0.1,
        *,
        engine: DenoisingEngine | None = None,
    ) -> None:
        gr.hier_block2.__init__(
            self,
            "denomae_denoiser",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
        )
        delay_samples = count("delay_samples", delay_samples, 0, most=2**30)
        hop = count("hop", hop, 0)
        gate_db = level_db("gate_db", gate_db)
        hysteresis_db = width_db("hysteresis_db", hysteresis_db)
        queue_frames = count("queue_frames", queue_frames, 0)
        policy = choice("policy", policy, POLICIES)
        batch_size = count("batch_size", batch_size, 1)
        gain_interval_s = seconds("gain_interval_s", gain_interval_s)
        if engine is None:
            engine = _load(checkpoint, device, batch_size)
        length = engine.frame_length
        hop = hop or length // 2
        delay_samples = delay_samples or DELAY_FRAMES * length
        try:
            self._adder = overlap_adder(delay_samples, length, hop)
            queue_frames = queue_frames or max(1, delay_samples // 2 // hop)
            self._sampler = frame_sink(length, hop, queue_frames, policy, gate_db, hysteresis_db)
        except ValueError as error:  # a hop that does not divide the frame, a delay below it
            raise DenomaeError(str(error)) from error
        except MemoryError as error:
            wanted = "samples that memory holds, beside the queue"
            raise refusal("delay_samples", delay_samples, wanted) from error
        self._outlet = denoised_outlet(
            self._sampler, Denoising(engine), self._adder, gain_interval_s
        )
        self.message_port_register_hier_out("gain")
        self.connect(self, self._sampler)
        self.connect(self, self._adder, self)
        self.msg_connect(self._outlet, "life", self._outlet, "life")
        self.msg_connect(self._outlet, "gain", self, "gain")

    def set_gate_db(self, gate_db: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._sampler.set_gate_db(level_db("gate_db", gate_db))

    def set_hysteresis_db(self, hysteresis_db: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._sampler.set_hysteresis_db(width_db("hysteresis_db", hysteresis_db))

    def set_gain_interval_s(self, gain_interval_s: float) -> None:
        """See the class; may be called while the flowgraph runs."""
        self._outlet.gain_interval_s = seconds("gain_interval_s", gain_interval_s)

    def delay_samples(self) -> int:
        """By how many samples the output is behind the input."""
        return self._adder.delay_samples()

    def counters(self) -> dict[str, int]:
        """Frames `seen` = `gated` + `invalid` + `dropped` + `delivered` + those that wait for the
        model; of those delivered `used` in the output, and `late`, which left noisy (also those
        that the end of the stream left behind), since the flowgraph began."""
        counted = self._sampler.counters()
        names = ("seen", "gated", "invalid", "dropped", "delivered")
        return {
            **{name: getattr(counted, name) for name in names},
            "used": self._adder.used_frames(),
            "late": self._adder.late_frames() + self._adder.dropped_frames(),
        }

    def status(self) -> dict[str, Any]:
        """`counters()`, and the `error` that left the rest of the stream noisy, or None."""
        return {**self.counters(), "error": self._outlet.error}


def _load(checkpoint: str, device: str, batch_size: int) -> DenoisingEngine:
    from denomae import DenoisingEngine  # imports torch, which takes seconds

    engine = DenoisingEngine.load(folder_of(checkpoint), device=device, batch_size=batch_size)
    engine.warm_up()
    return engine
