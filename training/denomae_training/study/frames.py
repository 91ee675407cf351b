# SPDX-License-Identifier: GPL-3.0-or-later
"""The study on this package's own frames: its objectives, by the noisy image of a frame.

Frames, epochs and classifiers are the protocol's, the same for all objectives: ten thousand frames
without labels, a thousand with (1,008 of 24 classes). Published conditions are the study's as far
as frames have them: the denoiser's encoder stays frozen behind its head, the masked autoencoder is
tuned whole.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier
from denomae_training.data.source import Synthesized
from denomae_training.evaluation import TestSet
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.finetuning.finetune import finetune
from denomae_training.finetuning.starting import starting_classifier
from denomae_training.finetuning.tuning import Tuning
from denomae_training.loop.files import read_weights
from denomae_training.loop.train import Run
from denomae_training.objectives.dae import Dae
from denomae_training.objectives.objective import Objective
from denomae_training.objectives.wamim import Wamim
from denomae_training.protocol import plan as protocol
from denomae_training.protocol.points import Pretrained
from denomae_training.protocol.record import open_folder, time_of
from denomae_training.protocol.run import Runner
from denomae_training.protocol.settings import Settings
from denomae_training.rivals.encoders import make_encoder
from denomae_training.signals.dataset import collect, split_seed
from denomae_training.signals.recipe import Recipe
from denomae_training.study.frame_subject import IMAGE, TARGET, FrameSubject
from denomae_training.study.given import given_pretraining, given_tuning
from denomae_training.study.measure import measure
from denomae_training.study.pictures import Pictures, PictureSet
from denomae_training.study.run import FIGURES, keep, record
from denomae_training.study.subject import in_batches

SNR_GRID = tuple(float(snr_db) for snr_db in range(-10, 11, 2))  # what was learnt from
_AT_ONCE = 250


@dataclass(frozen=True)
class FramePlan:
    """One row of the study; `pretrained` None: first weights."""

    name: str
    title: str
    pretrained: Pretrained | None
    frozen: bool = False


def settings_for(
    recipe: Recipe, settings: Settings, pretraining_epochs: int = 0, tuning_epochs: int = 0
) -> Settings:
    """The protocol's settings for a recipe: labels that its classes share evenly, as near to the
    protocol's number as can be, and other numbers of epochs where they are not 0."""
    count = len(recipe.classes)
    return replace(
        settings,
        labels=count * max(1, round(settings.labels / count)),
        pretraining_epochs=pretraining_epochs or settings.pretraining_epochs,
        finetuning_epochs=tuning_epochs or settings.finetuning_epochs,
    )


def frame_plan(settings: Settings, fairness: str) -> list[FramePlan]:
    """The models of a study of frames, in the order of its tables."""
    frames = settings.pretraining_frames
    dae = Pretrained("dae", Dae(), frames)
    if fairness == "published":
        return [
            FramePlan("dae", "DAE (convolutions)", dae, frozen=True),
            FramePlan("mae", "MAE (ViT)", protocol.mae(settings)),
        ]
    return [
        FramePlan("dae", "DAE (convolutions)", dae),
        FramePlan("vit-dae", "DAE (ViT)", protocol.denoising(settings)),
        FramePlan("mae", "MAE (ViT)", protocol.mae(settings)),
        FramePlan("wamim", "WaMIM", Pretrained("wamim", Wamim(), frames)),
        FramePlan("denomae", "DenoMAE", protocol.denomae(settings)),
        FramePlan("scratch", "ViT, not pretrained", None),
    ]


def check_frames(recipe: Recipe, frames: int) -> None:
    """Whether so many frames are enough to test on.

    Raises:
        DenomaeError: too few for two of each class at each SNR.
    """
    if frames < 2 * len(recipe.classes) * len(SNR_GRID):
        raise DenomaeError(
            f"{frames} frames were asked for; wanted at least "
            f"{2 * len(recipe.classes) * len(SNR_GRID)}, two of each class at each SNR"
        )


def frame_set(recipe: Recipe, runner: Runner, seed: int, labels: int, frames: int) -> PictureSet:
    """Noisy images to look at, clean ones to aim at: labelled frames of the protocol's split
    "train", as many others to choose by, and `frames` to test on.

    Raises:
        DenomaeError: too few frames for two of each class.
    """
    check_frames(recipe, frames)
    seen = Synthesized(runner.seen)
    of = split_seed(seed, "train")
    budget = seen.balanced(labels, of)

    def made(source, split: int, count: int) -> Pictures:
        parts = [
            _pictures(
                sample_of(
                    source.batch(split, first, min(_AT_ONCE, count - first)),
                    (*IMAGE, TARGET),
                    runner.architecture,
                )
            )
            for first in range(0, count, _AT_ONCE)
        ]
        return _joined(parts)

    test = TestSet(recipe, seed, frames, SNR_GRID)
    tested = [
        _pictures(
            sample_of(
                collect(test.items(first, first + _AT_ONCE), recipe),
                (*IMAGE, TARGET),
                runner.architecture,
            )
        )
        for first in range(0, frames, _AT_ONCE)
    ]
    return PictureSet(
        recipe.name,
        recipe.classes,
        made(budget, of, labels),
        made(seen, split_seed(seed, "validation"), labels),
        _joined(tested),
    )


