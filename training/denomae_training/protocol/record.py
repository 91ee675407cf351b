# SPDX-License-Identifier: GPL-3.0-or-later
"""What a folder holds and may go on with, what computed a result, and how long it took."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
import yaml

from denomae.errors import DenomaeError
from denomae_training.commands.configuration import to_plain

RUN_MARKS = ("model.safetensors", "state-*", "evaluations.json", "best-*")


def open_folder(folder: Path, name: str = "run.yaml", **what: Any) -> None:
    """Make a folder and record in it what is run there, or refuse one that holds something else.

    Args:
        name: of the file in the folder that says so, as YAML.
        what: dataclasses and plain values.

    Raises:
        DenomaeError: names the first difference.
    """
    record, wanted = folder / name, to_plain(what)
    if record.is_file():
        found = yaml.safe_load(record.read_text(encoding="utf-8"))
        before, now = _flat(found), _flat(wanted)
        for key in sorted(before.keys() | now.keys()):
            if before.get(key) != now.get(key):
                raise DenomaeError(
                    f"{folder} holds runs with {key} {before.get(key)!r}, now {now.get(key)!r} is "
                    "wanted; choose another folder, or take those runs away"
                )
        return
    if any(path for mark in RUN_MARKS for path in folder.glob(mark)):
        raise DenomaeError(
            f"{folder} holds a run and no {name} that says which; choose another folder, or take "
            "that run away"
        )
    folder.mkdir(parents=True, exist_ok=True)
    partial = record.with_name(record.name + ".partial")
    partial.write_text(yaml.safe_dump(wanted, sort_keys=False), encoding="utf-8")
    partial.replace(record)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, with dotted names."""
    if not isinstance(value, dict):
        return {prefix.rstrip("."): value}
    flat: dict[str, Any] = {}
    for key, item in value.items():
        flat |= _flat(item, f"{prefix}{key}.")
    return flat


def time_of(folder: Path) -> dict[str, float]:
    """Seconds, frames a second and the share of waiting, from a run's log of all its parts."""
    seconds = frames = waited = 0.0
    before = 0
    for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        count = row["frames"] - before
        if count <= 0:  # an earlier part of the run got farther than its last state
            continue
        before = row["frames"]
        part = count / row["frames_per_s"]
        seconds, frames, waited = seconds + part, frames + count, waited + part * row["waiting"]
    return {
        "seconds": round(seconds, 1),
        "frames_per_s": round(frames / seconds, 1) if seconds else 0.0,
        "waiting_share": round(waited / seconds, 4) if seconds else 0.0,
    }


def hardware(device: torch.device) -> str:
    """The processor or the GPU, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}" if names else platform.machine()


def versions() -> dict[str, str]:
    """Of the libraries that numbers depend on."""
    found = {}
    for name in ("torch", "timm", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
