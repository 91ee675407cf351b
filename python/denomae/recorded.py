# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that a checkpoint gave when it was made: whoever loads it can see that it still does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from denomae.checkpoint import SHIPPED

if TYPE_CHECKING:
    from denomae.engine import Engine


def check_recorded_answers(engine: Engine, folder: Path = SHIPPED) -> tuple[int, int]:
    """Compare an engine with the answers that its checkpoint gave when it was recorded.

    Returns:
        how many of the recorded frames get the same label with a probability within 0.05, and how
        many were recorded.
    """
    recorded = json.loads((folder / "recorded.json").read_text(encoding="utf-8"))
    frames = np.load(folder / "recorded.npy", allow_pickle=False)
    labels = engine.classify(frames)
    same = sum(
        label.label == answer["label"] and abs(label.confidence - answer["confidence"]) <= 0.05
        for label, answer in zip(labels, recorded, strict=True)
    )
    return same, len(recorded)


def record_answers(engine: Engine, frames: np.ndarray, folder: Path) -> None:
    """Write frames (complex64 [B, N]) and what the engine says of them beside its checkpoint."""
    answers = [
        {"label": label.label, "confidence": round(label.confidence, 4)}
        for label in engine.classify(frames)
    ]
    np.save(folder / "recorded.npy", frames)
    partial = folder / "recorded.json.partial"
    partial.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / "recorded.json")
