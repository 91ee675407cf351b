# SPDX-License-Identifier: GPL-3.0-or-later
"""What a classifier is doing: as a dictionary for programs, as one line for people."""

from __future__ import annotations

from typing import Any

from denomae.labels import Label

_BROKEN = (
    ": no frame was whole yet, tags on the stream (rx_time, rx_rate, rx_freq) break it; an rx_time "
    "does not where it agrees with a right sample_rate"
)


class Status:
    """What happened since the flowgraph began.

    Written by the worker's thread, read by any.

    Args:
        sampler: the frame sampler that counts the frames.
        tagger: what counts the labels on their way to the stream output; None: there is none.
    """

    def __init__(self, sampler: Any, tagger: Any = None) -> None:
        self._sampler, self._tagger = sampler, tagger
        self.begin()

    def begin(self) -> None:
        """A new run: forget the one before."""
        self.labels = 0
        self.last: Label | None = None
        self.error: str | None = None

    def took(self, label: Label) -> None:
        """One more label was given away."""
        self.labels += 1
        self.last = label

    def counters(self) -> dict[str, int]:
        """What sampler and tagger counted, by name; see `classifier.counters`."""
        counters = sampler_counters(self._sampler)
        if self._tagger is not None:
            names = ("tagged_labels", "late_labels", "dropped_labels")
            counters |= {name: getattr(self._tagger, name)() for name in names}
        return counters

    def to_dict(self) -> dict[str, Any]:
        """The counters, `labels` given away, `last` label or None, `error` or None."""
        return {
            **self.counters(),
            "labels": self.labels,
            "last": self.last,
            "error": self.error,
        }

    def line(self) -> str:
        """For example `qpsk 0.97 known, 12.1 dB | frames 977, labels 970, dropped 0 | 3.2 ms`."""
        counted = self.counters()
        frames = f"frames {counted['seen']}, labels {self.labels}, dropped {counted['dropped']}"
        for name in ("gated", "invalid", "discontinuities", "late_labels", "dropped_labels"):
            if counted.get(name):
                frames += f", {name.replace('_', ' ')} {counted[name]}"
        if self.error is not None:
            return f"failed: {self.error} | {frames}"
        label = self.last
        if label is None:
            broken = counted["discontinuities"] and not counted["seen"]
            return f"no label yet{_BROKEN if broken else ''} | {frames}"
        snr = "" if label.snr_db is None else f", {label.snr_db:.1f} dB"
        if label.close_call:
            verdict = f"{label.shown} {label.family_confidence:.2f} {label.verdict}{snr}"
        else:
            verdict = f"{label.label} {label.confidence:.2f} {label.verdict}{snr}"
        return f"{verdict} | {frames} | {label.latency_ms:.1f} ms"


def sampler_counters(sampler: Any) -> dict[str, int]:
    """What a frame sink counted, by name; see `frame_block.counters`."""
    counted = sampler.counters()
    names = ("seen", "gated", "invalid", "dropped", "delivered", "discontinuities")
    return {name: getattr(counted, name) for name in (*names, "tail_samples")}
