# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae info`: what a model knows, and the model sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from denomae.cli.text import counted, print_table

if TYPE_CHECKING:
    from denomae.checkpoint import Calibration
    from denomae.engine import Engine


@dataclass(frozen=True)
class Info:
    """Say what a model knows: classes, frame length, limits, where it comes from."""

    checkpoint: Path | None = None
    """Folder of a checkpoint; the shipped model by default."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:0."""
    presets: bool = False
    """Print the table of model sizes instead."""

    def run(self) -> int:
        if self.presets:
            _print_presets()
            return 0
        from denomae.engine import Engine

        _print_model(Engine.load(self.checkpoint, device=self.device))
        return 0


def _print_presets() -> None:
    from denomae.model.sizes import preset_table

    rows = preset_table()
    columns = [str(name).replace("_", " ") for name in rows[0]]
    print_table(columns, [[_cell(value) for value in row.values()] for row in rows])
    print("gmac: billions of multiply-accumulates to classify one frame")


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _thresholds(calibration: Calibration) -> str:
    said = f"a probability of {calibration.threshold:.3g}"
    refusal = calibration.refusal
    if refusal is None:
        return said
    return f"{said}; from {refusal.from_db:g} dB on {refusal.score} {refusal.threshold:.3g}"


def _print_model(engine: Engine) -> None:
    config = engine.config
    image, source = config.architecture.image, config.provenance
    low_rate, high_rate = engine.samples_per_symbol
    by_family: dict[str, list[str]] = {}
    for name in engine.classes:
        by_family.setdefault(engine.families[name], []).append(name)
    lines = {
        "model": engine.model_name,
        "frame": counted(engine.frame_length, "sample"),
        "inputs": ", ".join(config.modalities),
        "image": f"{image.height} x {image.width} x {image.channels}, extent {image.extent:g}",
        "samples a symbol": f"{low_rate:g} to {high_rate:g}",
        "SNR": f"{config.snr_db[0]:g} to {config.snr_db[1]:g} dB",
        "unknown below": _thresholds(config.calibration),
        "recipe": config.recipe,
        "made from": f"seed {source.seed}, {source.frames_pretrained:,} frames to pretrain,"
        f" {source.frames_finetuned:,} to fine-tune, commit {source.commit}",
        "device": f"{engine.device}, {str(engine.precision).removeprefix('torch.')}",
    }
    width = max(len(name) for name in lines)
    for name, value in lines.items():
        print(f"{name:<{width}}  {value}")
    print()
    print(f"{len(engine.classes)} classes, by family")
    for family, classes in by_family.items():
        print(f"{family:<{width}}  {', '.join(classes)}")
