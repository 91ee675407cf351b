# SPDX-License-Identifier: GPL-3.0-or-later
"""Making models without paying for memory, counting what they hold, and their first weights."""

from __future__ import annotations

import torch
from torch import nn


def on_meta_device() -> torch.device:
    """Context in which modules get shapes but no memory."""
    return torch.device("meta")


def parameter_count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


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
