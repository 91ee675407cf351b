# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae labels`: watch the labels that a flowgraph publishes over ZMQ, count what is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Annotated, Any

import tyro

from denomae.cli.text import counted, hertz, note, printable
from denomae.errors import DenomaeError
from denomae.labels import TOPIC, Label
from denomae.subscription import Gaps, label_socket, receive_label

_POLL_MS = 200  # a pause, so that Ctrl-C and the timeout are seen


@dataclass(frozen=True)
class Labels:
    """Watch a stream of labels, and count those that were lost on the way."""

    address: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ADDRESS")]
    """Where the publisher sends, such as tcp://127.0.0.1:5555."""
    json: bool = False
    """Print each label as the line of JSON that came."""
    count: int | None = None
    """End after so many labels."""
    timeout_s: Annotated[float | None, tyro.conf.arg(name="timeout")] = None
    """End after so many seconds without a label."""

    def run(self) -> int:
        if self.count is not None and self.count < 1:
            raise DenomaeError(f"--count is {self.count}, wanted 1 or more")
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise DenomaeError(f"--timeout is {self.timeout_s:g}, wanted seconds above 0")
        tally = Tally()
        try:
            for label in self._labels(tally):
                lost = tally.add(label)
                if lost:
                    note(f"{counted(lost, 'label')} of {printable(label.source)!r} lost here")
                print(label.to_json() if self.json else describe(label), flush=True)
                if tally.labels == self.count:
                    break
        except KeyboardInterrupt:
            pass
        note(tally.summary())
        return 1 if self.count is not None and tally.labels < self.count else 0

    def _labels(self, tally: Tally) -> Iterator[Label]:
        import zmq

        from denomae.zmq_watch import ConnectionWatch

        with zmq.Context() as context, label_socket(context) as socket:
            socket.subscribe(TOPIC)
            try:
                watch = ConnectionWatch(socket, self.address)
            except zmq.ZMQError as error:
                raise DenomaeError(
                    f"{self.address!r} is no address to listen to ({error.strerror}), wanted one"
                    " such as tcp://127.0.0.1:5555"
                ) from None
            with closing(watch):
                note(f"listening to {self.address}; Ctrl-C ends")
                heard = time.monotonic()
                while self.timeout_s is None or time.monotonic() - heard < self.timeout_s:
                    if not socket.poll(_POLL_MS):
                        if watch.look():
                            note("the publisher speaks no ZMQ, or sent far more than a label")
                        continue
                    try:
                        label = receive_label(socket)
                    except DenomaeError as error:
                        if not tally.unreadable:
                            note(f"a message cannot be read: {printable(str(error))}")
                        tally.unreadable += 1
                        continue
                    heard = time.monotonic()
                    yield label


@dataclass
class Tally:
    """What came, and what the running counts say did not."""

    labels: int = 0
    unreadable: int = 0
    dropped_frames: dict[str, int] = field(default_factory=dict)
    gaps: Gaps = field(default_factory=Gaps)

    def add(self, label: Label) -> int:
        """Counts a label; how many of its source were lost just before it."""
        self.labels += 1
        self.dropped_frames[label.source] = label.dropped_frames
        return self.gaps.add(label)

    def summary(self) -> str:
        """One sentence."""
        sources = counted(len(self.dropped_frames), "source")
        parts = [
            f"{counted(self.labels, 'label')} from {sources}",
            f"{self.gaps.lost} lost on the way",
        ]
        if self.gaps.restarts:
            parts.append(counted(self.gaps.restarts, "restart"))
        if self.unreadable:
            parts.append(f"{counted(self.unreadable, 'message')} that could not be read")
        dropped = sum(self.dropped_frames.values())
        parts.append(f"{counted(dropped, 'frame')} dropped before the model")
        return ", ".join(parts)


def describe(label: Label) -> str:
    """A label as one line for a person."""
    values: dict[str, Any] = {
        "when": label.time or f"sample {label.sample_offset}",
        "snr": "" if label.snr_db is None else f" {label.snr_db:5.1f} dB",
        "at": "" if label.center_frequency_hz is None else f"  {hertz(label.center_frequency_hz)}",
        "warning": f"  ({'; '.join(label.warnings)})" if label.warnings else "",
    }
    return printable(
        f"{values['when']}  {label.source} #{label.sequence}  {label.shown:<8}"
        f" {label.confidence:4.2f}  {label.family} {label.family_confidence:4.2f}"
        f"{values['snr']}{values['at']}{values['warning']}"
    )
