# SPDX-License-Identifier: GPL-3.0-or-later
"""What an encoder knows before it is taught classes: a linear probe and nearest neighbours.

Both look at the mean of a frozen encoder's tokens, which is all that the head ever sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae_training.evaluation.outcome import Outcome
from denomae_training.feeds.sample import Sample

PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)  # C of the logistic regression
NEIGHBOURS = 20


@dataclass(frozen=True)
class Features:
    """Frames as a frozen encoder sees them: float32 [F, width], int64 [F], float32 [F]."""

    values: Tensor
    class_index: Tensor
    snr_db: Tensor

    def outcome(self, logits: Tensor) -> Outcome:
        """Answers to these frames; of their SNR there are none."""
        return Outcome(logits, torch.full_like(self.snr_db, torch.nan), self.class_index,
                       self.snr_db)  # fmt: skip


@torch.inference_mode()
def features_of(
    encoder: nn.Module, samples: Iterable[Sample], names: tuple[str, ...] | None = None
) -> Features:
    """The mean of all tokens of each frame, in eval mode.

    Args:
        names: which modalities it is shown; None: all that it knows.
    """
    encoder.eval()
    device = next(encoder.parameters()).device
    values, classes, snr = [], [], []
    for sample in samples:
        inputs = {name: sample.views[name].to(device) for name in names or encoder.modalities}
        tokens = torch.cat(list(encoder(inputs).values()), dim=1)  # [B, T, width]
        values.append(tokens.float().mean(1).cpu())
        classes.append(sample.class_index.cpu())
        snr.append(sample.snr_db.cpu())
    return Features(torch.cat(values), torch.cat(classes), torch.cat(snr))


def linear_probe(
    train: Features, validation: Features, test: Features, class_count: int
) -> tuple[Outcome, float]:
    """A logistic regression on standardized features.

    Returns:
        its answers to the test frames, and the C that was best on the validation frames.

    Raises:
        DenomaeError: there is no scikit-learn.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise DenomaeError(
            "no scikit-learn, wanted it for a linear probe: pip install scikit-learn"
        ) from error
    mean, deviation = train.values.mean(0), train.values.std(0).clamp_min(1e-6)

    def standard(features: Features) -> np.ndarray:
        return ((features.values - mean) / deviation).numpy()

    best: tuple[float, float, LogisticRegression] | None = None
    for penalty in PENALTIES:
        probe = LogisticRegression(C=penalty, max_iter=2000)
        probe.fit(standard(train), train.class_index.numpy())
        score = float(probe.score(standard(validation), validation.class_index.numpy()))
        if best is None or score > best[0]:
            best = (score, penalty, probe)
    _, penalty, probe = best
    logits = torch.full((len(test.values), class_count), -1e9)
    found = torch.from_numpy(probe.predict_log_proba(standard(test))).float()
    logits[:, torch.from_numpy(probe.classes_)] = found
    return test.outcome(logits), penalty


def nearest_neighbours(
    train: Features, test: Features, class_count: int, neighbours: int = NEIGHBOURS
) -> Outcome:
    """Each test frame is what most of its nearest training frames are, by the cosine.

    Votes are weighted by exp(cosine / 0.07), as Wu et al., arXiv 1805.01978; the logits are the
    logarithm of the summed votes.
    """
    neighbours = min(neighbours, len(train.values))
    known = F.normalize(train.values, dim=1)
    logits = []
    for part in F.normalize(test.values, dim=1).split(1000):
        near, place = (part @ known.t()).topk(neighbours, dim=1)
        votes = torch.zeros(len(part), class_count)
        votes.scatter_add_(1, train.class_index[place], ((near - 1) / 0.07).exp())
        logits.append(votes.clamp_min(1e-30).log())
    return test.outcome(torch.cat(logits))
