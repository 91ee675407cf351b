# SPDX-License-Identifier: GPL-3.0-or-later
"""The head alone: a frozen encoder sees each frame once, the head learns from what it saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from denomae.model.classifier import Classifier, Head, Verdict
from denomae.model.presets import Architecture
from denomae_training.evaluation import Outcome
from denomae_training.evaluation.probe import mean_token
from denomae_training.feeds.feed import Feed, Kept
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.objectives.classification import verdict_loss
from denomae_training.objectives.objective import Objective
from denomae_training.signals.dataset import Batch

FEATURES = "features"  # the mean of a frame's tokens, which is all that a head sees: [B, 1, width]
_AT_ONCE = 100


class HeadAlone(nn.Module):
    """A head as a model that trains."""

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: Tensor) -> Verdict:
        return self.head(features)


@dataclass(frozen=True)
class HeadClassification(Objective):
    """`Classification` of a frozen encoder's features."""

    classes: int
    label_smoothing: float = 0.0
    needs = (FEATURES,)

    def model(self, architecture: Architecture) -> HeadAlone:
        return HeadAlone(Head(architecture, self.classes))

    def loss(
        self, model: nn.Module, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        return verdict_loss(model(sample.views[FEATURES]), sample, self.label_smoothing)


class Encoded(Feed):
    """Another feed's samples as a frozen encoder sees them; of a kept set each frame once."""

    def __init__(self, inner: Feed, model: Classifier) -> None:
        super().__init__(inner.source, inner.seed, inner.order, inner.share)
        self._inner, self._encoder = inner, model.encoder.eval()
        self._kept: Sample | None = None
        if isinstance(inner, Kept):
            parts = [self._seen(part) for part in inner.each(_AT_ONCE)]
            self._kept = Sample(
                {FEATURES: torch.cat([part.views[FEATURES] for part in parts])},
                torch.cat([part.class_index for part in parts]),
                torch.cat([part.snr_db for part in parts]),
                slice(0, inner.order.set_size),
                inner.order.set_size,
            )

    def samples(self, first: int, end: int) -> Iterator[Sample]:
        if self._kept is None:
            yield from map(self._seen, self._inner.samples(first, end))
            return
        kept, rows, whole = self._kept, self.share.rows(self.order.size), self.order.size
        for number in range(first, end):
            index = torch.from_numpy(self._indices(number)).to(kept.class_index.device)
            views = {FEATURES: kept.views[FEATURES][index]}
            yield Sample(views, kept.class_index[index], kept.snr_db[index], rows, whole)

    def _seen(self, sample: Sample) -> Sample:
        features = {FEATURES: _features(self._encoder, sample)}
        return Sample(features, sample.class_index, sample.snr_db, sample.rows, sample.whole)


class FrozenAnswers:
    """What a model with a frozen encoder says of frames, which the encoder sees once."""

    def __init__(self, model: Classifier, frames: list[Batch], device: torch.device) -> None:
        self._head = model.head
        names, architecture = model.encoder.modalities, model.architecture
        samples = (sample_of(batch.to(device), names, architecture) for batch in frames)
        self._features = torch.cat([_features(model.encoder, sample) for sample in samples])
        self._class_index = torch.cat([batch.class_index for batch in frames])
        self._snr_db = torch.cat([batch.snr_db for batch in frames])

    @torch.no_grad()
    def __call__(self) -> Outcome:
        verdict = self._head(self._features)
        logits, snr_db = verdict.logits.float().cpu(), verdict.snr_db.float().cpu()
        return Outcome(logits, snr_db, self._class_index, self._snr_db)


@torch.no_grad()
def _features(encoder: nn.Module, sample: Sample) -> Tensor:
    """[B, 1, width]."""
    return mean_token(encoder, sample.views)[:, None]
