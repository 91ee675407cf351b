# SPDX-License-Identifier: GPL-3.0-or-later
"""What a classifier costs: operations a frame, and frames a second here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from denomae.modalities import build

REPEATS, SHORTEST_S = 5, 0.2  # a repeat takes at least so long


@dataclass(frozen=True)
class Cost:
    """Of a classifier from modalities to verdict; drawing images is not in it.

    Attributes:
        flops: of one frame; a multiplication with its addition counts as two.
        parameters: of encoder and head.
        frames_per_s: the median of several measurements, all in one precision on one device.
        batch_size, device, precision, threads: under which that was; threads of the CPU.
    """

    flops: int
    parameters: int
    frames_per_s: float
    batch_size: int
    device: str
    precision: str
    threads: int


def cost_of(model: nn.Module, batch_size: int = 64, precision: torch.dtype = torch.float32) -> Cost:
    """Count and measure a classifier where it lies."""
    parameter = next(model.parameters())
    inputs = {name: v.to(parameter.device) for name, v in example(model, batch_size).items()}
    return Cost(
        flops_of(model),
        sum(p.numel() for p in model.parameters()),
        round(throughput(model, inputs, precision), 1),
        batch_size,
        _device_name(parameter.device),
        str(precision).removeprefix("torch."),
        torch.get_num_threads(),
    )


def flops_of(model: nn.Module) -> int:
    """Operations of one frame, as torch counts those of matrix products and convolutions."""
    copy = deepcopy(model).cpu().float().eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        copy(example(model, 1))
    return counter.get_total_flops()


@torch.inference_mode()
def throughput(model: nn.Module, inputs: Mapping[str, Tensor], precision: torch.dtype) -> float:
    """Frames a second of batches of these modalities: the median of `REPEATS` measurements."""
    model.eval()
    first = next(iter(inputs.values()))
    kind, half = first.device.type, precision != torch.float32

    def calls(count: int) -> float:
        start = time.perf_counter()
        with torch.autocast(kind, precision, enabled=half):
            for _ in range(count):
                model(inputs)
        if kind == "cuda":
            torch.cuda.synchronize(first.device)
        return time.perf_counter() - start

    calls(1)  # what is done once only
    count = max(1, round(SHORTEST_S / max(calls(1), 1e-6)))
    return count * len(first) / median(calls(count) for _ in range(REPEATS))


def example(model: nn.Module, batch_size: int) -> dict[str, Tensor]:
    """Modalities of frames of noise, as the model takes them."""
    architecture = model.architecture
    generator = torch.Generator().manual_seed(0)
    shape = (batch_size, architecture.frame_length)
    frame = torch.complex(*(torch.randn(shape, generator=generator) for _ in range(2)))
    waveforms = {name: frame for name in ("noisy", "clean", "noise")}
    return build(waveforms, model.encoder.modalities, architecture.image)


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
