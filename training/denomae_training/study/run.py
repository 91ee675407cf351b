# SPDX-License-Identifier: GPL-3.0-or-later
"""A study of pictures: trains what is missing, measures it, and keeps what it found."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from denomae_training.commands.configuration import to_plain
from denomae_training.loop.files import write_file, write_weights
from denomae_training.protocol.record import open_folder
from denomae_training.study.conditions import Planned
from denomae_training.study.forecast import Stage
from denomae_training.study.learn import Workshop
from denomae_training.study.measure import PIXELS, measure, measure_pixels
from denomae_training.study.picture_subject import PictureSubject

FIGURES, DRAWN, RECORD = "figures.json", "drawn.safetensors", "study.json"


def foretell_pictures(workshop: Workshop, planned: Sequence[Planned], steps: int) -> list[Stage]:
    """The trainings of all models that have no figures yet, timed by so many steps of each."""
    left = [each for each in planned if not (workshop.folder / each.name / FIGURES).is_file()]
    return [stage for each in left for stage in workshop.foretold(each, steps)]


def study_pictures(
    workshop: Workshop, data: str, fairness: str, planned: Sequence[Planned]
) -> None:
    """Train and measure each model; what is done already is not done again.

    Each model's folder gets `figures.json` and `drawn.safetensors`.
    """
    open_folder(workshop.folder, "pictures.yaml", count=len(workshop.pictures.train),
                models={each.name: _conditions(each) for each in planned})  # fmt: skip
    record(workshop.folder, data, fairness, workshop.seed, workshop.pictures.classes,
           [PIXELS, *(each.name for each in planned)])  # fmt: skip
    if not (workshop.folder / PIXELS / FIGURES).is_file():
        keep(workshop.folder / PIXELS, measure_pixels(workshop.pictures), {})
    for number, each in enumerate(planned, start=1):
        folder = workshop.folder / each.name
        told = f"{data}, {fairness}: {each.title} ({number} of {len(planned)})"
        if (folder / FIGURES).is_file():
            print(f"{told}: done before", file=sys.stderr)
        else:
            print(told, file=sys.stderr)
            learnt, tuned = workshop.pretrained(each), workshop.tuned(each)
            first = workshop.first(each.kind)
            untuned = workshop.classifier(each)
            subject = PictureSubject(each, data, learnt.model, first, untuned, tuned.learnt.model)
            figures, drawn = measure(_on_cpu(subject), workshop.pictures, workshop.seed)
            figures |= {
                "updates": learnt.updates, "seconds": learnt.seconds,
                "tuned": tuned.test, "tuned_validation": tuned.validation,
                "tuned_rate": tuned.rate, "tuned_updates": tuned.learnt.updates,
                "tuned_seconds": tuned.learnt.seconds, "frozen": each.tuning.frozen,
                "head": each.tuning.head,
            }  # fmt: skip
            keep(folder, figures, drawn)


def _conditions(planned: Planned) -> dict[str, Any]:
    """What a model's figures hang on, to be known again."""
    objective = {"kind": type(planned.objective).__name__} | to_plain(planned.objective or {})
    return {"objective": objective, "epochs": planned.epochs, "schedule": planned.schedule,
            "tuning": planned.tuning}  # fmt: skip


def record(
    folder: Path,
    data: str,
    fairness: str,
    seed: int,
    classes: Sequence[str],
    models: Sequence[str],
) -> None:
    """Say in a study's folder what it holds, for the report."""
    folder.mkdir(parents=True, exist_ok=True)
    what = {"data": data, "fairness": fairness, "seed": seed, "classes": list(classes),
            "models": list(models)}  # fmt: skip
    write_file(folder / RECORD, (json.dumps(what, indent=1) + "\n").encode())


def keep(folder: Path, figures: dict[str, Any], drawn: dict[str, Tensor]) -> None:
    """Write what was found of a model; the figures last, as the sign that all is there."""
    folder.mkdir(parents=True, exist_ok=True)
    write_weights(folder / DRAWN, drawn)
    write_file(folder / FIGURES, (json.dumps(figures, indent=1) + "\n").encode())


def _on_cpu(subject: PictureSubject) -> PictureSubject:
    """With all of its models on the CPU, where measurements are made."""
    for model in (subject.model, subject.first, subject.untuned, subject.tuned):
        model.to(torch.device("cpu")).eval()
    return subject
