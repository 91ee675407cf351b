# SPDX-License-Identifier: GPL-3.0-or-later
"""How large models are, and what a frame costs: the table of `denomae info --presets`."""

from __future__ import annotations

import torch
from torch import nn

from denomae.modalities import LIVE_MODALITIES, PUBLISHED_MODALITIES
from denomae.model.blocks import GATED_MLP_RATIO
from denomae.model.classifier import Classifier
from denomae.model.denomae import DenoMAE
from denomae.model.presets import PRESETS, Architecture


def parameter_count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def multiply_accumulates(architecture: Architecture, modalities: tuple[str, ...]) -> int:
    """Multiply-accumulates to classify one frame from the given modalities, all tokens visible."""
    tokens = sum(architecture.token_count(name) for name in modalities)
    embedding = sum(
        architecture.token_count(name) * architecture.patch_size(name) * architecture.width
        for name in modalities
    )
    mlp = 8 if architecture.mlp == "plain" else 1.5 * GATED_MLP_RATIO
    block = (4 + mlp) * architecture.width**2 * tokens + 2 * tokens**2 * architecture.width
    return round(embedding + architecture.depth * block)


def preset_table() -> list[dict[str, object]]:
    """One row a preset; parameters with a head of eleven classes."""
    rows = []
    for name, a in PRESETS.items():
        with torch.device("meta"):  # shapes, but no memory
            classifier = Classifier(a, LIVE_MODALITIES, class_count=11)
            whole = DenoMAE(a, PUBLISHED_MODALITIES)
        rows.append(
            {
                "preset": name,
                "image": f"{a.image.height}x{a.image.width}x{a.image.channels}",
                "patches": f"{a.image_patch} px, {a.signal_patch} samples",
                "tokens": sum(a.token_count(m) for m in LIVE_MODALITIES),
                "width": a.width,
                "depth": a.depth,
                "heads": a.heads,
                "mlp": a.mlp,
                "decoders": f"{a.decoder_depth} x {a.decoder_width}",
                "parameters": parameter_count(classifier),
                "parameters_pretraining": parameter_count(whole),
                "gmac": round(multiply_accumulates(a, LIVE_MODALITIES) / 1e9, 3),
            }
        )
    return rows
