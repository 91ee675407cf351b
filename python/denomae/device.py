# SPDX-License-Identifier: GPL-3.0-or-later
"""Which device computes, in which precision, with how many threads."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from denomae.errors import DeviceError

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


def choose_device(name: str = "auto") -> torch.device:
    """The device of a name: "auto" takes a GPU where there is one, all else is taken literally.

    Raises:
        DeviceError: the name means nothing to torch, or the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(
            f"no device is called {name!r}; wanted auto, cpu, cuda or cuda:0"
        ) from None
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise DeviceError(
                f"the device {name} is not there (CUDA devices found: {count}); choose cpu or auto"
            )
    elif device.type != "cpu":
        raise DeviceError(f"the device {name!r} is not supported; wanted auto, cpu, cuda or cuda:0")
    return device


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The type to multiply in: "fp32", "bf16", or "auto", which takes bf16 where hardware has it.

    Raises:
        DeviceError: the name is none of these.
    """
    if name == "auto":
        return torch.bfloat16 if device.type == "cuda" or _cpu_multiplies_bf16() else torch.float32
    if name not in PRECISIONS:
        raise DeviceError(f"no precision is called {name!r}; wanted auto, fp32 or bf16")
    return PRECISIONS[name]


def default_threads() -> int:
    """CPU threads for live inference: all cores but one, which the radio keeps; at least one."""
    return max(1, available_cores() - 1)


def available_cores() -> int:
    """Cores that this process may use. Two hardware threads of one core count once: they share
    the units that multiply, so a second one would slow the radio and hasten nothing."""
    allowed = os.sched_getaffinity(0)
    return len({_siblings(processor) for processor in allowed})


def _siblings(processor: int) -> str:
    topology = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
    try:
        return topology.read_text(encoding="ascii").strip()
    except OSError:
        return str(processor)


def _cpu_multiplies_bf16() -> bool:
    # On processors without these instructions bf16 is emulated, and slower than fp32.
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags
