# SPDX-License-Identifier: GPL-3.0-or-later
"""DenoMAE's pretraining: see a quarter of five modalities, reconstruct the rest without noise.

Inputs (noisy image, noisy signal, clean image, clean signal, noise) become the targets (clean
image, clean signal, clean image, clean signal, noise); the loss is the mean squared error on masked
tokens only, summed over modalities without weights (arXiv 2501.11538, section III).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from denomae.modalities import MODALITIES, build, in_table_order, power_scale, scaled
from denomae.model.denomae import DenoMAE
from denomae.model.encoder import patchify
from denomae.model.masking import Mask, draw_masks, take
from denomae.model.presets import Architecture
from denomae_training.signals.dataset import Batch

MASKED_SHARE = 0.75


def training_modalities(
    batch: Batch, names: tuple[str, ...], architecture: Architecture
) -> dict[str, Tensor]:
    """Modalities of a batch, all at the scale that brings its noisy frames to unit power.

    A recipe without power normalisation keeps its own scale. Images show every sample of the
    waveforms; the NaN behind shorter frames counts nowhere.
    """
    if batch.power_normalisation == "unit":
        scale = _power_scale(batch.waveforms["noisy"])
    else:
        scale = torch.ones(len(batch), 1, dtype=torch.float64, device=batch.snr_db.device)
    waveforms = {name: scaled(wave, scale) for name, wave in batch.waveforms.items()}
    if batch.signals is None:
        return build(waveforms, names, architecture.image)
    signals = {name: scaled(wave, scale) for name, wave in batch.signals.items()}
    built = {}
    for name in in_table_order(names):
        source = waveforms if MODALITIES[name].form == "image" else signals
        built |= build(source, (name,), architecture.image)
    return built


def _power_scale(frames: Tensor) -> Tensor:
    """`power_scale` of frames that may end in NaN."""
    known = torch.isfinite(frames)
    share = known.double().mean(1, keepdim=True)
    return power_scale(torch.where(known, frames, 0)) * share.sqrt()


def masked_error(predicted: Tensor, target: Tensor, mask: Mask) -> Tensor:
    """Mean squared error over the masked tokens alone; both [B, T, size]."""
    return (take(predicted, mask.masked) - take(target, mask.masked)).square().mean()


def denomae_loss(
    model: DenoMAE, batch: Batch, generator: torch.Generator, masked_share: float = MASKED_SHARE
) -> tuple[Tensor, Mapping[str, Tensor]]:
    """The loss of one batch and its part of each modality (mean squared errors)."""
    architecture = model.architecture
    names = model.encoder.modalities
    targets = tuple(dict.fromkeys(MODALITIES[name].target for name in names))
    needed = tuple(dict.fromkeys(names + targets))
    built = training_modalities(batch, needed, architecture)
    inputs = {name: built[name] for name in names}
    counts = {name: architecture.token_count(name) for name in names}
    masks = draw_masks(counts, len(batch), masked_share, generator)
    predicted = model(inputs, masks)
    parts = {}
    for name in names:
        goal = MODALITIES[name].target
        parts[name] = masked_error(
            predicted[name], patchify(goal, built[goal], architecture), masks[name]
        )
    return torch.stack(list(parts.values())).sum(), parts
