# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's state on disk: what it takes to go on after a kill, exactly where it stood.

Batches and masks are functions of the seed and the step, so the state is the weights, the
optimizer's moments and the step. Each state is a folder of its own; `latest` names the newest whole
one and is replaced atomically, so a kill at any moment leaves a state that can be read.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn


def save_state(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Write the state after `step` steps and forget the one before."""
    name = f"state-{step:08d}"
    path = folder / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    save_file(
        {key: value.contiguous() for key, value in model.state_dict().items()},
        path / "model.safetensors",
    )
    moments = {
        f"{number}.{key}": value.contiguous()
        for number, entry in optimizer.state_dict()["state"].items()
        for key, value in entry.items()
    }
    save_file(moments, path / "optimizer.safetensors")
    (path / "state.json").write_text(json.dumps({"step": step}) + "\n", encoding="utf-8")
    partial = folder / "latest.partial"
    partial.write_text(name + "\n", encoding="utf-8")
    partial.replace(folder / "latest")
    for old in folder.glob("state-*"):
        if old.name != name:
            shutil.rmtree(old, ignore_errors=True)


def load_state(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Fill in the newest whole state; returns its step, 0 where there is none."""
    pointer = folder / "latest"
    if not pointer.is_file():
        return 0
    path = folder / pointer.read_text(encoding="utf-8").strip()
    model.load_state_dict(load_file(path / "model.safetensors"))
    state = optimizer.state_dict()
    entries: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in load_file(path / "optimizer.safetensors").items():
        number, name = key.split(".", 1)
        entries.setdefault(int(number), {})[name] = value
    state["state"] = entries
    optimizer.load_state_dict(state)
    return int(json.loads((path / "state.json").read_text(encoding="utf-8"))["step"])
