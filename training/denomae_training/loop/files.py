# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a run that appear whole or not at all, and are on the disk when they appear."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from denomae.checkpoint import replace_file
from denomae.errors import DenomaeError
from denomae_training.loop.state import StateError, reason


def write_file(path: Path, content: bytes) -> None:
    """Write a file, or replace one, which stays as it was where there is no room.

    Raises:
        StateError: it cannot be written, for a full disk above all.
    """
    try:
        replace_file(path, content)
    except OSError as error:
        path.with_name(path.name + ".partial").unlink(missing_ok=True)
        raise _unwritten(path, error) from error


def write_weights(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """The same with tensors of any device, as safetensors."""
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        content = save(held)
    except SafetensorError as error:
        raise _unwritten(path, error) from error
    write_file(path, content)


def read_weights(path: Path) -> dict[str, Tensor]:
    """What `write_weights` wrote, on the CPU.

    Raises:
        DenomaeError: it cannot be read.
    """
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise DenomaeError(
            f"{path} cannot be read ({reason(error)}); move it away, and the same command makes it "
            "again"
        ) from error


def _unwritten(path: Path, error: Exception) -> StateError:
    return StateError(
        f"{path} could not be written ({reason(error)}); the same command goes on from the last "
        "state once there is room"
    )
