# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's matrix products alone, with its own shapes: what its arithmetic takes by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from denomae.modalities import build
from denomae.model.classifier import Classifier
from denomae.model.presets import Architecture


@dataclass(frozen=True)
class Product:
    """`count` products of [rows, inner] by [inner, columns], done as one call."""

    count: int
    rows: int
    inner: int
    columns: int

    def for_batch(self, frames: int) -> Product:
        """The same for so many frames, where this one is of one frame."""
        if self.count > 1:  # one product a frame and head: more of them
            return replace(self, count=self.count * frames)
        return replace(self, rows=self.rows * frames)

    @property
    def operations(self) -> int:
        """Multiplications and additions."""
        return 2 * self.count * self.rows * self.inner * self.columns


def model_products(
    architecture: Architecture, modalities: tuple[str, ...], classes: int, batch: int
) -> list[Product]:
    """The matrix products of a batch of frames, in their order, attention's two included."""
    model = Classifier(architecture, modalities, classes).eval()
    frame = torch.ones(1, architecture.frame_length, dtype=torch.complex64)
    waveforms = {name: frame for name in ("noisy", "clean", "noise")}
    recorder = _Recorder()
    with torch.no_grad():
        inputs = build(waveforms, modalities, architecture.image)
        with recorder:
            model(inputs)
    return [product.for_batch(batch) for product in recorder.products]


def replay(
    products: list[Product], device: torch.device, precision: torch.dtype
) -> Callable[[], None]:
    """A call that makes these products back to back, on operands of their own, and awaits them."""
    jobs = [_job(product, device, precision) for product in products]

    def multiply_all() -> None:
        with torch.inference_mode():
            for multiply, left, right, out in jobs:
                multiply(left, right, out=out)

    if device.type != "cuda":
        return multiply_all
    multiply_all()  # plans and workspaces are made before a graph is recorded
    torch.cuda.synchronize(device)
    graph = torch.cuda.CUDAGraph()  # as the engine does: launches would cost more than products
    with torch.cuda.graph(graph):
        multiply_all()

    def run() -> None:
        graph.replay()
        torch.cuda.synchronize(device)

    return run


def _job(
    product: Product, device: torch.device, precision: torch.dtype
) -> tuple[Callable[..., Tensor], Tensor, Tensor, Tensor]:
    batch = () if product.count == 1 else (product.count,)

    def operand(*shape: int) -> Tensor:
        return torch.randn(*batch, *shape, device=device).to(precision)

    left, right = operand(product.rows, product.inner), operand(product.inner, product.columns)
    out = torch.empty(*batch, product.rows, product.columns, device=device, dtype=precision)
    return (torch.bmm if batch else torch.mm), left, right, out


class _Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.products: list[Product] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = function.name().removeprefix("aten::").split(".")[0]
        if name in ("mm", "addmm"):
            left, right = args[-2:]
            self.products.append(Product(1, *left.shape, right.shape[1]))
        elif name in ("bmm", "baddbmm"):
            left, right = args[-2:]
            self.products.append(Product(*left.shape, right.shape[2]))
        elif name.startswith("_scaled_dot_product") and "backward" not in name:
            query, key, value = args[:3]  # [B, heads, T, D] each
            heads = query.shape[0] * query.shape[1]
            length, width, others = query.shape[2], query.shape[3], key.shape[2]
            self.products.append(Product(heads, length, width, others))
            self.products.append(Product(heads, length, others, value.shape[3]))
        return function(*args, **(kwargs or {}))
