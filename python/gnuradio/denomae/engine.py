# SPDX-License-Identifier: GPL-3.0-or-later
"""One model in memory, for one block or for several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .parameters import count, refusal, text

if TYPE_CHECKING:
    from denomae import Engine


def engine(checkpoint: str = "", device: str = "auto", batch_size: int = 32) -> Engine:
    """Load a model and make it ready, to be given to blocks as their `engine`.

    All blocks with one engine share its thread: their frames are computed in joint batches, of each
    block an equal share. The thread ends two seconds after the last of them has stopped.

    Args:
        checkpoint: folder, or a file in it; empty: the shipped model.
        device: "auto", "cpu", "cuda" or "cuda:1".
        batch_size: most frames computed at once (≥ 1).

    Raises:
        DenomaeError: one of these cannot be; says which, what was found and what was wanted.
    """
    made = _loaded(checkpoint, device, batch_size)
    made.warm_up()
    return made


def engine_or_own(
    given: Any, checkpoint: str, device: str, batch_size: int, embeds: bool = False
) -> Engine:
    """The engine that a block was given, or else one of its own, warm for what the block does.

    Args:
        embeds: the block wants embeddings, not labels.

    Raises:
        DenomaeError: what was given is no engine, or its own cannot be loaded.
    """
    if given is not None and not callable(getattr(given, "embed" if embeds else "classify", None)):
        raise refusal("engine", given, "what denomae.engine() gives, or None for one of its own")
    made = _loaded(checkpoint, device, batch_size) if given is None else given
    if embeds:
        made.warm_up_embedding()
    elif given is None:
        made.warm_up()
    return made


def _loaded(checkpoint: str, device: str, batch_size: int) -> Engine:
    checkpoint, device = text("checkpoint", checkpoint), text("device", device)
    batch_size = count("batch_size", batch_size, 1)
    from denomae import Engine  # imports torch, which takes seconds: not for those who only publish

    return Engine.load(folder_of(checkpoint), device=device, batch_size=batch_size)


def folder_of(checkpoint: str) -> Path | None:
    """The folder of a checkpoint that is named by itself or, as GRC's file dialogue does, by a file
    in it; None: none is named."""
    folder = Path(checkpoint).expanduser() if checkpoint else None
    return folder.parent if folder is not None and folder.is_file() else folder
