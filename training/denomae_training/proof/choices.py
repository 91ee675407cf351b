# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live model may look at and how it may learn, each to be compared at equal cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch.utils.flop_counter import FlopCounterMode

from denomae.model.presets import Architecture
from denomae_training.feeds.sample import sample_of
from denomae_training.finetuning.tuning import Tuning, modality_names
from denomae_training.objectives.classification import Classification
from denomae_training.objectives.denomae import Denomae
from denomae_training.objectives.objective import Objective
from denomae_training.signals.dataset import make_batch
from denomae_training.signals.recipe import Recipe

_COUNTED = 2  # frames


@dataclass(frozen=True)
class Choice:
    """One row: what differs from the first one.

    Attributes:
        modalities: as of `Tuning`.
        images: samples that images show.
        frame_length: in samples; signals and spectra have as many tokens whatever it is.
        visible_share: of each modality's tokens, in the first 70 % of training.
        pretrained: share of the cost that goes into pretraining: nothing masked, to what is clean.
    """

    modalities: tuple[str, ...] = ("all",)
    images: Literal["raw", "differential", "corrected", "synchronised"] = "raw"
    frame_length: int = 1024
    visible_share: float = 0.5
    optimizer: Literal["adamw", "muon"] = "muon"
    pretrained: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        return modality_names(self.modalities)

    def architecture(self, base: Architecture) -> Architecture:
        """A preset's architecture as this choice has it."""
        times = self.frame_length / base.frame_length
        return replace(
            base,
            frame_length=self.frame_length,
            signal_patch=round(base.signal_patch * times),
            spectra_patch=round(base.spectra_patch * times),
            image=replace(base.image, samples=self.images),
        )

    def recipe(self, base: Recipe) -> Recipe:
        return replace(base, frame_length=self.frame_length)

    def tuning(self, validation_frames: int) -> Tuning:
        return Tuning(
            modalities=self.modalities,
            visible_share=self.visible_share,
            whole_from=0.7,
            validation_frames=validation_frames,
        )

    def classification(self, classes: int) -> Classification:
        return Classification(classes, self.names, self.visible_share, 0.7)

    def pretraining(self) -> Denomae:
        return Denomae(self.names, masked_share=0.0)


CHOICES: dict[str, Choice] = {
    "image, signal and spectra": Choice(),
    "image": Choice(("image",)),
    "image, differential": Choice(("image",), images="differential"),
    "image, corrected": Choice(("image",), images="corrected"),
    "image, synchronised": Choice(("image",), images="synchronised"),
    "signal": Choice(("signal",)),
    "spectra": Choice(("spectra",)),
    "image and signal": Choice(("both",)),
    "signal and spectra": Choice(("signal", "spectra")),
    "all, differential image": Choice(images="differential"),
    "all, corrected image": Choice(images="corrected"),
    "all, synchronised image": Choice(images="synchronised"),
    "all, 2,048 samples": Choice(frame_length=2048),
    "all, 4,096 samples": Choice(frame_length=4096),
    "all, every token from the start": Choice(visible_share=1.0),
    "all, AdamW": Choice(optimizer="adamw"),
    "all, a third of the cost pretraining": Choice(pretrained=1 / 3),
}


def cost_of_frame(objective: Objective, architecture: Architecture, recipe: Recipe) -> float:
    """Operations of one frame on the way to an objective's loss, drawing images left out.

    A multiplication with its addition counts as two; matrix products and attention are counted, the
    mean over a schedule where its parts show different shares of the tokens.
    """
    model = objective.model(architecture)
    sample = sample_of(make_batch(recipe, 0, 0, _COUNTED), objective.needs, architecture)
    whole_from = getattr(objective, "whole_from", 0.0)
    total = 0.0
    for share, weight in ((0.0, whole_from), (1.0, 1 - whole_from)):
        if weight:
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                objective.loss(model, sample, torch.Generator().manual_seed(0), share)
            total += weight * counter.get_total_flops() / _COUNTED
    return total
