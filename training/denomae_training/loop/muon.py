# SPDX-License-Identifier: GPL-3.0-or-later
"""Muon: a matrix moves by its momentum made orthogonal, so that all directions move alike.

K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024, with the scale of
arXiv 2502.16982, by which a step is as large as one of AdamW and the same rate serves both.
`torch.optim.Muon` knows matrices alone and computes in bf16, which a processor without such units
has to imitate; here one optimizer holds all parameters, and the products are as they are.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
_STEPS = 5
_QUINTIC = (3.4445, -4.7750, 2.0315)  # drives singular values to between 0.7 and 1.2
_LIKE_ADAMW = 0.2  # root mean square of what AdamW usually adds, at a rate of 1


class Muon(torch.optim.AdamW):
    """AdamW, but for groups that are marked `orthogonal`: their parameters are matrices [A, B]."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        groups = self.param_groups
        try:
            self.param_groups = [group for group in groups if not group.get("orthogonal")]
            loss = super().step(closure)
        finally:
            self.param_groups = groups
        for group in groups:
            if group.get("orthogonal"):
                self._move(group)
        return loss

    def _move(self, group: dict[str, Any]) -> None:
        """Parameters of one shape together: many small products are slower than few large ones."""
        shapes: dict[torch.Size, list[Tensor]] = defaultdict(list)
        for parameter in group["params"]:
            if parameter.grad is not None:
                shapes[parameter.shape].append(parameter)
        rate = float(group["lr"])
        for shape, parameters in shapes.items():
            ahead = torch.stack([self._ahead(parameter) for parameter in parameters])
            moved = orthogonal(ahead) * (_LIKE_ADAMW * max(shape) ** 0.5)
            torch._foreach_mul_(parameters, 1 - rate * group["weight_decay"])
            torch._foreach_add_(parameters, list(moved.unbind()), alpha=-rate)

    def _ahead(self, parameter: Tensor) -> Tensor:
        """Nesterov's momentum of a parameter's gradient, which takes the gradient in."""
        state = self.state[parameter]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(parameter)
            state["step"] = torch.zeros(())  # which AdamW looks for in every state that it loads
        state["momentum"].lerp_(parameter.grad, 1 - MOMENTUM)
        return parameter.grad.lerp(state["momentum"], MOMENTUM)


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices [K, A, B] with their singular values near 1, by Newton and Schulz's iteration."""
    wide = matrices.mT if matrices.shape[-2] > matrices.shape[-1] else matrices
    x = wide / wide.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    a, b, c = _QUINTIC
    for _ in range(_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if wide is not matrices else x
