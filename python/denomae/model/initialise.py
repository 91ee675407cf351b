# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's first weights."""

from __future__ import annotations

from torch import nn


def initialise(module: nn.Module) -> None:
    """First weights as in MAE (arXiv 2111.06377): Xavier for linear layers, zero biases."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.LayerNorm):
            nn.init.ones_(part.weight)
            nn.init.zeros_(part.bias)
