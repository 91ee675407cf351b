# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's state on disk: what it takes to go on after a kill, exactly where it stood.

Batches, masks and dropout are functions of the seed and the step, so the state is the weights,
their average if one is kept, the optimizer's moments, and the step. Each state is a folder:

    state-00001200/model.safetensors      the weights, by the model's names
    state-00001200/optimizer.safetensors  `<parameter's name>/<exp_avg, exp_avg_sq, step>`
    state-00001200/average.safetensors    the moving average, where there is one
    state-00001200/state.json             {"step", "files": {name: SHA-256}}

It is written under another name, brought to the disk, and renamed: a kill at any moment leaves
whole states. The last two are kept, so that a damaged one costs little.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from denomae.errors import DenomaeError
from denomae_training.loop.average import Average

KEPT = 2
_logger = logging.getLogger(__name__)


class StateError(DenomaeError):
    """A state cannot be written, or none can be read."""


def save_state(
    folder: Path,
    step: int,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: Average | None = None,
) -> None:
    """Write the state after `step` steps and forget all but the last two.

    Raises:
        StateError: it cannot be written, for a full disk above all; the states that are there stay.
    """
    partial = folder / "state.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        files = {"model": model.state_dict(), "optimizer": _moments(model, optimizer)}
        if average is not None:
            files["average"] = average.values
        sums = {}
        for name, tensors in files.items():
            path = partial / f"{name}.safetensors"
            save_file({key: value.contiguous() for key, value in tensors.items()}, path)
            sums[path.name] = _settled(path)
        record = partial / "state.json"
        record.write_text(json.dumps({"step": step, "files": sums}) + "\n", encoding="utf-8")
        _settled(record)
        path = folder / f"state-{step:08d}"
        shutil.rmtree(path, ignore_errors=True)  # one of this step that was found damaged
        partial.rename(path)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        there = states(folder)
        last = f"the last good state is {there[-1].name}" if there else "there is no state yet"
        raise StateError(
            f"{folder}: the state after step {step} could not be written ({reason(error)}); "
            f"{last}, from which the same command goes on once there is room"
        ) from error
    for old in states(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def load_state(
    folder: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: Average | None = None,
) -> int:
    """Fill in the newest whole state; returns its step, 0 where there is none.

    Raises:
        StateError: there are states, and none of them is whole.
    """
    there = states(folder)
    for path in reversed(there):
        try:
            step, files = _read(path)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            _logger.warning("%s is damaged (%s); going on from the state before", path, error)
            continue
        model.load_state_dict(files["model.safetensors"])
        _give_moments(model, optimizer, files["optimizer.safetensors"])
        if average is not None:
            average.load(files["average.safetensors"])
        return step
    if there:
        raise StateError(
            f"{folder} has {len(there)} states, and all of them are damaged; begin again in "
            "another folder"
        )
    return 0


def states(folder: Path) -> list[Path]:
    """The states of a run's folder, oldest first."""
    return sorted(folder.glob("state-[0-9]*"))


def reason(error: Exception) -> str:
    """Why a file could not be written, in the system's words."""
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _read(path: Path) -> tuple[int, dict[str, dict[str, Tensor]]]:
    record = json.loads((path / "state.json").read_text(encoding="utf-8"))
    files = {}
    for name, wanted in record["files"].items():
        if _sum(path / name) != wanted:
            raise ValueError(f"{name} is not what was written")
        files[name] = load_file(path / name)
    return int(record["step"]), files


def _moments(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    names = {parameter: name for name, parameter in model.named_parameters()}
    return {
        f"{names[parameter]}/{key}": value
        for parameter, entry in optimizer.state.items()
        for key, value in entry.items()
    }


def _give_moments(
    model: nn.Module, optimizer: torch.optim.Optimizer, moments: dict[str, Tensor]
) -> None:
    names = {parameter: name for name, parameter in model.named_parameters()}
    order = [names[p] for group in optimizer.param_groups for p in group["params"]]
    entries: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        name, moment = key.rsplit("/", 1)
        entries.setdefault(order.index(name), {})[moment] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": entries})


def _settled(path: Path) -> str:
    """Wait until a file is on the disk; returns its sum."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return _sum(path)


def _sum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
