# SPDX-License-Identifier: GPL-3.0-or-later
"""timm's transformer block with shorter ways through it where no gradient is wanted.

Parameters, their names and what is computed are timm's; only memory is passed over less often.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from timm.layers import GluMlp, Mlp
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from denomae.model.presets import Architecture

GATED_MLP_RATIO = 5  # both halves together: 7.5 width² products a token, where the plain one has 8


def encoder_block(architecture: Architecture) -> Block:
    """One block of the encoder."""
    gated = architecture.mlp == "gated"
    return EncoderBlock(
        architecture.width,
        architecture.heads,
        GATED_MLP_RATIO if gated else 4,
        qkv_bias=True,
        act_layer=nn.GELU,  # of the gate too, whatever the MLP itself would take
        mlp_layer=GatedMlp if gated else PlainMlp,
    )


class EncoderBlock(Block):
    """Attention and MLP, each behind a norm and beside a way past it: [B, T, D] to [B, T, D]."""

    def forward(self, x: Tensor) -> Tensor:
        x = _sum(x, self.attn(self.norm1(x)))
        return _sum(x, self.mlp(self.norm2(x)))


class GatedMlp(GluMlp):
    """GEGLU: fc2(gelu(first half of fc1) * second half of fc1)."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, gate_last=False, **options)

    def forward(self, x: Tensor) -> Tensor:
        # Half by half, each comes out contiguous: a GELU over every other 320 numbers of a row
        # takes more than twice as long on a CPU, and its gradient would be put together again.
        weights, biases = self.fc1.weight.chunk(2), self.fc1.bias.chunk(2)
        gate = self.act(F.linear(x, weights[0], biases[0]))
        value = F.linear(x, weights[1], biases[1])
        return self.fc2(gate * value if torch.is_grad_enabled() else gate.mul_(value))


class PlainMlp(Mlp):
    """fc2(gelu(fc1)).

    In half precision on a GPU the GELU is computed within the matrix product: apart, its input and
    output would be a third of all memory that a block reads and writes. There it is the tanh
    approximation, which differs by less than 0.0005, a step of bf16 at 0.1.
    """

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled() or not x.is_cuda or x.dtype == torch.float32:
            return super().forward(x)
        hidden = torch._addmm_activation(
            self.fc1.bias, x.flatten(0, 1), self.fc1.weight.t(), use_gelu=True
        )
        return self.fc2(hidden).view_as(x)


def _sum(x: Tensor, branch: Tensor) -> Tensor:
    """x + branch, in the branch's memory where nobody else wants it."""
    if branch.requires_grad or branch.dtype != x.dtype:
        return x + branch
    return branch.add_(x)
