# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train record`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from denomae.captures import open_capture
from denomae.engine import Engine, record_answers
from denomae.errors import DenomaeError


@dataclass(frozen=True)
class Record:
    """Store what a checkpoint says of annotated spans of a capture; `denomae doctor` checks it."""

    checkpoint: Path
    capture: Path
    frames_per_span: int = 1

    def run(self) -> None:
        engine = Engine.load(self.checkpoint, device="cpu", precision="fp32")
        length = engine.frame_length
        frames = []
        with open_capture(self.capture) as capture:
            for span in capture.annotations:
                whole = span.sample_count // length
                first = span.sample_start + whole // 2 * length
                for number in range(min(self.frames_per_span, whole - whole // 2)):
                    frames.append(capture.read(first + number * length, length))
        if not frames:
            raise DenomaeError(f"{self.capture} has no annotated span of {length} samples or more")
        record_answers(engine, np.stack(frames), self.checkpoint)
        print(f"{len(frames)} answers recorded in {self.checkpoint}")
