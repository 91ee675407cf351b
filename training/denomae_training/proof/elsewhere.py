# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a proof that need GNU Radio: its signals, and recordings behind the rate adapter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from denomae_training.checks.gnu_radio import GnuRadio
from denomae_training.proof.gnu_radio import MADE, transmission
from denomae_training.proof.grading import Graded
from denomae_training.proof.recordings import FAMILY_OF, frames_of, recordings
from denomae_training.proof.said import Subject
from denomae_training.proof.settings import (
    CLASS_FROM_DB,
    FAMILY_FROM_DB,
    GNU_RADIO_SNR_DB,
    Counts,
)

Progress = Callable[[str], None]


def of_gnu_radio(
    subject: Subject, gnu_radio: GnuRadio, seed: int, counts: Counts, tell: Progress
) -> dict[str, Any]:
    """GNU Radio's modulators through its channel models: plain, and faded as well."""
    classes = subject.config.classes
    tested = [name for name in classes if name in MADE]
    found: dict[str, Any] = {
        "made": {name: MADE[name].by for name in tested},
        "not_made": [name for name in classes if name not in MADE],
    }
    for channel in ("plain", "faded"):
        frames, truth, snr = [], [], []
        for name in tested:
            tell(f"GNU Radio, {channel}: {name}")
            for index in range(counts.gnu_radio):
                frames.append(
                    transmission(
                        gnu_radio, name, seed, index, GNU_RADIO_SNR_DB, subject.frame_length,
                        channel == "faded",
                    )
                )  # fmt: skip
                truth += [classes.index(name)] * len(GNU_RADIO_SNR_DB)
                snr += GNU_RADIO_SNR_DB
        said = subject.asked(np.concatenate(frames))
        graded = Graded(subject, said, np.array(truth), np.array(snr))
        found[channel] = graded.report() | {
            "family_from": graded.row(graded.snr_db >= FAMILY_FROM_DB)["family"],
            "class_from": graded.row(graded.snr_db >= CLASS_FROM_DB)["merged"],
            "apart_from": graded.row(graded.snr_db >= CLASS_FROM_DB)["apart"],
        }
    return found


def of_recordings(
    subject: Subject,
    gnu_radio: GnuRadio,
    folder: Path,
    interval: int,
    counts: Counts,
    tell: Progress,
) -> dict[str, Any]:
    """Real recordings behind the rate adapter: the families that are named, file by file."""
    rows = []
    for path in recordings(folder):
        tell(f"recording {path.name}")
        frames = frames_of(path, gnu_radio, subject.frame_length, interval)
        step = max(1, -(-len(frames) // counts.per_recording))
        judged = frames[::step]
        said = subject.asked(judged)
        named = subject.family_probabilities(said).argmax(1)
        families = Counter(subject.families[number] for number in named)
        classes = Counter(
            subject.config.classes[number] for number in subject.probabilities(said).argmax(1)
        )
        most = families.most_common(1)[0][0] if families else None
        rows.append(
            {
                "file": path.name,
                "family": FAMILY_OF[path.name],
                "frames": len(frames),
                "judged": len(judged),
                "families": dict(families.most_common()),
                "classes": dict(classes.most_common()),
                "majority": most,
                "right": most == FAMILY_OF[path.name],
            }
        )
    return {"interval": interval, "rows": rows}
