# SPDX-License-Identifier: GPL-3.0-or-later
"""What an encoder knows before it is taught classes, by a linear probe.

It looks at the mean of a frozen encoder's tokens, which is all that the head ever sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae_training.evaluation.outcome import Outcome
from denomae_training.feeds.sample import Sample

PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)  # C of the logistic regression


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


def mean_token(encoder: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """The mean of all tokens of each frame, which is all that a head sees: float32 [B, width]."""
    return torch.cat(list(encoder(inputs).values()), dim=1).float().mean(1)


@torch.inference_mode()
def features_of(
    encoder: nn.Module, samples: Iterable[Sample], names: tuple[str, ...] | None = None
) -> Features:
    """The `mean_token` of each frame, in eval mode.

    Args:
        names: which modalities it is shown; None: all that it knows.
    """
    encoder.eval()
    device = next(encoder.parameters()).device
    values, classes, snr = [], [], []
    for sample in samples:
        inputs = {name: sample.views[name].to(device) for name in names or encoder.modalities}
        values.append(mean_token(encoder, inputs).cpu())
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
