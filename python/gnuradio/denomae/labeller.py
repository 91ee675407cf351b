# SPDX-License-Identifier: GPL-3.0-or-later
"""From a batch of frames to the labels of one source."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from denomae.labels import Label

from .places import places_of

if TYPE_CHECKING:
    from denomae import Engine


class Labeller:
    """Classifies what `frame_sampler.pop` gives, and fills in what only the stream knows.

    Args:
        engine: a loaded engine.
        source: name in every label.
        time_source: where a frame's time comes from, see `places_of`.
        threshold: below this probability the verdict is `unknown`; None: the checkpoint's own.
    """

    def __init__(
        self,
        engine: Engine,
        source: str,
        time_source: str = "tags",
        threshold: float | None = None,
    ) -> None:
        self.engine = engine
        self._source, self._time_source = source, time_source
        self.set_threshold(threshold)

    def set_threshold(self, threshold: float | None) -> None:
        """See the class; may be called at any time, from any thread."""
        self._threshold = threshold

    def labels(self, batch: Any, sequence: int, dropped_frames: int) -> list[Label]:
        """One label a frame, in the frames' order, counted from `sequence`."""
        places = places_of(batch, self.engine.frame_length, self._time_source)
        labels = self.engine.classify(batch.frames, places)
        now_ns = time.monotonic_ns()
        return [
            replace(
                label,
                source=self._source,
                sequence=sequence + i,
                verdict=self._verdict(label),
                dropped_frames=dropped_frames,
                latency_ms=(now_ns - int(batch.arrival_ns[i])) / 1e6,
            )
            for i, label in enumerate(labels)
        ]

    def _verdict(self, label: Label) -> str:
        if self._threshold is None:
            return label.verdict
        if label.confidence < self._threshold:
            return "unknown"
        return "noise" if self.engine.families[label.label] == "noise" else "known"
