# SPDX-License-Identifier: GPL-3.0-or-later
"""A written set as SigMF: recordings of frames end to end, each under an annotation of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from denomae.captures import Annotation, write_sigmf
from denomae.captures.sigmf import META_SUFFIX
from denomae_training.data.plan import Frame, Plan, Writer

GENERATOR = "denomae-train synth"  # not `denomae `, whose labels are answers and no truth
_ANNOTATION_BYTES = 900


class SigmfWriter(Writer):
    """One recording a part. An annotation says the class, the SNR and all that was drawn."""

    @staticmethod
    def bytes_needed(plan: Plan, samples: float) -> float:
        return plan.frames * (8 * samples + _ANNOTATION_BYTES)

    def done(self) -> int:
        part = 0
        while part < self.plan.parts and self._path(part).exists():
            part += 1
        return part

    def write(self, part: int, frames: Sequence[Frame]) -> None:
        marks, start = [], 0
        for frame in frames:
            marks.append(self._annotation(frame, start))
            start += len(frame.samples)
        plan = self.plan
        write_sigmf(
            self._path(part),
            (frame.samples for frame in frames),
            None,
            annotations=marks,
            description=f"Synthesized frames of the recipe {plan.recipe.name}, in samples without"
            " a rate",
            extra={"denomae:recipe": plan.recipe.name, "denomae:seed": plan.seed},
            overwrite=True,  # samples without their metadata, which a kill left
        )

    def _path(self, part: int) -> Path:
        return self.folder / f"frames-{part:05d}{META_SUFFIX}"

    def _annotation(self, frame: Frame, start: int) -> Annotation:
        known = math.isfinite(frame.snr_db)
        drawn = {name: float(value) for name, value in frame.drawn.items()}
        return Annotation(
            start,
            len(frame.samples),
            self.plan.recipe.classes[frame.class_index],
            comment=f"SNR {frame.snr_db:.1f} dB" if known else "",
            generator=GENERATOR,
            snr_db=frame.snr_db if known else None,
            extra={
                "denomae:index": frame.index,
                "denomae:drawn": {k: v for k, v in drawn.items() if math.isfinite(v)},
            },
        )
