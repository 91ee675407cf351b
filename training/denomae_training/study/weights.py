# SPDX-License-Identifier: GPL-3.0-or-later
"""How a model's weights are spread, layer by layer, and how far learning has moved them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

BINS = 61
REACH = 4.0  # deviations on either side; the few weights beyond count in the last bins
_COUNTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)


@dataclass(frozen=True)
class Layer:
    """One layer's weights, without biases.

    Attributes:
        deviation, first_deviation: of the weights, and of those it began with.
        kurtosis, first_kurtosis: in excess of a Gaussian's, which has 0; evenly spread ones have
            -1.2.
        moved: |after - before| over |before|, as vectors; 0: not trained at all.
        overlap: of both histograms, 0..1.
        edges: [BINS + 1]; histogram, first_histogram: [BINS], shares.
    """

    name: str
    count: int
    deviation: float
    first_deviation: float
    kurtosis: float
    first_kurtosis: float
    moved: float
    overlap: float
    edges: Tensor
    histogram: Tensor
    first_histogram: Tensor


def counted_weights(model: nn.Module) -> dict[str, Tensor]:
    """Layer name to its weights, float32 and flat: dense layers and convolutions.

    Norms, biases, and what is added to tokens are left out.
    """
    return {
        name or type(part).__name__: part.weight.detach().float().cpu().flatten()
        for name, part in model.named_modules()
        if isinstance(part, _COUNTED)
    }


def layers(model: nn.Module, first: nn.Module) -> list[Layer]:
    """The layers of a model beside those of the same model with its first weights."""
    before = counted_weights(first)
    return [_layer(name, values, before[name]) for name, values in counted_weights(model).items()]


def together(found: list[Layer]) -> dict[str, float]:
    """Means over layers, each counted by its weights."""
    total = sum(layer.count for layer in found)
    names = ("deviation", "first_deviation", "kurtosis", "first_kurtosis", "moved", "overlap")
    return {
        name: sum(getattr(layer, name) * layer.count for layer in found) / total for name in names
    }


def _layer(name: str, after: Tensor, before: Tensor) -> Layer:
    reach = REACH * float(torch.stack([after.std(), before.std()]).max().clamp_min(1e-12))
    edges = torch.linspace(-reach, reach, BINS + 1)
    histogram, first = (_histogram(values, reach) for values in (after, before))
    return Layer(
        name, len(after), float(after.std()), float(before.std()), kurtosis(after),
        kurtosis(before), float((after - before).norm() / before.norm().clamp_min(1e-12)),
        float(torch.minimum(histogram, first).sum()), edges, histogram, first,
    )  # fmt: skip


def _histogram(values: Tensor, reach: float) -> Tensor:
    return torch.histc(values.clamp(-reach, reach), BINS, -reach, reach) / len(values)


def kurtosis(values: Tensor) -> float:
    """The fourth moment over the squared second, less 3."""
    centred = values.double() - values.double().mean()
    second = centred.square().mean().clamp_min(1e-30)
    return float(centred.pow(4).mean() / second.square() - 3)
