# SPDX-License-Identifier: GPL-3.0-or-later
"""Constellation images a second on one core: the compiled kernel against the torch form."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from denomae.bench.row import Row
from denomae.bench.signal import noise_frames
from denomae.bench.timing import in_turns, torch_threads
from denomae.modalities import unit_power
from denomae.raster import PAPER_IMAGE, ImageSpec, constellation_image, constellation_image_torch

_FRAMES = {"shipped": 64, "paper": 8}
_SAMPLES = 1024


def rows(shipped: ImageSpec, device: torch.device, seconds: float) -> Iterator[Row]:
    """One row a kernel: images of 1,024 samples of noise, which touches most pixels."""
    from denomae import raster

    for which, spec in (("shipped", shipped), ("paper", PAPER_IMAGE)):
        name = f"raster, {which} kernel, one core"
        if raster._kernels is None:
            yield Row.not_run(name, "images/s", "the compiled kernels are not installed")
        else:
            yield _on_one_core(name, spec, _FRAMES[which], seconds)
        if device.type == "cuda":
            yield _on_gpu(f"raster, {which} kernel, {device}", spec, device, seconds)


def _on_one_core(name: str, spec: ImageSpec, count: int, seconds: float) -> Row:
    frames = unit_power(torch.from_numpy(noise_frames(count, _SAMPLES)))
    with torch_threads(1):
        ours, peer = in_turns(
            lambda: constellation_image(frames, spec, threads=1),
            lambda: constellation_image_torch(frames, spec),
            seconds,
        )
    return Row.compared(
        name, count / ours, "images/s", "torch form", count / peer, f"{_said(spec)}, {count} frames"
    )


def _on_gpu(name: str, spec: ImageSpec, device: torch.device, seconds: float) -> Row:
    count = 256
    frames = unit_power(torch.from_numpy(noise_frames(count, _SAMPLES)).to(device))
    other = torch.empty_like(frames)

    def draw() -> None:
        constellation_image_torch(frames, spec)
        torch.cuda.synchronize(device)

    def copy() -> None:
        other.copy_(frames)
        torch.cuda.synchronize(device)

    with torch.inference_mode():
        ours, peer = in_turns(draw, copy, seconds)
    return Row.compared(
        name, count / ours, "images/s", "copy of IQ", count / peer, f"{_said(spec)}, {count} frames"
    )


def _said(spec: ImageSpec) -> str:
    return f"{spec.height}x{spec.width}x{spec.channels}"
