# SPDX-License-Identifier: GPL-3.0-or-later
"""A checkpoint is a folder of `model.safetensors` and `config.json`; never a pickle.

The loader trusts nothing: every field and every tensor's name, shape and type is checked, and an
error names the file, the field, what was found and what was wanted.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from denomae.errors import CheckpointError, DenomaeError
from denomae.modalities import MODALITIES
from denomae.model.classifier import Classifier
from denomae.model.denoiser import Denoiser
from denomae.model.denomae import DenoMAE
from denomae.model.encoder import Encoder
from denomae.model.presets import Architecture
from denomae.model.sparse import Kept
from denomae.typed import MAY_BE_MISSING, from_json, to_json

FORMAT = "denomae.checkpoint/1"
CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"
SHIPPED = Path(__file__).parent / "weights" / "live"
SHIPPED_DENOISER = SHIPPED.with_name("denoiser")
"""The same encoder, frozen, with a decoder for the signal."""
LARGEST_SCORE = 1e4  # of logits; a threshold beyond refuses everything or nothing


@dataclass(frozen=True)
class Refusal:
    """When a strong frame is unknown, however sure the model is of it.

    Attributes:
        score: of the calibrated logits, see `denomae.refusal`.
        threshold: of that score; below it a frame is unknown.
        from_db: estimated SNR, below which the score says nothing: weak frames look unfamiliar.
        middles, weights: of the score `distance`, [classes with a signal][classes - 1] and
            [classes - 1][classes - 1]; of the others empty.
    """

    score: Literal["probability", "logit", "energy", "distance"]
    threshold: float
    from_db: float
    middles: tuple[tuple[float, ...], ...] = field(default=(), metadata=MAY_BE_MISSING)
    weights: tuple[tuple[float, ...], ...] = field(default=(), metadata=MAY_BE_MISSING)


@dataclass(frozen=True)
class Calibration:
    """Fitted on validation frames: logits are divided by `temperature`, and a label whose
    probability lies below `threshold` is unknown."""

    temperature: float = 1.0
    threshold: float = 0.0
    refusal: Refusal | None = field(default=None, metadata=MAY_BE_MISSING)


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from."""

    seed: int
    frames_pretrained: int
    frames_finetuned: int
    commit: str


@dataclass(frozen=True)
class CheckpointConfig:
    """The record in `config.json`."""

    format: str
    name: str
    kind: Literal["pretrained", "classifier", "encoder", "denoiser"]
    architecture: Architecture
    modalities: tuple[str, ...]
    classes: tuple[str, ...]
    families: dict[str, str]
    power_normalisation: Literal["unit", "none"]
    recipe: str
    samples_per_symbol: tuple[float, float]
    snr_db: tuple[float, float]
    calibration: Calibration
    metrics: dict[str, float]
    provenance: Provenance
    weights_sha256: str = ""
    """Ties the record to its weights; `write_checkpoint` fills it in."""
    reconstructed: tuple[str, ...] = field(default=(), metadata=MAY_BE_MISSING)
    """The modalities for which a denoiser has a decoder; empty: all that it sees. One that has
    `classes` too has the head of the classifier whose encoder it shares."""
    kept: Kept = field(default=Kept(), metadata=MAY_BE_MISSING)
    """The tokens that a classifier looks at."""


