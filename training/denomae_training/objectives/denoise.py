# SPDX-License-Identifier: GPL-3.0-or-later
"""The second stage: noisy modalities alone, fully visible, to clean ones; error on all tokens.

Masked pretraining never learns what to answer for a token that it saw. This stage does; every
figure of SNR gain comes from it. Started from a pretrained encoder, frozen or not, it makes the
live denoiser; started from nothing it is the denoising autoencoder in ViT form, without masks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from denomae.checkpoint import CheckpointConfig, load_model, read_config
from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES, MODALITIES, NOISY_MODALITIES, in_table_order
from denomae.model.denoiser import Denoiser
from denomae.model.encoder import Encoder, patchify
from denomae.model.presets import Architecture
from denomae_training.feeds.sample import Sample
from denomae_training.objectives.objective import Objective

LEAST_NOISE = 0.01  # of a signal with unit power: below 20 dB under it, noise no longer adds weight


@dataclass(frozen=True)
class Denoise(Objective):
    """Noisy image, noisy signal, or both, to the clean ones."""

    modalities: tuple[str, ...] = LIVE_MODALITIES
    reconstructed: tuple[str, ...] = ()
    """Those whose clean form is learnt; none: all. The denoiser block wants `noisy_signal`."""
    start: Path | None = None
    """A checkpoint whose encoder is taken over."""
    frozen: bool = False
    """Train the decoders alone, so that the encoder still serves the classifier it came from. That
    classifier's head then comes along, where it sees the same modalities: it estimates the SNR."""
    relative: bool = True
    """Measure a signal's error in units of its frame's noise, which is one over the gain in SNR;
    else frames with little noise count for nothing. Images are measured as they are."""

    @property
    def needs(self) -> tuple[str, ...]:
        clean = (MODALITIES[name].target for name in self.reconstructed or self.modalities)
        return in_table_order({*self.modalities, *clean})

    def model(self, architecture: Architecture) -> Denoiser:
        wrong = [name for name in self.modalities if MODALITIES[name].waveform != "noisy"]
        if wrong:
            raise DenomaeError(
                f"a denoiser was asked to look at {wrong}, which nobody has on the air; "
                f"choose among {list(NOISY_MODALITIES)}"
            )
        if self.frozen and self.start is None:
            raise DenomaeError(
                "a frozen encoder without a start would stay random; name a checkpoint to start "
                "from, or train the encoder too"
            )
        classes = self._head_of()
        model = Denoiser(architecture, self.modalities, self.reconstructed, len(classes))
        if self.start is not None:
            take_encoder(model.encoder, self.start)
        model.encoder.requires_grad_(not self.frozen)
        if classes:
            model.head.load_state_dict(load_model(self.start).head.state_dict())
            model.head.requires_grad_(False)
        return model

    def record(self, config: CheckpointConfig) -> CheckpointConfig:
        classes = self._head_of()
        families = read_config(self.start).families if classes else {}
        return replace(config, reconstructed=self.reconstructed, classes=classes, families=families)

    def _head_of(self) -> tuple[str, ...]:
        """The classes of the head that comes along with the encoder; none: there is none."""
        if not self.frozen or self.start is None:
            return ()
        start = read_config(self.start)
        same = set(start.modalities) == set(self.modalities)
        return start.classes if same else ()

    def kept(self, model: Denoiser) -> tuple[str, nn.Module]:
        return "denoiser", model

    def loss(
        self, model: Denoiser, sample: Sample, generator: torch.Generator, share: float
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The sum over modalities of the mean squared errors on all tokens."""
        architecture = model.architecture
        predicted = model({name: sample.views[name] for name in in_table_order(self.modalities)})
        parts = {}
        for name, guess in predicted.items():
            goal = MODALITIES[name].target
            target = patchify(goal, sample.views[goal], architecture)
            error = (guess - target).square().mean((1, 2))  # [B]
            if self.relative and MODALITIES[name].form == "signal":
                error = error / noise_power(sample.views[name], sample.views[goal])
            parts[name] = error.mean()
        return torch.stack(list(parts.values())).sum(), parts


def noise_power(noisy: Tensor, clean: Tensor) -> Tensor:
    """Mean square a real number of what was added to [B, 2, N]; not below `LEAST_NOISE` / 2."""
    return (noisy - clean).square().mean((1, 2)).clamp(min=LEAST_NOISE / 2)


def take_encoder(encoder: Encoder, folder: Path) -> None:
    """Give an encoder the weights of a checkpoint's, of any kind, less modalities it does not have.

    Raises:
        DenomaeError: the checkpoint's encoder has other sizes, or lacks a modality.
    """
    loaded = load_model(folder)
    source = loaded if isinstance(loaded, Encoder) else loaded.encoder
    missing = [name for name in encoder.modalities if name not in source.modalities]
    if missing:
        raise DenomaeError(
            f"{folder} knows {list(source.modalities)}, not {missing}; choose another checkpoint "
            "to start from, or fewer modalities"
        )
    given, wanted = source.state_dict(), encoder.state_dict()
    for name, tensor in wanted.items():
        found = tuple(given[name].shape) if name in given else "nothing"
        if found != tuple(tensor.shape):
            raise DenomaeError(
                f"{folder}: {name}: found {found}, wanted {tuple(tensor.shape)}; "
                "start from a checkpoint of the same preset"
            )
    encoder.load_state_dict({name: given[name] for name in wanted})
