# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae export`: a classifier as a file for another runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from denomae.cli.text import note


@dataclass(frozen=True)
class Export:
    """Write a classifier for another runtime: IQ in, calibrated probabilities out. Takes a minute
    or more. Beside the file lies OUTPUT.json: the classes and what else a program must know."""

    output: Path
    """The file: NAME.pt2 for torch and aoti, NAME.onnx for onnx."""
    format: Literal["torch", "aoti", "onnx"] = "torch"
    """torch: torch.export; aoti: compiled by AOTInductor (needs a C++ compiler); onnx: for ONNX
    Runtime and others (needs the packages onnx and onnxscript)."""
    checkpoint: Path | None = None
    """Folder of a checkpoint; the shipped model by default."""

    def run(self) -> int:
        from denomae.export import export

        described = export(self.checkpoint, self.format, self.output)
        size = self.output.stat().st_size
        note(f"{self.output} is the model ({size / 1e6:.1f} MB), {described} says what it takes")
        return 0