def write_checkpoint(folder: Path, config: CheckpointConfig, model: nn.Module) -> None:
    """Write a checkpoint; each file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()
    }
    weights = save(tensors)
    config = replace(config, weights_sha256=hashlib.sha256(weights).hexdigest())
    replace_file(folder / WEIGHTS_FILE, weights)
    replace_file(folder / CONFIG_FILE, (json.dumps(to_json(config), indent=2) + "\n").encode())


def read_config(folder: str | Path) -> CheckpointConfig:
    """Read and check `config.json`.

    Raises:
        CheckpointError: the folder is no checkpoint, or a field is not as it must be.
    """
    folder = _checkpoint_folder(Path(folder))
    path = folder / CONFIG_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} is not JSON ({error}); write the checkpoint again") from None
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        raise CheckpointError(
            f"{path}: format: found {found!r}, wanted {FORMAT!r}; "
            "use the version of gr-denomae that wrote it, or train it again"
        )
    try:
        config = from_json(CheckpointConfig, data, str(path))
    except DenomaeError as error:
        raise CheckpointError(str(error)) from None
    _check_values(config, path)
    return config


def load_model(
    folder: str | Path, config: CheckpointConfig | None = None
) -> Classifier | DenoMAE | Encoder | Denoiser:
    """Build the model that a checkpoint describes, with its weights, on the CPU, in eval mode.

    Its kind says which: a `DenoMAE` with its decoders ("pretrained"), a "classifier", a "denoiser",
    or an "encoder" alone.

    Raises:
        CheckpointError: a tensor is missing, left over, or of another shape or type than the
            configuration wants.
    """
    config = config or read_config(folder)
    path = Path(folder) / WEIGHTS_FILE
    with torch.device("meta"):
        model = _empty_model(config)
    wanted = dict(model.state_dict())
    tensors = read_tensors(path, wanted)
    digest = weights_digest(folder)
    if digest != config.weights_sha256:
        raise CheckpointError(
            f"{path} does not belong to its {CONFIG_FILE}: its SHA-256 is {digest}, the field "
            f"weights_sha256 wants {config.weights_sha256!r}; copy both files from one place"
        )
    model = _empty_model(config)  # positions are computed, not stored: they need real memory
    model.load_state_dict(tensors)
    return model.eval()


def weights_digest(folder: str | Path) -> str:
    """SHA-256 of the weights file, in hexadecimal."""
    return hashlib.sha256((Path(folder) / WEIGHTS_FILE).read_bytes()).hexdigest()


def _empty_model(config: CheckpointConfig) -> Classifier | DenoMAE | Encoder | Denoiser:
    sizes = config.architecture, config.modalities
    if config.kind == "classifier":
        model = Classifier(*sizes, len(config.classes))
        model.kept = config.kept
        return model
    if config.kind == "denoiser":
        return Denoiser(*sizes, config.reconstructed, len(config.classes))
    return {"pretrained": DenoMAE, "encoder": Encoder}[config.kind](*sizes)


def read_tensors(path: Path, wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """Read a safetensors file, as float32.

    Args:
        wanted: every tensor's name, and one of its shape (on any device, the device "meta" too).

    Raises:
        CheckpointError: a tensor is missing, left over, or not as wanted, or the file is not whole.
    """
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            for name, tensor in wanted.items():
                if name not in names:
                    raise CheckpointError(f"{path}: the tensor {name!r} is missing")
                part = file.get_slice(name)
                shape, dtype = tuple(part.get_shape()), part.get_dtype()
                if shape != tuple(tensor.shape):
                    raise CheckpointError(
                        f"{path}: tensor {name!r}: found the shape {list(shape)}, "
                        f"wanted {list(tensor.shape)}"
                    )
                if dtype not in ("F32", "BF16"):
                    raise CheckpointError(
                        f"{path}: tensor {name!r}: found the type {dtype}, wanted F32 or BF16"
                    )
            left = sorted(names - set(wanted))
            if left:
                raise CheckpointError(
                    f"{path}: found the tensor {left[0]!r}, which the architecture does not have"
                )
            tensors = {name: file.get_tensor(name).float() for name in wanted}
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is not a whole safetensors file ({error}); copy or train it again"
        ) from None
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path}: tensor {name!r}: found NaN or infinity, wanted numbers")
    return tensors


def _checkpoint_folder(folder: Path) -> Path:
    if folder.is_file():
        start = folder.open("rb").read(4)
        if start[:2] == b"PK" or start[:1] == b"\x80":
            raise CheckpointError(
                f"{folder} is a pickle, which can run any code when it is opened; "
                f"wanted a folder of {WEIGHTS_FILE} and {CONFIG_FILE}"
            )
        raise CheckpointError(
            f"{folder} is a file; wanted the folder that holds {WEIGHTS_FILE} and {CONFIG_FILE}"
        )
    if not folder.is_dir():
        raise CheckpointError(
            f"no checkpoint at {folder}; wanted a folder of {WEIGHTS_FILE} and {CONFIG_FILE}"
        )
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise CheckpointError(
                f"{folder} holds no {name}; wanted {WEIGHTS_FILE} and {CONFIG_FILE}"
            )
    return folder


def _check_values(config: CheckpointConfig, path: Path) -> None:
    def refuse(field: str, found: object, wanted: str) -> None:
        raise CheckpointError(f"{path}: {field}: found {found!r}, wanted {wanted}")

    if not config.modalities or not set(config.modalities) <= set(MODALITIES):
        refuse("modalities", list(config.modalities), f"one or more of {list(MODALITIES)}")
    if not set(config.reconstructed) <= set(config.modalities):
        wanted = f"some of the modalities {list(config.modalities)}"
        refuse("reconstructed", list(config.reconstructed), wanted)
    a = config.architecture
    sizes = {
        "frame_length": a.frame_length,
        "signal_patch": a.signal_patch,
        "image_patch": a.image_patch,
        "spectra_patch": a.spectra_patch,
        "width": a.width,
        "heads": a.heads,
        "head_width": a.head_width,
        "decoder_width": a.decoder_width,
        "decoder_heads": a.decoder_heads,
        "image.height": a.image.height,
        "image.width": a.image.width,
    }
    for name, size in sizes.items():
        if not 1 <= size <= 65_536:
            refuse(f"architecture.{name}", size, "1 to 65536")
    for name, depth in {"depth": a.depth, "decoder_depth": a.decoder_depth}.items():
        if not 1 <= depth <= 64:
            refuse(f"architecture.{name}", depth, "1 to 64")
    if a.frame_length % a.signal_patch:
        multiple = f"a multiple of signal_patch {a.signal_patch}"
        refuse("architecture.frame_length", a.frame_length, multiple)
    if "spectra" in map(a.form, config.modalities) and a.frame_length % a.spectra_patch:
        multiple = f"a multiple of spectra_patch {a.spectra_patch}"
        refuse("architecture.frame_length", a.frame_length, multiple)
    if a.image.height % a.image_patch or a.image.width % a.image_patch:
        multiple = f"multiples of image_patch {a.image_patch}"
        refuse("architecture.image", [a.image.height, a.image.width], multiple)
    for name, width, heads in (
        ("width", a.width, a.heads),
        ("decoder_width", a.decoder_width, a.decoder_heads),
    ):
        if width % 4 or width % heads:
            refuse(f"architecture.{name}", width, f"a multiple of 4 and of its {heads} heads")
    if not a.image.extent > 0:
        refuse("architecture.image.extent", a.image.extent, "a number above 0")
    if not 1 <= a.image.channels <= 16 or not all(decay > 0 for decay in a.image.decay_px):
        refuse("architecture.image.decay_px", list(a.image.decay_px), "1 to 16 numbers above 0")
    if len(a.image.half_size_px) != a.image.channels or not all(
        0 <= half <= 1024 for half in a.image.half_size_px
    ):
        wanted = f"{a.image.channels} whole numbers of 0 to 1024"
        refuse("architecture.image.half_size_px", list(a.image.half_size_px), wanted)
    if not 1 <= a.image.lag < a.frame_length:
        refuse("architecture.image.lag", a.image.lag, f"1 to {a.frame_length - 1}")
    if not 0 < config.kept.image_share <= 1:
        refuse("kept.image_share", config.kept.image_share, "a share above 0, up to 1")
    if not 1 <= config.kept.signal_every <= a.frame_length // a.signal_patch:
        wanted = f"1 to the signal's {a.frame_length // a.signal_patch} patches"
        refuse("kept.signal_every", config.kept.signal_every, wanted)
    if config.kind == "classifier" or config.classes:
        if not config.classes or len(set(config.classes)) != len(config.classes):
            refuse("classes", list(config.classes), "one or more different names")
        if set(config.families) != set(config.classes):
            refuse(
                "families",
                sorted(config.families),
                f"a family for each of {sorted(config.classes)}",
            )
    calibration = config.calibration
    if not calibration.temperature > 0 or not 0 <= calibration.threshold <= 1:
        refuse("calibration", to_json(calibration), "a temperature above 0 and a threshold in 0..1")
    refusal = calibration.refusal
    wide = len(config.classes) - 1
    for name in ("middles", "weights") if refusal and refusal.score == "distance" else ():
        rows = getattr(refusal, name)
        if not rows or any(len(row) != wide for row in rows):
            found = f"{len(rows)} rows of {sorted({len(row) for row in rows})} numbers"
            refuse(f"calibration.refusal.{name}", found, f"rows of {wide} numbers, or other scores")
    if refusal and refusal.score == "distance" and len(refusal.weights) != wide:
        refuse("calibration.refusal.weights", f"{len(refusal.weights)} rows", f"{wide} rows")
    if refusal and refusal.score == "probability" and not 0 <= refusal.threshold <= 1:
        refuse("calibration.refusal.threshold", refusal.threshold, "a probability in 0..1")
    if refusal and abs(refusal.threshold) > LARGEST_SCORE:
        wanted = f"-{LARGEST_SCORE:g} to {LARGEST_SCORE:g}"
        refuse("calibration.refusal.threshold", refusal.threshold, wanted)
    if refusal and not abs(refusal.from_db) <= 100:
        refuse("calibration.refusal.from_db", refusal.from_db, "-100 to 100 dB")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
