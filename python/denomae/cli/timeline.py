# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person wants to know of a capture's labels: how much of each, and when."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from denomae.labels import Label


@dataclass
class Share:
    """The frames that are shown under one name: a class, a family, or `unknown`."""

    frames: int = 0
    confidence_sum: float = 0.0
    snr_sum_db: float = 0.0
    snr_frames: int = 0


@dataclass
class Run:
    """Frames that follow each other, at one hop, under one name."""

    name: str
    first_sample: int
    stop_sample: int
    last_offset: int
    frames: int
    confidence_sum: float


class Timeline:
    """Counts labels in order of their offsets; remembers the `longest` runs, however many come."""

    def __init__(self, hop: int, longest: int = 40) -> None:
        self.shares: dict[str, Share] = {}
        self.run_count = 0
        self._hop = hop
        self._longest = longest
        self._run: Run | None = None
        self._kept: list[tuple[int, int, Run]] = []  # a heap, the shortest first

    def add(self, label: Label) -> None:
        """The next label; one whose offset is not a hop after the last begins a new run."""
        name = label.shown
        share = self.shares.setdefault(name, Share())
        share.frames += 1
        share.confidence_sum += label.confidence
        if label.snr_db is not None:
            share.snr_sum_db += label.snr_db
            share.snr_frames += 1
        run = self._run
        stop = label.sample_offset + label.sample_count
        if run and run.name == name and label.sample_offset == run.last_offset + self._hop:
            run.last_offset, run.stop_sample = label.sample_offset, stop
            run.frames += 1
            run.confidence_sum += label.confidence
            return
        self._end_run()
        self._run = Run(name, label.sample_offset, stop, label.sample_offset, 1, label.confidence)

    def runs(self) -> list[Run]:
        """The longest runs, in order of time."""
        self._end_run()
        return sorted((run for _, _, run in self._kept), key=lambda run: run.first_sample)

    def _end_run(self) -> None:
        if self._run is None:
            return
        # Of two runs of one length the earlier is kept; offsets differ, so runs are never compared.
        entry = (self._run.frames, -self._run.first_sample, self._run)
        self.run_count += 1
        self._run = None
        if len(self._kept) < self._longest:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)
