# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixed sine-cosine positions of tokens on a line or a grid.

Sources: Vaswani et al., arXiv 1706.03762; MAE, arXiv 2111.06377.
"""

from __future__ import annotations

import torch
from torch import Tensor


def line_positions(count: int, width: int) -> Tensor:
    """Positions of `count` tokens on a line: float32 [count, width]; width even."""
    return _sine_cosine(torch.arange(count, dtype=torch.float64), width).float()


def grid_positions(rows: int, columns: int, width: int) -> Tensor:
    """Positions on a grid, row by row: float32 [rows * columns, width]; width a multiple of 4."""
    row = _sine_cosine(torch.arange(rows, dtype=torch.float64), width // 2)
    column = _sine_cosine(torch.arange(columns, dtype=torch.float64), width // 2)
    return torch.cat([row.repeat_interleave(columns, 0), column.repeat(rows, 1)], dim=1).float()


def _sine_cosine(place: Tensor, width: int) -> Tensor:
    rate = 10_000 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angle = place[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], dim=1)
