# SPDX-License-Identifier: GPL-3.0-or-later
"""From a batch of frames to the labels of one source."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from denomae.labels import Label, Place
from denomae.smoothing import Smoother

from .places import places_of

if TYPE_CHECKING:
    from denomae import Engine


class Labeller:
    """The task of a classifier: labels, in which it fills in what only the stream knows.

    Args:
        engine: a loaded engine.
        source: name in every label.
        time_source: where a frame's time comes from, see `places_of`.
        threshold: below this probability the verdict is `unknown`; None: the checkpoint's own.
        smoothing_frames: consecutive frames whose labels vote together; 0: each speaks for itself.
    """

    def __init__(
        self,
        engine: Engine,
        source: str,
        time_source: str = "tags",
        threshold: float | None = None,
        smoothing_frames: int = 0,
    ) -> None:
        self.engine = engine
        self._source, self._time_source = source, time_source
        self.set_threshold(threshold)
        self.set_smoothing_frames(smoothing_frames)

    def set_threshold(self, threshold: float | None) -> None:
        """See the class; may be called at any time, from any thread."""
        self._threshold = threshold

    def set_smoothing_frames(self, smoothing_frames: int) -> None:
        """See the class; may be called at any time, from any thread. The vote begins anew."""
        # A host's clock jumps by more than a frame from buffer to buffer.
        self._smoother = (
            Smoother(
                self.engine.families,
                smoothing_frames,
                trust_times=self._time_source != "host",
            )
            if smoothing_frames
            else None
        )

    @property
    def compute(self) -> Callable[[np.ndarray, list[Place]], Sequence[Label]]:
        return self.engine.classify

    def places(self, batch: Any) -> list[Place]:
        return places_of(batch, self.engine.frame_length, self._time_source)

    def items(
        self, batch: Any, answers: Sequence[Label], sequence: int, dropped: int
    ) -> list[tuple[int, Label]]:
        """Each label, behind the offset of its frame in the stream that was cut: behind a rate
        adapter the label itself tells that of the stream before it."""
        now_ns = time.monotonic_ns()
        labels = [
            replace(
                label,
                source=self._source,
                sequence=sequence + i,
                verdict=self._verdict(label),
                dropped_frames=dropped,
                latency_ms=(now_ns - int(batch.arrival_ns[i])) / 1e6,
            )
            for i, label in enumerate(answers)
        ]
        smoother = self._smoother
        if smoother is not None:
            own = self._threshold
            smoother.threshold = self.engine.threshold if own is None else own
            labels = [smoother(label) for label in labels]
        return list(zip(batch.sample_offset.tolist(), labels, strict=True))

    def _verdict(self, label: Label) -> str:
        if self._threshold is None:
            return label.verdict
        if label.confidence < self._threshold:
            return "unknown"
        return "noise" if self.engine.families[label.label] == "noise" else "known"
