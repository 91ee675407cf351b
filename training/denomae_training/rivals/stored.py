# SPDX-License-Identifier: GPL-3.0-or-later
"""An encoder that is no ViT on disk: a folder of `encoder.safetensors` and `encoder.json`.

Checkpoints, which run live, know the ViT alone; these are what training goes on from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save
from torch import nn

from denomae.checkpoint import CONFIG_FILE, load_model, read_tensors, replace_file
from denomae.errors import CheckpointError, DenomaeError
from denomae.modalities import in_table_order
from denomae.model.presets import Architecture
from denomae.typed import from_json, to_json
from denomae_training.rivals.cnn import CnnEncoder, CnnSize
from denomae_training.rivals.conv import ConvEncoder
from denomae_training.rivals.encoders import kind_of

FORMAT = "denomae.encoder/1"
RECORD_FILE, WEIGHTS_FILE = "encoder.json", "encoder.safetensors"


@dataclass(frozen=True)
class EncoderRecord:
    """The record in `encoder.json`; `size` is the CNN's."""

    format: str
    kind: Literal["cnn", "conv"]
    architecture: Architecture
    modalities: tuple[str, ...]
    size: CnnSize | None
    weights_sha256: str


def save_encoder(folder: Path, encoder: nn.Module) -> None:
    """Write an encoder; each file appears whole or not at all.

    Raises:
        DenomaeError: it is a ViT, whose place is a checkpoint.
    """
    kind = kind_of(encoder)
    if kind == "vit":
        raise DenomaeError(
            f"a ViT is stored as a checkpoint, not as {WEIGHTS_FILE}; wanted one of cnn and conv"
        )
    folder.mkdir(parents=True, exist_ok=True)
    state = encoder.state_dict().items()
    weights = save({name: tensor.detach().cpu().contiguous() for name, tensor in state})
    record = EncoderRecord(
        FORMAT,
        kind,
        encoder.architecture,
        encoder.modalities,
        encoder.size if isinstance(encoder, CnnEncoder) else None,
        hashlib.sha256(weights).hexdigest(),
    )
    replace_file(folder / WEIGHTS_FILE, weights)
    replace_file(folder / RECORD_FILE, (json.dumps(to_json(record), indent=2) + "\n").encode())


def load_encoder(folder: str | Path) -> nn.Module:
    """The encoder of a folder, on the CPU, in eval mode: as written here, or of a checkpoint.

    Raises:
        CheckpointError: the folder holds neither, or a field or tensor is not as it must be.
    """
    folder = Path(folder)
    if not (folder / RECORD_FILE).is_file():
        if folder.is_dir() and not (folder / CONFIG_FILE).is_file():
            raise CheckpointError(
                f"{folder} holds neither {RECORD_FILE} nor {CONFIG_FILE}; wanted the folder of an "
                "encoder or of a checkpoint"
            )
        model = load_model(folder)
        return getattr(model, "encoder", model)
    record = _read_record(folder / RECORD_FILE)
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise CheckpointError(f"{folder} holds no {WEIGHTS_FILE}; copy it, or train it again")
    try:
        with torch.device("meta"):  # shapes are compared before any memory is taken
            encoder = _empty_encoder(record)
    except DenomaeError as error:
        raise CheckpointError(f"{folder / RECORD_FILE}: {error}") from None
    tensors = read_tensors(path, dict(encoder.state_dict()))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != record.weights_sha256:
        raise CheckpointError(
            f"{path} does not belong to its {RECORD_FILE}: its SHA-256 is {digest}, the field "
            f"weights_sha256 wants {record.weights_sha256!r}; copy both files from one place"
        )
    encoder.load_state_dict(tensors, assign=True)
    return encoder.requires_grad_(True).eval()


def _empty_encoder(record: EncoderRecord) -> nn.Module:
    if record.kind == "cnn":
        return CnnEncoder(record.architecture, record.modalities, record.size)
    return ConvEncoder(record.architecture, record.modalities)


def _read_record(path: Path) -> EncoderRecord:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} is not JSON ({error}); write the encoder again") from None
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        raise CheckpointError(f"{path}: format: found {found!r}, wanted {FORMAT!r}; train it again")
    try:
        record = from_json(EncoderRecord, data, str(path))
        in_table_order(record.modalities)
    except DenomaeError as error:
        where = "" if str(error).startswith(str(path)) else f"{path}: "
        raise CheckpointError(f"{where}{error}") from None
    sizes = {"architecture.width": (record.architecture.width,)}
    if record.size is not None:
        sizes |= {f"size.{name}": values for name, values in vars(record.size).items()}
        if len({len(values) for values in vars(record.size).values()}) > 1:
            raise CheckpointError(f"{path}: size: found lists of unequal length, wanted equal ones")
    for field, values in sizes.items():
        if not values or not all(1 <= value <= 65_536 for value in values):
            raise CheckpointError(f"{path}: {field}: found {list(values)}, wanted 1 to 65536")
    return record
