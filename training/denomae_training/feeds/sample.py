# SPDX-License-Identifier: GPL-3.0-or-later
"""What an objective sees of a batch of frames: modalities, on the device that computes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from denomae.modalities import MODALITIES, build, in_table_order, power_scale, scaled
from denomae.model.presets import Architecture
from denomae_training.signals.dataset import Batch


@dataclass(frozen=True)
class Sample:
    """A batch, or one process's rows of it.

    Attributes:
        views: modality name to its values, as `denomae.modalities.build` gives them.
        class_index: int64 [B].
        snr_db: float32 [B], NaN where a frame has none.
        rows: which rows of the whole batch these are.
        whole: how many rows the whole batch has; what is drawn by chance is drawn for all of them,
            so that it does not depend on how many processes share the work.
    """

    views: dict[str, Tensor]
    class_index: Tensor
    snr_db: Tensor
    rows: slice
    whole: int

    def __len__(self) -> int:
        return len(self.class_index)


def sample_of(batch: Batch, names: Iterable[str], architecture: Architecture) -> Sample:
    """A whole batch as a sample, where the batch lies."""
    views = training_modalities(batch, tuple(names), architecture)
    count = len(batch)
    return Sample(views, batch.class_index, batch.snr_db, slice(0, count), count)


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
