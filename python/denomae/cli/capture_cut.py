# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae capture cut`: a span of a recording as a SigMF pair of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from denomae.cli.capture_convert import tell
from denomae.cli.capture_source import Source
from denomae.errors import CaptureError

if TYPE_CHECKING:
    from denomae.captures import Capture


@dataclass(frozen=True, kw_only=True)
class Cut(Source):
    """Write a span of a recording: by samples, by seconds, or what lies under an annotation."""

    output: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="OUTPUT")]
    """Name of the pair, with or without .sigmf-meta."""
    samples: tuple[int, int] | None = None
    """From this sample on, up to before that one, counted from 0."""
    seconds: tuple[float, float] | None = None
    """The same in seconds from the first sample; needs a sample rate."""
    label: str | None = None
    """What lies under an annotation of this label."""
    number: int = 1
    """Which of those annotations, counted from 1."""
    store: str | None = None
    """Store the samples as cf32_le, ci16_le, ci8 or another complex datatype; by default they are
    copied as they are."""
    mark: str = ""
    """Annotate all of the span with this label, such as qpsk."""
    force: bool = False
    """Replace files that are there."""

    def run(self) -> int:
        from denomae import captures

        named = [each for each in (self.samples, self.seconds, self.label) if each is not None]
        if len(named) != 1:
            raise CaptureError(
                f"{len(named)} of --samples, --seconds and --label are given, wanted one of them to"
                " say what to cut out"
            )
        with self.open() as capture:
            span = self._span(capture)
            tell(
                captures.copy_capture(capture, self.output, span, self.store, self.force, self.mark)
            )
        return 0

    def _span(self, capture: Capture) -> tuple[int, int]:
        if self.samples is not None:
            return self.samples
        if self.seconds is not None:
            return _samples(self.seconds, capture)
        found = 0
        for mark in capture.annotations:
            if mark.label == self.label:
                found += 1
                if found == self.number:
                    return mark.sample_start, capture.stop_of(mark)
        if found:
            raise CaptureError(
                f"{capture.path.name} has {found} annotations {self.label!r}, wanted --number 1 to"
                f" {found}, not {self.number}"
            )
        labels = sorted({mark.label for mark in capture.annotations if mark.label})
        raise CaptureError(
            f"{capture.path.name} has no annotation {self.label!r}; "
            + (f"its labels are {', '.join(labels[:20])}" if labels else "it has no labels")
        )


def _samples(seconds: tuple[float, float], capture: Capture) -> tuple[int, int]:
    rate = capture.sample_rate_hz
    if rate is None:
        raise CaptureError(
            f"{capture.path.name} does not say its sample rate, which --seconds needs; give"
            " --sample-rate, or cut by --samples"
        )
    if not all(math.isfinite(each) and abs(each) * rate < 2**63 for each in seconds):
        raise CaptureError(f"--seconds is {seconds[0]:g} {seconds[1]:g}, wanted two times")
    start, stop = (round(each * rate) for each in seconds)
    return start, stop
