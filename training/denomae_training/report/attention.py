# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an encoder looks: the attention of its last block, head by head.

The blocks never hold these weights (their attention is fused), so they are computed again from what
goes into the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae.modalities import MODALITIES
from denomae.model.encoder import Encoder
from denomae.model.presets import Architecture
from denomae_training.checks.figure import new_figure, save

DPI, HEADS_SHOWN = 120, 6


@dataclass(frozen=True)
class Attention:
    """Weights float32 [B, heads, query, key], each query's sum is 1; `parts` says which tokens
    belong to which modality."""

    weights: Tensor
    parts: dict[str, slice]

    def looked_at(self, name: str) -> Tensor:
        """How much each token of a modality is looked at, in the mean over all queries: [B, heads,
        T of the modality]; over all modalities it sums to 1."""
        return self.weights.mean(2)[..., self.parts[name]]

    def between(self, query: str, key: str) -> Tensor:
        """Which share of a modality's attention goes to another: [B, heads]."""
        return self.weights[:, :, self.parts[query], self.parts[key]].sum(-1).mean(-1)


def attends(encoder: nn.Module) -> bool:
    """Whether an encoder ends in a block of attention, as ours does and a rival may not."""
    blocks = getattr(encoder, "blocks", None)
    return bool(blocks) and hasattr(blocks[-1], "attn")


@torch.inference_mode()
def last_attention(encoder: Encoder, inputs: Mapping[str, Tensor]) -> Attention:
    """The attention of an encoder's last block, all tokens visible.

    Raises:
        DenomaeError: the encoder has no such block.
    """
    if not attends(encoder):
        raise DenomaeError(
            f"found an encoder {type(encoder).__name__} without attention, wanted a transformer"
        )
    attention = encoder.blocks[-1].attn
    taken: list[Tensor] = []
    hook = attention.register_forward_pre_hook(lambda _, given: taken.append(given[0]))
    try:
        encoded = encoder(inputs)
    finally:
        hook.remove()
    parts, begin = {}, 0
    for name, tokens in encoded.items():
        parts[name] = slice(begin, begin + tokens.shape[1])
        begin += tokens.shape[1]
    return Attention(weights_of(attention, taken[0]), parts)


def weights_of(attention: nn.Module, x: Tensor) -> Tensor:
    """The weights that timm's attention gives to tokens [B, T, D]: [B, heads, T, T]."""
    batch, count, _ = x.shape
    qkv = attention.qkv(x).reshape(batch, count, 3, attention.num_heads, attention.head_dim)
    q, k, _ = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # [B, heads, T, head]
    q, k = attention.q_norm(q), attention.k_norm(k)
    return (q @ k.transpose(-2, -1) * attention.scale).softmax(-1).float()


def draw_attention(
    found: Mapping[str, Attention],
    views: Mapping[str, Mapping[str, Tensor]],
    place: int,
    architecture: Architecture,
    path: Path,
) -> None:
    """Draw what each head looks at, over the image and over the signal, and each query's weights.

    Args:
        found: what stands before a row, such as an SNR, to the attention of its frames.
        views: the same names to the modalities of the frames.
        place: which frame.
        path: the PNG to write.
    """
    first = next(iter(found.values()))
    heads = min(HEADS_SHOWN, first.weights.shape[1])
    names = list(first.parts)
    heights = [h for _ in found for h in (*(_height(name) for name in names), 1.0)]
    figure = new_figure((1.75 * heads + 0.9, 1.55 * sum(heights) + 0.5))
    figure.get_layout_engine().set(hspace=0.02, wspace=0.02, h_pad=0.03, w_pad=0.03)
    rows = iter(figure.subplots(len(heights), heads, squeeze=False, height_ratios=heights))
    for label, attention in found.items():
        for name in names:
            row = next(rows)
            seen = attention.looked_at(name)[place]  # [heads, T]
            seen = seen / attention.weights.mean(2)[place].mean(-1, keepdim=True)
            for head in range(heads):
                _over(row[head], name, views[label][name][place], seen[head], architecture)
            row[0].set_ylabel(f"{label}\n{MODALITIES[name].form}", fontsize=8)
        row = next(rows)
        for head in range(heads):
            _matrix(row[head], attention, place, head)
        row[0].set_ylabel(f"{label}\nquery → key", fontsize=8)
    for head, axes in enumerate(figure.axes[:heads]):
        axes.set_title(f"head {head + 1}", fontsize=9)
    save(figure, path, DPI, 256)


def _height(name: str) -> float:
    return 1.0 if MODALITIES[name].form == "image" else 0.45


def _over(axes: Any, name: str, view: Tensor, seen: Tensor, architecture: Architecture) -> None:
    """Attention (1: as much as on the mean token) as colour over an image or behind a signal."""
    drawn = architecture.form(name) == MODALITIES[name].form  # else tokens have no place in time
    if MODALITIES[name].form == "image":
        image, patch = architecture.image, architecture.image_patch
        grid = seen.reshape(image.height // patch, image.width // patch)
        extent = (0, image.width, image.height, 0)
        axes.imshow(1 - view.mean(0).clamp(0, 1).sqrt(), cmap="gray", vmin=0, vmax=1, extent=extent)
        axes.imshow(grid, cmap="Oranges", vmin=0, vmax=3, alpha=0.55, extent=extent,
                    interpolation="nearest")  # fmt: skip
    else:
        top = 1.1 * float(view.abs().max())
        extent = (0, view.shape[-1], -top, top)
        if drawn:
            axes.imshow(seen[None], cmap="Oranges", vmin=0, vmax=3, extent=extent, aspect="auto")
        axes.plot(view[0], color="#0072B2", lw=0.35)
        axes.plot(view[1], color="#444444", lw=0.35)
        axes.set(xlim=extent[:2], ylim=extent[2:])
    axes.set_xticks([])
    axes.set_yticks([])


def _matrix(axes: Any, attention: Attention, place: int, head: int) -> None:
    """All weights of a head, relative to evenly spread ones, with lines between modalities."""
    weights = attention.weights[place, head]
    axes.imshow(weights * len(weights), cmap="Oranges", vmin=0, vmax=3, interpolation="nearest",
                aspect="equal")  # fmt: skip
    for part in list(attention.parts.values())[1:]:
        axes.axhline(part.start - 0.5, color="black", lw=0.7)
        axes.axvline(part.start - 0.5, color="black", lw=0.7)
    axes.set_xticks([])
    axes.set_yticks([])
