# SPDX-License-Identifier: GPL-3.0-or-later
"""Noisy modalities to clean ones, every token visible: what reconstructs a frame on the air."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae.modalities import MODALITIES, in_table_order
from denomae.model.classifier import Head
from denomae.model.decoder import Decoder
from denomae.model.denomae import DenoMAE
from denomae.model.encoder import Encoder, patchify, unpatchify
from denomae.model.initialise import initialise
from denomae.model.masking import Mask
from denomae.model.presets import Architecture


class LinearFilter(nn.Module):
    """A learnt filter with one set of real taps for I and Q: [B, 2, N] to [B, 2, N].

    It is the linear part of the estimate, of whole symbols and their neighbours; the decoder adds
    what no filter can know. It starts as the identity: whatever it takes away has been learnt.
    """

    TAPS = 65
    SCALE = 8.0  # a tap is so many times its parameter: AdamW's steps, alike for all, suit weights

    def __init__(self) -> None:
        super().__init__()
        taps = torch.zeros(self.TAPS)
        taps[self.TAPS // 2] = 1 / self.SCALE
        self.taps = nn.Parameter(taps)

    def forward(self, signal: Tensor) -> Tensor:
        batch, parts, length = signal.shape
        lines = signal.reshape(batch * parts, 1, length)
        taps = self.SCALE * self.taps[None, None]
        return F.conv1d(lines, taps, padding="same").view(batch, parts, length)


class Denoiser(nn.Module):
    """An encoder that sees everything, and a decoder for each clean target that is wanted.

    A signal's estimate is its linear filter's, corrected by its decoder.

    Args:
        architecture: of encoder and decoders.
        modalities: that the encoder sees.
        reconstructed: those among them that have a decoder; empty: all.
        class_count: of the head of the classifier that the encoder came from, which estimates the
            SNR; 0: there is none.
    """

    def __init__(
        self,
        architecture: Architecture,
        modalities: tuple[str, ...],
        reconstructed: tuple[str, ...] = (),
        class_count: int = 0,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.encoder = Encoder(architecture, modalities)
        names = in_table_order(reconstructed or self.encoder.modalities)
        unseen = [name for name in names if name not in self.encoder.modalities]
        if unseen:
            raise DenomaeError(
                f"a denoiser of {list(self.encoder.modalities)} was asked to reconstruct {unseen}, "
                "which it does not see"
            )
        self.decoders = nn.ModuleDict({name: Decoder(name, architecture) for name in names})
        self.head = Head(architecture, class_count) if class_count else None
        initialise(self)
        signals = [name for name in names if architecture.form(name) == "signal"]
        self.filters = nn.ModuleDict({name: LinearFilter() for name in signals})
        for name in signals:  # a signal as it came, until something is learnt
            nn.init.zeros_(self.decoders[name].leave.weight)

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Modality name to the patches of its target: [B, T, size]."""
        return self.reconstruct(inputs, self.encode(inputs))

    def encode(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Modality name to its tokens, [B, T, D] of the encoder's type."""
        kind = self.encoder.norm.weight.dtype
        return self.encoder({name: values.to(kind) for name, values in inputs.items()})

    def reconstruct(
        self, inputs: Mapping[str, Tensor], encoded: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """What `forward` gives, of inputs and their tokens."""
        patches = {}
        for name, mask in whole_masks(inputs, self.architecture).items():
            if name not in self.decoders:
                continue
            patches[name] = self.decoders[name](encoded, mask)
            if name in self.filters:
                filtered = self.filters[name](inputs[name])
                patches[name] = patches[name] + patchify(name, filtered, self.architecture)
        return patches


def whole_masks(inputs: Mapping[str, Tensor], architecture: Architecture) -> dict[str, Mask]:
    """Masks that hide nothing, for a batch of inputs."""
    masks = {}
    for name, values in inputs.items():
        count = architecture.token_count(name)
        every = torch.arange(count, device=values.device).expand(len(values), -1)
        masks[name] = Mask(every, every[:, :0])
    return masks


def denoised(model: Denoiser | DenoMAE, views: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a model makes of the noisy modalities it knows, all of them visible.

    Args:
        views: modality name to its values; those that are not noisy are left aside.

    Returns:
        target to its values: `clean_image` float32 [B, C, H, W], `clean_signal` float32 [B, 2, N];
        those that the model has a decoder for.

    Raises:
        DenomaeError: the model knows none of the noisy modalities, or one that is not given.
    """
    names = [n for n in model.encoder.modalities if MODALITIES[n].waveform == "noisy"]
    if not names:
        raise DenomaeError(
            f"this model sees {list(model.encoder.modalities)}, nothing noisy that it could clean; "
            "choose one that was trained on noisy_image or noisy_signal"
        )
    absent = [name for name in names if name not in views]
    if absent:
        raise DenomaeError(f"the model denoises {names}, of which {absent} is not given")
    inputs = {name: views[name] for name in names}
    if isinstance(model, Denoiser):
        patches = model(inputs)
    else:
        patches = model(inputs, whole_masks(inputs, model.architecture))
    return {
        MODALITIES[name].target: unpatchify(name, values.float(), model.architecture)
        for name, values in patches.items()
    }


def filtered(model: Denoiser, views: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a denoiser's learnt filters alone make of noisy signals, its decoders left out.

    No encoder has a part in it: `denoised` gains by the encoder what it gains beyond this.

    Args:
        views: modality name to its values; those that are no noisy signal are left aside.

    Returns:
        target to its values, `clean_signal` float32 [B, 2, N]; empty for a model of images alone.
    """
    return {
        MODALITIES[name].target: taps(views[name]).float() for name, taps in model.filters.items()
    }
