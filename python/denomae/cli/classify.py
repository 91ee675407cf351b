# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae classify`: the labels of a recording."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import tyro

from denomae.cli.text import counted, hertz, note, print_table
from denomae.cli.timeline import Timeline
from denomae.errors import CaptureError, DenomaeError
from denomae.smoothing import Smoother

if TYPE_CHECKING:
    from denomae.captures import Capture
    from denomae.engine import Engine
    from denomae.labels import Label


@dataclass(frozen=True)
class Classify:
    """Label the frames of a recording and say what is in it, and when."""

    capture: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="CAPTURE")]
    """SigMF (either file of a pair, or an archive), WAV or raw samples."""
    json: bool = False
    """Print each label as one line of JSON instead of the summary."""
    output: Path | None = None
    """Write a SigMF pair of this name, with the labels as annotations."""
    force: bool = False
    """Let --output replace files that are there."""
    hop: int | None = None
    """Samples from frame to frame; the frame length by default."""
    smooth: int = 0
    """Frames whose labels vote together, against flicker (see docs/labels.md); 0: none do."""
    datatype: str | None = None
    """How raw samples are stored: cf32_le, ci16_le, ci8, cu8; by default the suffix says it."""
    sample_rate_hz: Annotated[float | None, tyro.conf.arg(name="sample-rate")] = None
    """Samples a second, in Hz; wins over the recording's own."""
    center_frequency_hz: Annotated[float | None, tyro.conf.arg(name="center-frequency")] = None
    """In Hz; wins over the recording's own."""
    checkpoint: Path | None = None
    """Folder of a checkpoint; the shipped model by default."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:0."""
    precision: str = "auto"
    """auto, fp32 or bf16."""
    batch_size: int = 32
    """Most frames that are computed at once."""

    def run(self) -> int:
        from denomae import captures

        with captures.open_capture(
            self.capture, self.datatype, self.sample_rate_hz, self.center_frequency_hz
        ) as capture:
            for sentence in capture.notes:
                note(sentence)
            from denomae.engine import Engine  # only now: an unreadable file is told at once

            engine = Engine.load(self.checkpoint, self.device, self.precision, self.batch_size)
            return self._classify(capture, engine)

    def _classify(self, capture: Capture, engine: Engine) -> int:
        from denomae import captures

        length = engine.frame_length
        total = capture.frame_count(length, self.hop)
        if not total:
            raise CaptureError(_too_short(capture, length))
        smoother = None
        if self.smooth:
            smoother = Smoother(engine.families, self.smooth, threshold=engine.threshold)
        session = _Session(capture, engine, self.hop or length, total, smoother)
        bar = _progress(total, quiet=self.json and sys.stdout.isatty())
        with bar as advance:
            labels = session.labels(advance, print_json=self.json)
            if self.output is not None:
                marks = captures.annotate(labels, one_sided=capture.datatype.real)
                path = captures.write_annotated(capture, self.output, marks, overwrite=self.force)
            else:
                for _ in labels:
                    pass
        session.report_left_out()
        if not session.labelled:
            raise DenomaeError(f"{capture.path.name}: none of its {total} frames could be labelled")
        if not self.json:
            session.print_summary()
        if self.output is not None:
            note(f"{path} holds {counted(session.labelled, 'label')} as annotations")
        return 0


