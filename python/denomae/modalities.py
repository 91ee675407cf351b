# SPDX-License-Identifier: GPL-3.0-or-later
"""The modalities as one table, and how each is built from IQ frames: the five of DenoMAE (arXiv
2501.11538), and spectra, which show in one token what a signal has all along a frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from denomae.errors import DenomaeError
from denomae.raster import ImageSpec, constellation_image
from denomae.raster.shown import shown_samples
from denomae.spectra import spectra


@dataclass(frozen=True)
class Modality:
    """One view of a frame: which waveform it shows, in which form, and what it must become."""

    name: str
    waveform: str  # "noisy", "clean" or "noise"
    form: str  # "image", "signal" or "spectra"
    target: str  # the modality that its decoder reconstructs


MODALITIES: dict[str, Modality] = {
    modality.name: modality
    for modality in (
        Modality("noisy_image", "noisy", "image", target="clean_image"),
        Modality("noisy_signal", "noisy", "signal", target="clean_signal"),
        Modality("clean_image", "clean", "image", target="clean_image"),
        Modality("clean_signal", "clean", "signal", target="clean_signal"),
        Modality("noise", "noise", "signal", target="noise"),
        Modality("noisy_spectra", "noisy", "spectra", target="clean_spectra"),
        Modality("clean_spectra", "clean", "spectra", target="clean_spectra"),
    )
}
PUBLISHED_MODALITIES = ("noisy_image", "noisy_signal", "clean_image", "clean_signal", "noise")
NOISY_MODALITIES = tuple(m.name for m in MODALITIES.values() if m.waveform == "noisy")
LIVE_MODALITIES = ("noisy_image", "noisy_signal")


def in_table_order(names: Iterable[str]) -> tuple[str, ...]:
    """The given modality names in the order of the table, each known and named once.

    Raises:
        DenomaeError: a name is unknown or repeated, or there is none.
    """
    given = list(names)
    unknown = [name for name in given if name not in MODALITIES]
    if unknown or not given or len(set(given)) != len(given):
        raise DenomaeError(
            f"modalities are {given}; wanted one or more of {list(MODALITIES)}, each at most once"
        )
    return tuple(name for name in MODALITIES if name in given)


def power_scale(frames: Tensor) -> Tensor:
    """The factor that brings each frame to unit mean power: float64 [B, 1] for complex64 [B, N].

    Right over the whole range of float32; a frame of zeros has factor 1.
    """
    parts = torch.view_as_real(frames).flatten(1)  # [B, 2N]
    # In float64, where even the smallest float32 squared is far from 0.
    norm = torch.linalg.vector_norm(parts, dim=1, keepdim=True, dtype=torch.float64)
    return torch.where(norm > 0, frames.shape[1] ** 0.5 / norm, 1.0)


def scaled(frames: Tensor, scale: Tensor) -> Tensor:
    """Frames complex64 [B, N] times float64 [B, 1], as complex64."""
    return (frames.to(torch.complex128) * scale).to(torch.complex64)


def unit_power(frames: Tensor) -> Tensor:
    """Frames scaled to unit mean power: complex64 [B, N] to complex64 [B, N]."""
    return scaled(frames, power_scale(frames))


def build(
    waveforms: Mapping[str, Tensor], names: Iterable[str], image: ImageSpec
) -> dict[str, Tensor]:
    """Build modalities from waveforms that are already at one scale.

    Args:
        waveforms: "noisy", "clean", "noise" (those that `names` need) to complex64 [B, N].
        names: modality names.
        image: how constellations are drawn, and of which samples. A correction is found from the
            noisy waveform, where there is one.

    Returns:
        name to float32 [B, C, H, W] (images), [B, 2, N] (signals) or [B, L, N] (spectra), in table
        order.
    """
    built: dict[str, Tensor] = {}
    for name in in_table_order(names):
        modality = MODALITIES[name]
        frames = waveforms[modality.waveform]
        if modality.form == "image":
            samples = shown_samples(frames, image, waveforms.get("noisy"))
            built[name] = constellation_image(samples, image)
        elif modality.form == "spectra":
            built[name] = spectra(frames)
        else:
            built[name] = torch.view_as_real(frames).transpose(1, 2).contiguous()
    return built
