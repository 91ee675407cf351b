# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model makes of noisy frames, put back in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from denomae.modalities import MODALITIES
from denomae.model.denomae import DenoMAE
from denomae.model.encoder import patchify
from denomae.model.masking import Mask, draw_masks, take
from denomae.model.patches import unpatchify_image, unpatchify_signal
from denomae.model.presets import Architecture
from denomae_training.report.fidelity import psnr_db, snr_gain_db, ssim


@dataclass(frozen=True)
class Reconstruction:
    """One modality of some frames, all [B, C, H, W] or [B, 2, N].

    Attributes:
        noisy: what went in, before anything was hidden.
        hidden: bool, like one channel of `noisy`: what the encoder did not see.
        made: what came out. Where a model was never asked for what it sees, that stays as it was.
        clean: what should have come out.
    """

    noisy: Tensor
    hidden: Tensor
    made: Tensor
    clean: Tensor

    @property
    def form(self) -> str:
        return "image" if self.noisy.ndim == 4 else "signal"

    def figures(self) -> dict[str, Tensor]:
        """How close each frame comes: name to float32 [B].

        The gain in SNR is that of hidden samples, or of all where nothing was hidden.
        """
        if self.form == "image":
            return {
                "psnr_noisy_db": psnr_db(self.noisy, self.clean),
                "psnr_db": psnr_db(self.made, self.clean),
                "ssim_noisy": ssim(self.noisy, self.clean),
                "ssim": ssim(self.made, self.clean),
            }
        where = self.hidden if self.hidden.any() else None
        return {"snr_gain_db": snr_gain_db(self.noisy, self.made, self.clean, where)}


@torch.inference_mode()
def reconstruct(
    model: DenoMAE,
    views: Mapping[str, Tensor],
    inputs: tuple[str, ...],
    masked_share: float,
    generator: torch.Generator,
    hidden_only: bool = False,
) -> dict[str, Reconstruction]:
    """Hide a part of each input, and have the model make the rest.

    Args:
        views: the inputs and their clean modalities.
        inputs: the noisy modalities that the model is shown; nothing else.
        masked_share: 0: nothing is hidden, and all that comes out is the model's.
        hidden_only: decode hidden tokens alone, as a model learnt that decodes a part of them.
    """
    architecture = model.architecture
    batch = len(next(iter(views.values())))
    counts = {name: architecture.token_count(name) for name in inputs}
    masks = draw_masks(counts, batch, masked_share, generator)
    asked = {name: mask.masked for name, mask in masks.items()}
    hidden_only = hidden_only and bool(masked_share)
    predicted = model({n: views[n] for n in inputs}, masks, asked if hidden_only else None)
    found = {}
    for name in inputs:
        noisy, clean = views[name], views[MODALITIES[name].target]
        patches = predicted[name]
        if masked_share:
            hidden = patches if hidden_only else take(patches, masks[name].masked)
            patches = put_back(patchify(name, noisy, architecture), hidden, masks[name])
        made = unpatchify(name, patches, architecture)
        found[name] = Reconstruction(noisy, hidden_part(name, masks[name], architecture), made,
                                     clean)  # fmt: skip
    return found


def put_back(patches: Tensor, made: Tensor, mask: Mask) -> Tensor:
    """Patches [B, T, size] with those that were masked replaced by `made` [B, M, size]."""
    index = mask.masked.to(patches.device)[..., None].expand(-1, -1, patches.shape[-1])
    return patches.scatter(1, index, made.to(patches.dtype))


def unpatchify(name: str, patches: Tensor, architecture: Architecture) -> Tensor:
    """A modality from all of its patches [B, T, size]."""
    if MODALITIES[name].form == "image":
        image = architecture.image
        return unpatchify_image(patches, architecture.image_patch, image.height, image.width)
    return unpatchify_signal(patches, architecture.signal_patch)


def hidden_part(name: str, mask: Mask, architecture: Architecture) -> Tensor:
    """Where a mask lies: bool [B, H, W] of an image, [B, N] of a signal."""
    batch, tokens = len(mask.masked), architecture.token_count(name)
    hidden = torch.zeros(batch, tokens).scatter(1, mask.masked, 1.0)
    patches = hidden[..., None].expand(-1, -1, architecture.patch_size(name))
    return unpatchify(name, patches, architecture)[:, 0] > 0.5


def decodes(model: nn.Module) -> bool:
    """Whether a model has decoders to ask."""
    return isinstance(model, DenoMAE)
