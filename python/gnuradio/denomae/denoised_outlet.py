# SPDX-License-Identifier: GPL-3.0-or-later
"""From the frames of a sink to denoised ones: into the stream, and how much was gained."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pmt

from .frame_outlet import frame_outlet
from .hub import hub_of

if TYPE_CHECKING:
    from denomae import DenoisingEngine
    from denomae.denoising import Estimate

_GAIN = pmt.intern("gain")
_KEYS = tuple(map(pmt.intern, ("sample_offset", "sample_count", "snr_in_db", "gain_db")))


class Denoising:
    """The task of a denoiser: estimates, each with the offset of its frame."""

    def __init__(self, engine: DenoisingEngine) -> None:
        self.engine = engine

    @property
    def compute(self) -> Callable[[np.ndarray, list[int]], Sequence[Estimate]]:
        return self.engine.estimates

    def places(self, batch: Any) -> list[int]:
        return batch.sample_offset.tolist()

    def items(
        self, batch: Any, answers: Sequence[Estimate], sequence: int, dropped: int
    ) -> list[tuple[int, Estimate]]:
        return list(zip(self.places(batch), answers, strict=True))


class denoised_outlet(frame_outlet):
    """Hands denoised frames to an overlap adder, and tells on port `gain` what was gained.

    Args:
        sink: the frame sink, in the same flowgraph.
        task: what denoises its frames.
        adder: the overlap adder on the same stream.
        gain_interval_s: seconds from one message to the next; 0: one for each frame.
    """

    def __init__(self, sink: Any, task: Denoising, adder: Any, gain_interval_s: float) -> None:
        super().__init__("denomae_denoised_outlet", sink, task, hub_of(task.engine))
        self.message_port_register_out(_GAIN)
        self.gain_interval_s = gain_interval_s
        self.error: str | None = None
        self._adder = adder
        self._run = 0
        self._next_gain_at = 0.0

    def _begin(self) -> None:
        self.error = None
        self._run = self._adder.current_run()
        self._next_gain_at = 0.0

    def _give(self, item: tuple[int, Estimate]) -> None:
        offset, estimate = item
        self._adder.add(self._run, offset, estimate.samples)
        now = time.monotonic()
        if now >= self._next_gain_at:
            self._next_gain_at = now + self.gain_interval_s
            self.message_port_pub(_GAIN, gain_message(offset, estimate))

    def _fail(self, sentence: str) -> None:
        self.error = sentence
        self.logger.error(f"the stream goes on noisy for the rest of this run: {sentence}")


def gain_message(offset: int, estimate: Estimate) -> Any:
    """`sample_offset`, `sample_count` (uint64), `snr_in_db` and `gain_db` (double, or nil)."""
    values = (
        pmt.from_uint64(offset),
        pmt.from_uint64(len(estimate.samples)),
        _number(estimate.snr_in_db),
        _number(estimate.gain_db),
    )
    message = pmt.make_dict()
    for key, value in zip(_KEYS, values, strict=True):
        message = pmt.dict_add(message, key, value)
    return message


def _number(value: float | None) -> Any:
    return pmt.PMT_NIL if value is None else pmt.from_double(value)
