# SPDX-License-Identifier: GPL-3.0-or-later
"""The architecture of a model as one frozen dataclass, and the named sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from denomae.modalities import MODALITIES
from denomae.raster import PAPER_IMAGE, ImageSpec
from denomae.spectra import LINES
from denomae.typed import MAY_BE_MISSING


@dataclass(frozen=True)
class Architecture:
    """Everything that decides the shapes of a model's tensors and what its inputs look like.

    `mlp` is what follows attention in an encoder block: "plain" (two layers, as published) or
    "gated" (GEGLU, arXiv 2002.05202, at about the same cost). The gate multiplies two linear
    views of a token, which is how phase and envelope are read off I and Q.
    `signal_form` is how signals are cut: into stretches of I and Q ("patches"), or, as published,
    drawn as an image of their real part and cut like one ("image"). `spectra_patch` is in bins.
    """

    frame_length: int = 1024
    signal_patch: int = 16
    image: ImageSpec = field(default_factory=ImageSpec)
    image_patch: int = 16
    width: int = 128
    depth: int = 6
    heads: int = 4
    mlp: Literal["plain", "gated"] = "gated"
    decoder_width: int = 64
    decoder_depth: int = 1
    decoder_heads: int = 4
    head_width: int = 128
    signal_form: Literal["patches", "image"] = field(default="patches", metadata=MAY_BE_MISSING)
    spectra_patch: int = field(default=32, metadata=MAY_BE_MISSING)

    def form(self, modality: str) -> str:
        """ "image", "signal" or "spectra": how the model cuts a modality into patches."""
        form = MODALITIES[modality].form
        return self.signal_form.replace("patches", "signal") if form == "signal" else form

    def token_count(self, modality: str) -> int:
        """How many tokens a modality has."""
        if self.form(modality) == "image":
            return (self.image.height // self.image_patch) * (self.image.width // self.image_patch)
        patch = self.spectra_patch if self.form(modality) == "spectra" else self.signal_patch
        return self.frame_length // patch

    def patch_size(self, modality: str) -> int:
        """How many numbers a patch of a modality holds."""
        if self.form(modality) == "image":
            return self.image.channels * self.image_patch**2
        if self.form(modality) == "spectra":
            return len(LINES) * self.spectra_patch
        return 2 * self.signal_patch


PRESETS: dict[str, Architecture] = {
    "nano": Architecture(),
    "tiny": Architecture(
        image=ImageSpec(112, 112, 2.5, (1.3, 2.6, 5.2), (5, 10, 17)),
        width=192,
        depth=12,
        heads=3,
        decoder_width=96,
        decoder_depth=2,
        decoder_heads=3,
        head_width=192,
    ),
    "small": Architecture(
        image=PAPER_IMAGE,
        width=384,
        depth=12,
        heads=6,
        decoder_width=192,
        decoder_depth=2,
        decoder_heads=6,
        head_width=384,
    ),
    "base": Architecture(
        image=PAPER_IMAGE,
        width=768,
        mlp="plain",
        depth=12,
        heads=12,
        decoder_width=768,
        decoder_depth=4,
        decoder_heads=12,
        head_width=512,
    ),
}
