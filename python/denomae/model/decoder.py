# SPDX-License-Identifier: GPL-3.0-or-later
"""One light decoder a modality: mask tokens ask all visible tokens once, then each other.

The cross-attention follows MultiMAE (arXiv 2204.01678): every decoder sees the visible tokens of
every modality, so that a clean signal can be told from a noisy image.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from denomae.modalities import MODALITIES
from denomae.model.encoder import token_positions
from denomae.model.masking import Mask
from denomae.model.presets import Architecture


class CrossAttention(nn.Module):
    """Attention of queries [B, Q, D] to a context [B, K, D]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def forward(self, queries: Tensor, context: Tensor) -> Tensor:
        batch, count, width = queries.shape
        q = self.query(queries).view(batch, count, self.heads, width // self.heads).transpose(1, 2)
        k, v = self.key_value(context).view(batch, -1, 2, self.heads, width // self.heads).unbind(2)
        mixed = F.scaled_dot_product_attention(q, k.transpose(1, 2), v.transpose(1, 2))
        return self.output(mixed.transpose(1, 2).reshape(batch, count, width))


class Decoder(nn.Module):
    """Reconstructs the target of one modality from the encoder's tokens of all of them."""

    def __init__(self, name: str, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.decoder_width
        self.name = name
        self.enter = nn.Linear(architecture.width, width)
        self.mask_token = nn.Parameter(torch.zeros(width))
        positions = token_positions(name, architecture, width)
        self.register_buffer("positions", positions, persistent=False)
        self.norm_queries = nn.LayerNorm(width, eps=1e-6)
        self.norm_context = nn.LayerNorm(width, eps=1e-6)
        self.cross = CrossAttention(width, architecture.decoder_heads)
        self.blocks = nn.ModuleList(
            Block(width, architecture.decoder_heads, qkv_bias=True)
            for _ in range(architecture.decoder_depth)
        )
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.leave = nn.Linear(width, architecture.patch_size(MODALITIES[name].target))

    def forward(
        self, encoded: dict[str, Tensor], mask: Mask, asked: Tensor | None = None
    ) -> Tensor:
        """Predicted target patches of this modality's tokens.

        Args:
            encoded: the encoder's tokens of every modality, [B, V, D] each.
            asked: int64 [B, K], some of the masked tokens: only they are decoded, without a look
                at the visible tokens of their own modality other than through the cross-attention.
                None: all tokens are, visible ones among them.

        Returns:
            [B, K, size] as asked, or [B, T, size] in token order.
        """
        context = self.enter(torch.cat(list(encoded.values()), dim=1))  # [B, visible, d]
        if asked is None:
            queries = self._all_tokens(encoded, context, mask)
        else:
            queries = self.mask_token + self.positions[asked.to(context.device)]  # [B, K, d]
        queries = queries + self.cross(self.norm_queries(queries), self.norm_context(context))
        for block in self.blocks:
            queries = block(queries)
        return self.leave(self.norm(queries))

    def _all_tokens(self, encoded: dict[str, Tensor], context: Tensor, mask: Mask) -> Tensor:
        """This modality's visible tokens in their places, mask tokens in the others: [B, T, d]."""
        lengths = [part.shape[1] for part in encoded.values()]
        own = context.split(lengths, dim=1)[list(encoded).index(self.name)]  # [B, V, d]
        batch, _, width = own.shape
        queries = self.mask_token.expand(batch, self.positions.shape[0], width)
        index = mask.visible.to(own.device)[..., None].expand(-1, -1, width)
        return queries.scatter(1, index, own.to(queries.dtype)) + self.positions
