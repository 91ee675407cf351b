# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning: name the class of a noisy frame, and say its SNR on the side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from denomae.modalities import LIVE_MODALITIES, in_table_order
from denomae.model.classifier import Classifier, Head, Verdict
from denomae.model.masking import draw_masks, rows_of
from denomae.model.presets import Architecture
from denomae_training.feeds.sample import Sample
from denomae_training.objectives.objective import Objective

SNR_WEIGHT = 0.2


@dataclass(frozen=True)
class Classification(Objective):
    """Cross-entropy of the classes plus the SNR's smooth absolute error.

    Below a `visible_share` of 1 a random part of each modality's tokens is left out, which is
    faster and is what the encoder was pretrained on; from the share `whole_from` of the schedule
    on, all are shown.
    """

    classes: int
    modalities: tuple[str, ...] = LIVE_MODALITIES
    visible_share: float = 1.0
    whole_from: float = 0.0
    label_smoothing: float = 0.0

    @property
    def needs(self) -> tuple[str, ...]:
        return in_table_order(self.modalities)

    def model(self, architecture: Architecture) -> Classifier:
        return Classifier(architecture, self.modalities, self.classes)

    def loss(
        self, model: Classifier, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        architecture = model.architecture
        visible = None
        if self.visible_share < 1 and share < self.whole_from:
            counts = {name: architecture.token_count(name) for name in self.needs}
            masks = draw_masks(counts, sample.whole, 1 - self.visible_share, generator)
            visible = {n: mask.visible for n, mask in rows_of(masks, sample.rows).items()}
        verdict = model({name: sample.views[name] for name in self.needs}, visible)
        return verdict_loss(verdict, sample, self.label_smoothing)


def verdict_loss(
    verdict: Verdict, sample: Sample, label_smoothing: float = 0.0
) -> tuple[Tensor, Mapping[str, Tensor]]:
    """The loss of a head's verdicts, and its parts."""
    classes = F.cross_entropy(verdict.logits, sample.class_index, label_smoothing=label_smoothing)
    error = snr_error(verdict.snr_db, sample.snr_db)
    accuracy = (verdict.logits.argmax(1) == sample.class_index).float().mean()
    parts = {"cross_entropy": classes, "snr": error, "accuracy": accuracy}
    return classes + SNR_WEIGHT * error, parts


def snr_error(estimate_db: Tensor, snr_db: Tensor) -> Tensor:
    """Smooth absolute error in units of `Head.SNR_SCALE_DB`; frames without an SNR count as right,
    so that the mean over several processes is the mean over all of their frames."""
    known = torch.isfinite(snr_db)  # noise has none, and a small batch may be all noise
    truth = torch.where(known, snr_db, 0.0) / Head.SNR_SCALE_DB
    error = F.smooth_l1_loss(estimate_db / Head.SNR_SCALE_DB, truth, beta=0.1, reduction="none")
    return torch.where(known, error, 0.0).mean()