class _Session:
    """One pass over a capture, and what was met on the way."""

    def __init__(
        self,
        capture: Capture,
        engine: Engine,
        hop: int,
        total: int,
        smoother: Smoother | None = None,
    ) -> None:
        self.labelled = 0
        self._smoother = smoother
        self._capture = capture
        self._engine = engine
        self._hop = hop
        self._total = total
        self._timeline = Timeline(hop)
        self._zero = self._invalid = 0

    def labels(self, advance: Callable[[int], None], print_json: bool) -> Iterator[Label]:
        """Each label in order; frames that cannot have one are counted."""
        engine, capture = self._engine, self._capture
        for frames, offsets in capture.frames(engine.frame_length, self._hop, engine.max_batch):
            frames_read = len(frames)
            finite = np.isfinite(frames.view(np.float32)).all(axis=1)
            usable = finite & frames.any(axis=1)
            self._invalid += int(np.count_nonzero(~finite))
            self._zero += int(np.count_nonzero(finite & ~usable))
            if not usable.all():
                frames, offsets = frames[usable], offsets[usable]
            places = [capture.place(int(offset), engine.frame_length) for offset in offsets]
            for label in engine.classify(frames, places) if places else ():
                label = replace(label, source=capture.path.name, sequence=self.labelled)
                if self._smoother is not None:
                    label = self._smoother(label)
                self.labelled += 1
                self._timeline.add(label)
                if print_json:
                    print(label.to_json())
                yield label
            advance(frames_read)

    def report_left_out(self) -> None:
        """What got no label, on stderr."""
        name = self._capture.path.name
        if self._zero:
            note(f"{name}: {counted(self._zero, 'frame')} of nothing but zeros got no label")
        if self._invalid:
            note(f"{name}: {counted(self._invalid, 'frame')} with NaN or infinity got no label")
        rest = self._capture.left_over(self._engine.frame_length, self._hop)
        if rest:
            where = "its end" if len(self._capture.segments) == 1 else "the ends of its segments"
            note(f"{name}: {counted(rest, 'sample')} at {where}, less than a frame, got no label")

    def print_summary(self) -> None:
        """Shares of the classes and a timeline, on stdout."""
        capture, engine, rate = self._capture, self._engine, self._capture.sample_rate_hz
        seconds = "" if rate is None else f", {capture.sample_count / rate:.6g} s"
        print(
            f"{capture.path.name}: {capture.sample_count} samples ({capture.datatype.name}) at"
            f" {hertz(rate)}{seconds}, centre {hertz(capture.center_frequency_hz)}"
        )
        print(
            f"{counted(self.labelled, 'label')} for frames of {engine.frame_length} samples, by"
            f" {engine.model_name} on {engine.device}\n"
        )
        self._print_shares()
        self._print_timeline()

    def _print_shares(self) -> None:
        rows = []
        for name, share in sorted(self._timeline.shares.items(), key=lambda item: -item[1].frames):
            part = share.frames / self.labelled
            snr = f"{share.snr_sum_db / share.snr_frames:.1f} dB" if share.snr_frames else ""
            confidence = f"{share.confidence_sum / share.frames:.2f}"
            bar = "#" * max(1, round(20 * part))
            rows.append([name, str(share.frames), f"{part:.1%}", confidence, snr, bar])
        print_table(["class or family", "frames", "share", "confidence", "mean SNR", ""], rows)

    def _print_timeline(self) -> None:
        rate = self._capture.sample_rate_hz
        runs = self._timeline.runs()
        unit = "sample" if rate is None else "s"
        rows = [
            [
                f"{run.first_sample}" if rate is None else f"{run.first_sample / rate:.3f}",
                f"{run.stop_sample}" if rate is None else f"{run.stop_sample / rate:.3f}",
                str(run.frames),
                f"{run.confidence_sum / run.frames:.2f}",
                run.name,
            ]
            for run in runs
        ]
        print_table(
            [f"from ({unit})", f"to ({unit})", "frames", "confidence", "class or family"],
            rows,
            left=0,
        )
        hidden = self._timeline.run_count - len(runs)
        if hidden:
            print(f"The {hidden} shorter runs are not shown; --json prints every frame.")


def _too_short(capture: Capture, frame_length: int) -> str:
    longest = max((segment.sample_count for segment in capture.segments), default=0)
    stretch = "" if len(capture.segments) < 2 else " without a gap"
    return (
        f"{capture.path.name} has {counted(longest, 'sample')}{stretch}, less than one frame of"
        f" {frame_length}"
    )


@contextlib.contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where a person looks at it; gives what to call with frames done."""
    if quiet or not sys.stderr.isatty():
        yield lambda frames: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("frames"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda frames: progress.advance(task, frames)
