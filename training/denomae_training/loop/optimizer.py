# SPDX-License-Identifier: GPL-3.0-or-later
"""AdamW or Muon over a model's trainable parameters, slower in lower layers if so wanted."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

from denomae.errors import DenomaeError
from denomae_training.loop.muon import Muon
from denomae_training.loop.schedule import Schedule

_BLOCK = re.compile(r"(?:^|\.)encoder\.blocks\.(\d+)\.")
_EMBEDDING = re.compile(r"(?:^|\.)encoder\.embeddings\.")


def optimizer_of(model: nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """The optimizer of a model on its device. Frozen parameters are left out.

    Raises:
        DenomaeError: nothing is to be trained, or a layer decay without encoder blocks.
    """
    muon = schedule.optimizer == "muon"
    groups = parameter_groups(model, schedule.weight_decay, schedule.layer_decay, muon)
    return (Muon if muon else torch.optim.AdamW)(
        groups, lr=schedule.learning_rate, betas=(0.9, schedule.beta2), fused=True
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give each group its share of the rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def parameter_groups(
    model: nn.Module, weight_decay: float, layer_decay: float = 1.0, muon: bool = False
) -> list[dict[str, Any]]:
    """Parameters by weight decay, which matrices alone have, and by the `scale` of their rate; for
    Muon the matrices of transformer blocks, those of decoders too, are groups marked `orthogonal`.

    A model with an `encoder_rate` has its head learn at the full rate, and all else at that share
    of it. With a layer decay d, the embeddings are layer 0, encoder block k (from 0) is layer
    k + 1, and all else is on top; a layer that is n below the top learns d^n times as fast.
    Source: MAE's fine-tuning (arXiv 2111.06377), after arXiv 1906.08237.
    """
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if not named:
        raise DenomaeError("every parameter of the model is frozen; there is nothing to train")
    blocks = {
        int(found[1]) for name, _ in model.named_parameters() if (found := _BLOCK.search(name))
    }
    if layer_decay != 1 and not blocks:
        raise DenomaeError(
            f"a layer decay of {layer_decay:g} wants a model with encoder.blocks, and this one has "
            "none; choose a layer decay of 1"
        )
    top = len(blocks) + 1
    below_head = float(getattr(model, "encoder_rate", 1.0))
    groups: dict[tuple[int, bool, bool, bool], dict[str, Any]] = {}
    for name, parameter in named:
        layer, matrix = _layer(name, top), parameter.ndim > 1
        slower = below_head != 1 and not name.startswith("head.")
        turned = muon and parameter.ndim == 2 and ".blocks." in name
        group = groups.setdefault(
            (layer if layer_decay != 1 else top, matrix, slower, turned),
            {
                "params": [],
                "weight_decay": weight_decay if matrix else 0.0,
                "scale": layer_decay ** (top - layer) * (below_head if slower else 1.0),
            }
            | ({"orthogonal": True} if turned else {}),
        )
        group["params"].append(parameter)
    return list(groups.values())


def _layer(name: str, top: int) -> int:
    if found := _BLOCK.search(name):
        return int(found[1]) + 1
    return 0 if _EMBEDDING.search(name) else top
