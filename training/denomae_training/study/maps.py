# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model looks: saliency of a latent, and how a map's weight is spread over a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from denomae_training.report.attention import weights_of

HIGH = 0.5  # of a map brought to 0..1; the study names no threshold


def saliency(encode: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """How much each pixel moves the latent: float32 [B, H, W].

    The sum over latent values and channels of the absolute gradient of the one by the other.

    Args:
        encode: images [B, C, H, W] to latents [B, ...], each from its own image alone.
    """
    images = images.detach().requires_grad_(True)
    with torch.enable_grad():
        latents = encode(images).flatten(1)
        total = torch.zeros(len(images), *images.shape[2:])
        for number in range(latents.shape[1]):
            last = number == latents.shape[1] - 1
            (slope,) = torch.autograd.grad(latents[:, number].sum(), images, retain_graph=not last)
            total += slope.abs().sum(1).cpu()
    return total


@torch.inference_mode()
def head_attention(attention: nn.Module, run: Callable[[], Any]) -> Tensor:
    """The weights of one attention while something runs through it: [B, heads, T, T].

    Args:
        attention: timm's, of the last block.
        run: calls the model.
    """
    taken: list[Tensor] = []
    hook = attention.register_forward_pre_hook(lambda _, given: taken.append(given[0]))
    try:
        run()
    finally:
        hook.remove()
    return weights_of(attention, taken[0])


def brought_to_one(maps: Tensor) -> Tensor:
    """Maps [..., H, W], each from 0 at its lowest to 1 at its highest; a flat one is 0."""
    low = maps.amin((-2, -1), keepdim=True)
    span = maps.amax((-2, -1), keepdim=True) - low
    return torch.where(span > 0, (maps - low) / span.clamp_min(1e-30), torch.zeros_like(maps))


def high_share(maps: Tensor) -> Tensor:
    """The share of the area where a map, brought to 0..1, lies above one half: [...].

    What the study reads off its maps. One bright pixel makes it small, whatever the others do.
    """
    return (brought_to_one(maps) > HIGH).float().mean((-2, -1))


def half_area(maps: Tensor) -> Tensor:
    """The least share of the area that holds half of a map's sum, 0..0.5: [...].

    Free of the map's scale and of its brightest pixel: an even map has 0.5. Maps are ≥ 0; of one
    that is 0 everywhere it is 0.5 too.
    """
    flat = maps.flatten(-2).sort(-1, descending=True).values
    total = flat.sum(-1, keepdim=True)
    flat = torch.where(total > 0, flat, torch.ones_like(flat))
    held = flat.cumsum(-1) / flat.sum(-1, keepdim=True)
    count = flat.shape[-1]
    before = (held < 0.5 - 1e-6).sum(-1)  # pixels that do not reach the half yet
    place = before.clamp_max(count - 1)[..., None]
    last = flat.gather(-1, place).squeeze(-1) / flat.sum(-1)
    reached = held.gather(-1, place).squeeze(-1) - last
    part = torch.where(last > 0, (0.5 - reached) / last.clamp_min(1e-30), 0.0)
    return (before + part) / count


def on_grid(weights: Tensor, grid: tuple[int, int], visible: Tensor | None = None) -> Tensor:
    """Weights of patches [B, heads, V] laid out: [B, heads, rows, columns]; hidden ones are 0."""
    batch, heads, count = weights.shape
    if visible is not None:
        whole = torch.zeros(batch, heads, grid[0] * grid[1])
        weights = whole.scatter(2, visible[:, None].expand(-1, heads, count), weights.cpu())
    return weights.reshape(batch, heads, *grid)
