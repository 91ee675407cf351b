# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model makes of noisy frames, put back in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from denomae.modalities import MODALITIES
from denomae.model.denoiser import Denoiser, denoised
from denomae.model.denomae import DenoMAE
from denomae.model.encoder import patchify, unpatchify
from denomae.model.masking import Mask, draw_masks, take
from denomae.model.presets import Architecture
from denomae_training.evaluation.fidelity import psnr_db, squared_error, ssim

EPSILON = 1e-6  # as targets are normalised


@dataclass(frozen=True)
class Asking:
    """How a pretrained model is asked; see `objectives.masked` for what it learnt.

    Attributes:
        masked_share: of the tokens of each input; 0: nothing is hidden, all that comes out is the
            model's.
        hidden_only: decode hidden tokens alone, as a model learnt that decodes a part of them.
        normalised: the model's patches have no mean and no spread; the target's are given back.
        own_target: the model learnt to make its input as it came in, noise and all.
    """

    masked_share: float = 0.75
    hidden_only: bool = False
    normalised: bool = False
    own_target: bool = False


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

        Gains in SNR are those of hidden samples, or of all where nothing was hidden. Silence, a
        reconstruction of zeros, gains as many dB as the SNR lies below 0 dB.
        """
        if self.form == "image":
            return {
                "psnr_noisy_db": psnr_db(self.noisy, self.clean),
                "psnr_db": psnr_db(self.made, self.clean),
                "ssim_noisy": ssim(self.noisy, self.clean),
                "ssim": ssim(self.made, self.clean),
            }
        where = self.hidden[:, None] if self.hidden.any() else torch.ones(1)
        noise = squared_error(self.noisy * where, self.clean * where)
        error = squared_error(self.made * where, self.clean * where)
        power = squared_error(self.clean * where, torch.zeros(1))
        return {
            "gain_db": 10 * torch.log10(noise / error),
            "gain_of_silence_db": 10 * torch.log10(noise / power),
        }


@torch.inference_mode()
def reconstruct(
    model: DenoMAE,
    views: Mapping[str, Tensor],
    inputs: tuple[str, ...],
    asking: Asking,
    generator: torch.Generator,
) -> dict[str, Reconstruction]:
    """Hide a part of each input, and have the model make the rest.

    Args:
        views: the inputs and their clean modalities.
        inputs: the noisy modalities that the model is shown; nothing else.
        generator: draws what is hidden.
    """
    architecture = model.architecture
    batch = len(next(iter(views.values())))
    counts = {name: architecture.token_count(name) for name in inputs}
    masks = draw_masks(counts, batch, asking.masked_share, generator)
    asked = {name: mask.masked for name, mask in masks.items()}
    hidden_only = asking.hidden_only and bool(asking.masked_share)
    predicted = model({n: views[n] for n in inputs}, masks, asked if hidden_only else None)
    found = {}
    for name in (n for n in inputs if architecture.form(n) == MODALITIES[n].form):
        noisy, clean, mask = views[name], views[MODALITIES[name].target], masks[name]
        patches = predicted[name]
        if asking.masked_share:
            hidden = patches if hidden_only else take(patches, mask.masked)
            if asking.normalised:
                target = patchify(name, noisy if asking.own_target else clean, architecture)
                hidden = _with_scale_of(take(target, mask.masked), hidden)
            patches = put_back(patchify(name, noisy, architecture), hidden, mask)
        made = unpatchify(name, patches, architecture)
        found[name] = Reconstruction(noisy, hidden_part(name, mask, architecture), made, clean)
    return found


@torch.inference_mode()
def denoise(model: Denoiser, views: Mapping[str, Tensor]) -> dict[str, Reconstruction]:
    """What a denoiser makes of noisy modalities that it sees whole."""
    made = denoised(model, views)
    found = {}
    for name in model.encoder.modalities:
        target = MODALITIES[name].target
        nothing = torch.zeros_like(views[name][:, 0], dtype=torch.bool)
        found[name] = Reconstruction(views[name], nothing, made[target], views[target])
    return found


def put_back(patches: Tensor, made: Tensor, mask: Mask) -> Tensor:
    """Patches [B, T, size] with those that were masked replaced by `made` [B, M, size]."""
    index = mask.masked.to(patches.device)[..., None].expand(-1, -1, patches.shape[-1])
    return patches.scatter(1, index, made.to(patches.dtype))


def hidden_part(name: str, mask: Mask, architecture: Architecture) -> Tensor:
    """Where a mask lies: bool [B, H, W] of an image, [B, N] of a signal."""
    batch, tokens = len(mask.masked), architecture.token_count(name)
    hidden = torch.zeros(batch, tokens).scatter(1, mask.masked, 1.0)
    patches = hidden[..., None].expand(-1, -1, architecture.patch_size(name))
    return unpatchify(name, patches, architecture)[:, 0] > 0.5


def decodes(model: nn.Module) -> bool:
    """Whether a model has decoders to ask."""
    return isinstance(model, (DenoMAE, Denoiser))


def _with_scale_of(target: Tensor, made: Tensor) -> Tensor:
    """Patches with the mean and the spread of others: [B, M, size] twice."""
    spread = (target.var(-1, keepdim=True) + EPSILON).sqrt()
    return made * spread + target.mean(-1, keepdim=True)
