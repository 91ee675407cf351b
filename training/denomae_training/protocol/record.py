# SPDX-License-Identifier: GPL-3.0-or-later
"""What computed a result, and how long it took."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch


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
