# SPDX-License-Identifier: GPL-3.0-or-later
"""From a batch of frames to the labels of one source."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from denomae.errors import DenomaeError
from denomae.labels import Label

from .places import TIME_SOURCES, places_of

if TYPE_CHECKING:
    from denomae import Engine


class Labeller:
    """Classifies what `frame_sampler.pop` gives, and fills in what only the stream knows.

    Args:
        engine: a loaded engine.
        source: name in every label.
        time_source: where a frame's time comes from, see `places_of`.
        threshold: below this probability the verdict is `unknown`; None: the checkpoint's own.

    Raises:
        DenomaeError: there is no such time source, or the threshold is no probability.
    """

    def __init__(
        self,
        engine: Engine,
        source: str,
        time_source: str = "tags",
        threshold: float | None = None,
    ) -> None:
        if time_source not in TIME_SOURCES:
            raise DenomaeError(
                f"time_source is {time_source!r}, wanted one of {', '.join(TIME_SOURCES)}"
            )
        self.engine = engine
        self._source, self._time_source = source, time_source
        self.set_threshold(threshold)

    def set_threshold(self, threshold: float | None) -> None:
        """See the class; may be called at any time, from any thread.

        Raises:
            DenomaeError: not within 0..1.
        """
        if threshold is not None and not 0.0 <= threshold <= 1.0:
            raise DenomaeError(
                f"threshold is {threshold}, wanted a probability from 0 to 1, "
                "or nan for the checkpoint's own"
            )
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


def threshold_or_none(threshold: float) -> float | None:
    """A block's parameter as a threshold: nan means the checkpoint's own."""
    return None if math.isnan(threshold) else float(threshold)
