# SPDX-License-Identifier: GPL-3.0-or-later
"""Fine-tuning: name the class of a noisy frame, and say its SNR on the side."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from denomae.model.classifier import Classifier, Head
from denomae.model.masking import draw_masks
from denomae_training.objectives.denomae import training_modalities
from denomae_training.signals.dataset import Batch

SNR_WEIGHT = 0.2


def classification_loss(
    model: Classifier, batch: Batch, generator: torch.Generator, visible_share: float = 1.0
) -> tuple[Tensor, Mapping[str, Tensor]]:
    """Cross-entropy of the classes plus the SNR's smooth absolute error.

    Args:
        visible_share: tokens that each modality shows; below 1 a random part is left out, which is
            faster and is what the encoder was pretrained on.
    """
    names = model.encoder.modalities
    inputs = training_modalities(batch, names, model.architecture)
    visible = None
    if visible_share < 1:
        counts = {name: model.architecture.token_count(name) for name in names}
        masks = draw_masks(counts, len(batch), 1 - visible_share, generator)
        visible = {name: mask.visible for name, mask in masks.items()}
    verdict = model(inputs, visible)
    classes = F.cross_entropy(verdict.logits, batch.class_index)
    known = torch.isfinite(batch.snr_db)  # noise has none, and a small batch may be all noise
    error = F.smooth_l1_loss(
        verdict.snr_db[known] / Head.SNR_SCALE_DB,
        batch.snr_db[known] / Head.SNR_SCALE_DB,
        beta=0.1,
        reduction="sum",
    ) / known.sum().clamp(min=1)
    accuracy = (verdict.logits.argmax(1) == batch.class_index).float().mean()
    return classes + SNR_WEIGHT * error, {
        "cross_entropy": classes,
        "snr": error,
        "accuracy": accuracy,
    }
