# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints as files for other runtimes: torch.export, AOTInductor, ONNX."""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch

from denomae.checkpoint import (
    SHIPPED,
    CheckpointConfig,
    load_model,
    read_config,
    replace_file,
    weights_digest,
)
from denomae.errors import CheckpointError, DenomaeError
from denomae.exported import INPUT, OUTPUTS, ExportedClassifier

SCHEMA = "denomae.export/1"
Format = Literal["torch", "aoti", "onnx"]
SUFFIXES: dict[str, str] = {"torch": ".pt2", "aoti": ".pt2", "onnx": ".onnx"}
MOST_FRAMES = 4096  # in a batch
_TRACED_WITH = 3  # frames: 1 and 2 would be taken for constants


def export(checkpoint: str | Path | None, form: Format, output: str | Path) -> Path:
    """Write a classifier for another runtime, and beside it `OUTPUT.json`, which says what it is.

    Args:
        checkpoint: its folder; None: the shipped model.
        form: "torch" (`torch.export`, for `torch.export.load`), "aoti" (compiled by AOTInductor
            for this kind of processor, for `torch._inductor.aoti_load_package` and C++), "onnx".
        output: the file; `.pt2` for the first two, `.onnx` for the last.

    Returns:
        the path of the JSON file.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        DenomaeError: another suffix, a library or a compiler that is missing, or a runtime that
            cannot take the model.
    """
    path = Path(output)
    if form not in SUFFIXES:
        raise DenomaeError(f"the format is {form!r}, wanted one of {', '.join(SUFFIXES)}")
    if path.suffix != SUFFIXES[form]:
        raise DenomaeError(
            f"the output is {path}, and a file of format {form} ends in {SUFFIXES[form]!r}; "
            "name it so"
        )
    if not path.parent.is_dir():
        raise DenomaeError(f"there is no folder {path.parent} for {path.name}; make it first")
    folder = Path(checkpoint) if checkpoint else SHIPPED
    config = read_config(folder)
    if config.kind != "classifier":
        raise CheckpointError(
            f"{folder} is a {config.kind} checkpoint without a classifier; fine-tune it first "
            "(denomae-train finetune)"
        )
    samples = config.architecture.image.samples
    if samples != "raw" and "noisy_image" in config.modalities:
        raise DenomaeError(
            f"{folder} looks at images of {samples} samples, which have no form for other runtimes "
            "yet; wanted a model of raw images, or of the signal alone"
        )
    model = ExportedClassifier(load_model(folder, config), config).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    partial = path.with_name(f"partial-{path.name}")  # the suffix stays: torch looks at it
    try:
        {"torch": _torch, "aoti": _aoti, "onnx": _onnx}[form](model, config, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    described = path.with_name(path.name + ".json")
    text = json.dumps(describe(config, weights_digest(folder), form), indent=2) + "\n"
    replace_file(described, text.encode())
    return described


def describe(config: CheckpointConfig, digest: str, form: str) -> dict[str, Any]:
    """What a program has to know of an exported model; stands beside it as JSON."""
    n, count = config.architecture.frame_length, len(config.classes)
    refusal = config.calibration.refusal
    outputs = {"probabilities": ["batch", count], "snr_db": ["batch"], "logits": ["batch", count]}
    return {
        "schema": SCHEMA,
        "format": form,
        "model": f"{config.name} {digest[:12]}",
        "weights_sha256": digest,
        "input": {"name": INPUT, "type": "float32", "shape": ["batch", n, 2]},
        "outputs": [
            {"name": name, "type": "float32", "shape": shape} for name, shape in outputs.items()
        ],
        "most_frames": MOST_FRAMES,
        "frame_length": n,
        "classes": list(config.classes),
        "families": config.families,
        "temperature": config.calibration.temperature,
        "threshold": config.calibration.threshold,
        "refusal": refusal and asdict(refusal),
        "samples_per_symbol": list(config.samples_per_symbol),
        "snr_db": list(config.snr_db),
        "recipe": config.recipe,
        "commit": config.provenance.commit,
    }


def _example(config: CheckpointConfig) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(_TRACED_WITH, config.architecture.frame_length, 2, generator=generator)


def _shapes() -> dict[str, dict[int, Any]]:
    return {INPUT: {0: torch.export.Dim("batch", min=1, max=MOST_FRAMES)}}


def _program(model: ExportedClassifier, config: CheckpointConfig) -> torch.export.ExportedProgram:
    with torch.no_grad():
        return torch.export.export(model, (_example(config),), dynamic_shapes=_shapes())


def _torch(model: ExportedClassifier, config: CheckpointConfig, path: Path) -> None:
    torch.export.save(_program(model, config), path)


def _aoti(model: ExportedClassifier, config: CheckpointConfig, path: Path) -> None:
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        raise DenomaeError(
            "AOTInductor needs a C++ compiler, and there is neither g++ nor clang++; install one, "
            "or export to torch or onnx"
        )
    from torch._inductor import aoti_compile_and_package

    try:
        aoti_compile_and_package(_program(model, config), package_path=str(path))
    except RuntimeError as error:  # the compiler's
        said = str(error).strip().split("\n")[0]
        raise DenomaeError(
            f"AOTInductor could not compile the model ({said}); export to torch or onnx"
        ) from error


def _onnx(model: ExportedClassifier, config: CheckpointConfig, path: Path) -> None:
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except (ImportError, AttributeError) as error:  # the latter: built for another numpy
        raise DenomaeError(
            f"the format onnx needs the packages onnx and onnxscript ({error}); install them "
            "(pip install onnx onnxscript -c requirements/constraints.txt), or export to torch"
        ) from error
    for name in ("onnxscript", "onnx_ir", "torch.onnx"):  # what they say is of no use here
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (_example(config),),
            str(path),
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes=_shapes(),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
