# SPDX-License-Identifier: GPL-3.0-or-later
"""Exported models, against the engine that they were exported from, in their own runtimes."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from denomae import Engine
from denomae.checkpoint import read_config, write_checkpoint
from denomae.cli import main
from denomae.exported import ExportedClassifier, draw
from denomae.modalities import NOISY_MODALITIES
from denomae.model.classifier import Classifier
from denomae.model.presets import PRESETS
from denomae.raster import ImageSpec, constellation_image

SMALL = dataclasses.replace(
    PRESETS["nano"],
    frame_length=128,
    image=ImageSpec(16, 16, 2.5, (0.75, 2.0), (3, 5)),
    image_patch=8,
    width=16,
    depth=2,
    heads=2,
    head_width=16,
)
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def checkpoint(nano_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of image, signal and spectra, with weights far from where they begin."""
    torch.manual_seed(5)
    config = read_config(nano_checkpoint)
    config = dataclasses.replace(
        config,
        architecture=SMALL,
        modalities=NOISY_MODALITIES,
        calibration=dataclasses.replace(config.calibration, temperature=0.5),
    )
    model = Classifier(SMALL, config.modalities, len(config.classes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp("small")
    write_checkpoint(folder, config, model)
    return folder


def frames_of(count: int) -> np.ndarray:
    """float32 [B, N, 2], of many powers, some of it outside the image."""
    rng = np.random.default_rng(count)
    frames = rng.standard_normal((count, SMALL.frame_length, 2), dtype=np.float32)
    return (frames * 10.0 ** rng.uniform(-6, 6, (count, 1, 1))).astype(np.float32)


def check(checkpoint: Path, run) -> None:
    """Whether a runtime gives what the engine gives, at batches of several sizes."""
    engine = Engine.load(checkpoint, device="cpu", precision="fp32", threads=1)
    for count in (1, 2, 7):
        iq = frames_of(count)
        wanted, _, snr_db = engine.probabilities(iq.view(np.complex64)[..., 0])
        probabilities, snr, logits = run(iq)
        assert probabilities.shape == wanted.shape and logits.shape == wanted.shape
        np.testing.assert_allclose(probabilities, wanted, atol=TOLERANCE)
        np.testing.assert_allclose(snr, snr_db, atol=TOLERANCE, rtol=TOLERANCE)
        calibrated = torch.from_numpy(logits / engine.config.calibration.temperature).softmax(1)
        np.testing.assert_allclose(calibrated, wanted, atol=TOLERANCE)
    assert wanted.std(0).max() > 0.01, "the answers are all the same"


def exported(checkpoint: Path, form: str, output: Path) -> dict:
    arguments = ["--checkpoint", str(checkpoint), "--format", form, "--output", str(output)]
    assert main(["export", *arguments]) == 0
    return json.loads(output.with_name(output.name + ".json").read_text())


def test_the_function_that_is_exported_is_the_engines(checkpoint):
    from denomae.checkpoint import load_model

    config = read_config(checkpoint)
    model = ExportedClassifier(load_model(checkpoint), config).eval()

    def run(iq: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            return [part.numpy() for part in model(torch.from_numpy(iq))]

    check(checkpoint, run)


def test_its_image_is_the_kernels_to_a_grey_level():
    rng = np.random.default_rng(0)
    for spec in (SMALL.image, ImageSpec()):
        points = rng.standard_normal((3, 256, 2), dtype=np.float32)
        frames = torch.from_numpy(points.view(np.complex64)[..., 0])
        drawn = draw(torch.from_numpy(points), spec)
        assert (drawn - constellation_image(frames, spec)).abs().max() < 1 / 255


def test_torch_export_gives_what_the_engine_gives_and_says_what_it_is(checkpoint, tmp_path):
    output = tmp_path / "model.pt2"
    described = exported(checkpoint, "torch", output)
    program = torch.export.load(output).module()
    check(checkpoint, lambda iq: [part.numpy() for part in program(torch.from_numpy(iq))])
    config = read_config(checkpoint)
    assert described["classes"] == list(config.classes)
    assert described["families"] == config.families
    assert described["input"]["shape"] == ["batch", 128, 2]
    assert described["temperature"] == 0.5
    assert described["weights_sha256"] == config.weights_sha256


def test_onnx_gives_what_the_engine_gives(checkpoint, tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    output = tmp_path / "model.onnx"
    exported(checkpoint, "onnx", output)
    session = runtime.InferenceSession(str(output), providers=["CPUExecutionProvider"])
    check(checkpoint, lambda iq: session.run(None, {"iq": iq}))
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["model.onnx", "model.onnx.json"]


@pytest.mark.long  # minutes of compiling
@pytest.mark.timeout(900)
def test_aotinductor_gives_what_the_engine_gives(checkpoint, tmp_path):
    if shutil.which("g++") is None:
        pytest.skip("there is no C++ compiler")
    from torch._inductor import aoti_load_package

    output = tmp_path / "model.pt2"
    exported(checkpoint, "aoti", output)
    compiled = aoti_load_package(str(output))
    check(checkpoint, lambda iq: [part.numpy() for part in compiled(torch.from_numpy(iq))])


@pytest.mark.parametrize(
    ("output", "form", "said"),
    [
        ("model.onnx", "torch", "a file of format torch ends in '.pt2'"),
        ("model.pt2", "onnx", "a file of format onnx ends in '.onnx'"),
        ("nowhere/model.pt2", "torch", "there is no folder"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_sentence(
    checkpoint, tmp_path, capsys, output, form, said
):
    arguments = ["--checkpoint", str(checkpoint), "--format", form]
    assert main(["export", *arguments, "--output", str(tmp_path / output)]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_missing_library_is_named(checkpoint, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)  # as if it were not installed
    output = tmp_path / "model.onnx"
    arguments = ["--checkpoint", str(checkpoint), "--format", "onnx", "--output", str(output)]
    assert main(["export", *arguments]) == 2
    assert "needs the packages onnx and onnxscript" in capsys.readouterr().err


def test_images_that_other_runtimes_cannot_draw_are_refused(checkpoint, tmp_path, capsys):
    config = read_config(checkpoint)
    image = dataclasses.replace(SMALL.image, samples="corrected")
    architecture = dataclasses.replace(SMALL, image=image)
    model = Classifier(architecture, config.modalities, len(config.classes))
    write_checkpoint(tmp_path, dataclasses.replace(config, architecture=architecture), model)
    output = ["--output", str(tmp_path / "model.pt2")]
    assert main(["export", "--checkpoint", str(tmp_path), *output]) == 2
    assert "looks at images of corrected samples" in capsys.readouterr().err
    assert not (tmp_path / "model.pt2").exists()