def study_frames(
    runner: Runner,
    folder: Path,
    given: Path | None,
    fairness: str,
    seed: int,
    frames: int,
) -> None:
    """Measure each objective; train it first where no finished run of it is given.

    Args:
        given: a folder of finished protocol runs of this recipe and preset, read and never written.
        frames: to test on.
    """
    planned = frame_plan(runner.settings, fairness)
    classes = runner.recipe.classes
    open_folder(folder, "frames.yaml", preset=runner.preset, frames=frames,
                settings=runner.settings)  # fmt: skip
    record(folder, runner.recipe.name, fairness, seed, classes, [each.name for each in planned])
    missing = [each for each in planned if not (folder / each.name / FIGURES).is_file()]
    if not missing:
        print("every model was measured before", file=sys.stderr)
        return
    pictures = frame_set(runner.recipe, runner, seed, runner.settings.labels, frames)
    for number, each in enumerate(missing, start=1):
        print(f"{runner.recipe.name}, {fairness}: {each.title} ({number} of {len(missing)})",
              file=sys.stderr)  # fmt: skip
        subject, costs = _subject(runner, each, given, folder, seed)
        figures, drawn = measure(subject, pictures, seed)
        named = in_batches(subject.logits, pictures.test.images).argmax(1)
        figures["tuned"] = float((named == pictures.test.class_index).float().mean())
        keep(folder / each.name, figures | costs | {"frozen": each.frozen}, drawn)


def _subject(
    runner: Runner, each: FramePlan, given: Path | None, folder: Path, seed: int
) -> tuple[FrameSubject, dict]:
    """A model with its first weights and its classifier, and what they took."""
    objective = each.pretrained.objective if each.pretrained else None
    first = _first(runner, objective, seed)
    updates = seconds = 0
    model = first
    if objective is not None:
        schedule = runner.settings.pretraining_of(each.pretrained.frames)
        of = runner.recipe.name, runner.preset
        there = given_pretraining(given, each.pretrained.name, *of, seed, schedule)
        if there is not None:
            model = _first(runner, objective, seed)
            model.load_state_dict(read_weights(there / "model.safetensors"))
        else:
            model, _ = runner.pretrained(each.pretrained, seed)
            there = runner.work / f"pretrain-{each.pretrained.name}-s{seed}"
        updates, seconds = schedule.steps, time_of(there)["seconds"]
    tuned, place = _tuned(runner, each, model.encoder if objective else None, given, folder, seed)
    schedule = runner.settings.finetuning_of(runner.settings.labels)
    costs = {"updates": updates, "seconds": seconds, "tuned_updates": schedule.steps,
             "tuned_seconds": time_of(place)["seconds"]}  # fmt: skip
    subject = FrameSubject(
        each.name, each.title, objective, model.cpu(), first, tuned.cpu(), runner.architecture
    )
    return subject, costs


def _first(runner: Runner, objective: Objective | None, seed: int) -> nn.Module:
    """The model as it was before its first step."""
    torch.manual_seed(seed)
    if objective is not None:
        return objective.model(runner.architecture)
    model = nn.Module()
    model.encoder = make_encoder("vit", runner.architecture, IMAGE)
    return model


def _tuned(
    runner: Runner,
    each: FramePlan,
    encoder: nn.Module | None,
    given: Path | None,
    folder: Path,
    seed: int,
) -> tuple[Classifier, Path]:
    """The classifier, and the folder of its run: given, or trained into the study's own."""
    architecture, settings = runner.architecture, runner.settings
    name = each.pretrained.name if each.pretrained else "scratch"
    schedule = settings.finetuning_of(settings.labels)
    best = None
    if not each.frozen:
        best = given_tuning(given, name, runner.recipe.name, runner.preset, seed, schedule)
    if best is not None:
        classes = len(runner.recipe.classes)
        model = starting_classifier(encoder, architecture, IMAGE, classes, seed)
        model.load_state_dict(read_weights(best))
        return model, best.parent
    tuning = Tuning(settings.labels, "head" if each.frozen else "whole", IMAGE,
                    validation_frames=settings.validation_frames)  # fmt: skip
    place = folder / f"{each.name}-tuned"
    open_folder(place, recipe=runner.seen.name, preset=runner.preset, tuning=tuning,
                schedule=schedule)  # fmt: skip
    run = Run(place.name, seed, place, schedule, runner.machine)
    found = finetune(encoder, architecture, Synthesized(runner.seen), tuning, run, runner.device,
                     runner.precision)  # fmt: skip
    return found.model, place


def _pictures(sample: Sample) -> Pictures:
    images, clean = (sample.views[name].float() for name in (*IMAGE, TARGET))
    return Pictures(images, sample.class_index, clean)


def _joined(parts: Sequence[Pictures]) -> Pictures:
    return Pictures(
        torch.cat([each.images for each in parts]),
        torch.cat([each.class_index for each in parts]),
        torch.cat([each.clean for each in parts]),
    )
