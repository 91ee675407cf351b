# SPDX-License-Identifier: GPL-3.0-or-later
"""The architecture of a model as one frozen dataclass, and the named sizes."""

from __future__ import annotations

from dataclasses import dataclass, field

from denomae.modalities import MODALITIES
from denomae.raster import PAPER_IMAGE, ImageSpec


@dataclass(frozen=True)
class Architecture:
    """Everything that decides the shapes of a model's tensors and what its inputs look like."""

    frame_length: int = 1024
    signal_patch: int = 16
    image: ImageSpec = field(default_factory=ImageSpec)
    image_patch: int = 16
    width: int = 128
    depth: int = 6
    heads: int = 4
    decoder_width: int = 64
    decoder_depth: int = 1
    decoder_heads: int = 4
    head_width: int = 128

    def token_count(self, modality: str) -> int:
        """How many tokens a modality has."""
        if MODALITIES[modality].form == "image":
            return (self.image.height // self.image_patch) * (self.image.width // self.image_patch)
        return self.frame_length // self.signal_patch

    def patch_size(self, modality: str) -> int:
        """How many numbers a patch of a modality holds."""
        if MODALITIES[modality].form == "image":
            return self.image.channels * self.image_patch**2
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
        depth=12,
        heads=12,
        decoder_width=768,
        decoder_depth=4,
        decoder_heads=12,
        head_width=512,
    ),
}


def multiply_accumulates(architecture: Architecture, modalities: tuple[str, ...]) -> int:
    """Multiply-accumulates to classify one frame from the given modalities, all tokens visible."""
    tokens = sum(architecture.token_count(name) for name in modalities)
    embedding = sum(
        architecture.token_count(name) * architecture.patch_size(name) * architecture.width
        for name in modalities
    )
    block = 12 * architecture.width**2 * tokens + 2 * tokens**2 * architecture.width
    return embedding + architecture.depth * block


def preset_table() -> list[dict[str, object]]:
    """One row a preset, as `denomae info --presets` prints it."""
    from denomae.modalities import LIVE_MODALITIES
    from denomae.model.build import on_meta_device, parameter_count
    from denomae.model.classifier import Classifier
    from denomae.model.denomae import DenoMAE

    rows = []
    for name, a in PRESETS.items():
        with on_meta_device():
            classifier = Classifier(a, LIVE_MODALITIES, class_count=11)
            whole = DenoMAE(a, tuple(MODALITIES))
        rows.append(
            {
                "preset": name,
                "image": f"{a.image.height}x{a.image.width}x{a.image.channels}",
                "patches": f"{a.image_patch} px, {a.signal_patch} samples",
                "tokens": sum(a.token_count(m) for m in LIVE_MODALITIES),
                "width": a.width,
                "depth": a.depth,
                "heads": a.heads,
                "decoders": f"{a.decoder_depth} x {a.decoder_width}",
                "parameters": parameter_count(classifier),
                "parameters_pretraining": parameter_count(whole),
                "gmac": round(multiply_accumulates(a, LIVE_MODALITIES) / 1e9, 3),
            }
        )
    return rows
