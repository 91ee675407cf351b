# SPDX-License-Identifier: GPL-3.0-or-later
"""What machine the figures are of."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> list[str]:
    """Lines that name processor, cores, libraries and load, for the head of a table."""
    import torch

    lines = [
        f"processor: {_processor()}, {len(os.sched_getaffinity(0))} cores",
        f"Python {platform.python_version()}, PyTorch {torch.__version__}",
    ]
    if torch.cuda.is_available():
        lines.append(f"GPU: {torch.cuda.get_device_name()}, CUDA {torch.version.cuda}")
    load = os.getloadavg()[0]
    lines.append(f"load when the run began: {load:.2f}")
    return lines


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    flags = set(named.get("flags", "").split())
    units = [
        flag
        for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")
        if flag in flags
    ]
    return " ".join(
        [named.get("model name", platform.machine()), f"({', '.join(units)})" if units else ""]
    ).strip()
