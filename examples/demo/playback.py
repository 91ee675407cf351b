# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the demo's flowgraph to its end, with a status line a second and a witness beside it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flowgraph import DemoFlowgraph
from report import status_line
from rich.console import Console
from scoring import Truth

from denomae.errors import DenomaeError
from denomae.labels import Label

NOW_S = 0.25
"""When no frame waits and the last label is older than this, the gate is closed."""


@dataclass(frozen=True)
class Heard:
    """What came out of a run.

    `labels` came through the flowgraph, `given` is the classifier's own count of them, `received`
    and `gaps` are the other process's counts, `counters` those of the sampler.
    """

    labels: list[Label]
    given: int
    received: int
    gaps: int
    counters: dict[str, int]


class Subscriber:
    """The other process: it receives what this one publishes, and counts."""

    def __init__(self, address: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("subscriber.py")), address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._line() != "connected":
            self.end()
            raise RuntimeError(f"the subscriber could not connect to {address}")

    def finish(self, sent: int) -> tuple[int, int]:
        """Say how many labels there were; how many it received and how many it missed."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{sent}\n")
        self._process.stdin.close()
        counts = json.loads(self._line() or '{"received": 0, "gaps": 0}')
        self._process.wait(timeout=10)
        return counts["received"], counts["gaps"]

    def end(self) -> None:
        """Make sure that it is gone."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def play(
    console: Console, flowgraph: DemoFlowgraph, truths: Sequence[Truth], length_s: float
) -> Heard:
    """Start the flowgraph, report once a second, and return when the last label is there.

    Raises:
        DenomaeError: the model failed while it ran.
    """
    subscriber = Subscriber(flowgraph.publisher.endpoint())
    ended = threading.Event()

    def wait() -> None:
        flowgraph.wait()
        ended.set()

    try:
        flowgraph.start()
        threading.Thread(target=wait, daemon=True).start()
        while not ended.wait(1.0):
            console.print(_status(flowgraph, truths, length_s), highlight=False)
        status = flowgraph.classifier.status()
        if status["error"]:
            raise DenomaeError(f"the classifier stopped: {status['error']}")
        received, gaps = subscriber.finish(status["labels"])
        counters = flowgraph.classifier.counters()
        return Heard(flowgraph.collector.labels(), status["labels"], received, gaps, counters)
    finally:
        flowgraph.stop()
        flowgraph.wait()
        subscriber.end()


def _status(flowgraph: DemoFlowgraph, truths: Sequence[Truth], length_s: float) -> str:
    label, now_s = flowgraph.collector.last(), flowgraph.position_s()
    status, frames = flowgraph.classifier.status(), len(flowgraph.collector)
    idle = status["seen"] == status["gated"] + status["invalid"] + status["dropped"] + frames
    truth = ""
    if label is not None:
        begin, end = label.sample_offset, label.sample_offset + label.sample_count
        end_s = end / flowgraph.sample_rate_hz
        if not flowgraph.speed:
            now_s = end_s  # the file is read far ahead of the model
        elif idle and now_s - end_s > NOW_S * max(flowgraph.speed, 1.0):
            label = None
        truth = next((t.label for t in truths if t.begin <= begin and end <= t.end), "")
    return status_line(now_s, length_s, label, truth, frames, status["dropped"])
