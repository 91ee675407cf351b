# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of frames that are built once and kept: how large they may be, and where there is room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from denomae.errors import DenomaeError
from denomae.modalities import MODALITIES
from denomae.model.presets import Architecture
from denomae.spectra import LINES
from denomae_training.feeds.sample import Sample
from denomae_training.loop.faults import out_of_memory

KEEP_BYTES = 6 << 30  # on a CPU sets up to this size are built once and kept


def set_bytes(names: Iterable[str], architecture: Architecture, count: int) -> int:
    """How much memory so many frames take as modalities."""
    return 4 * count * sum(_numbers(name, architecture) for name in names)


def keep_bytes(device: torch.device) -> int:
    """Up to which size a set is kept: of a GPU, half of the memory that is free now."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] // 2
    return KEEP_BYTES


def whole(parts: Iterable[Sample], count: int, size: int, device: torch.device) -> Sample:
    """Samples as one of `count` frames in all, which takes the memory of no more than itself and
    one of them.

    Args:
        size: of the set, in bytes.
        device: where it lies.

    Raises:
        DenomaeError: the memory does not suffice.
    """
    try:
        return _filled(iter(parts), count)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
    raise DenomaeError(  # outside of `except`, which holds on to what was built
        f"a set of {count} frames, {size / 2**30:.1f} GiB, does not fit into the memory of "
        f"{device}; wanted fewer frames, or a smaller preset"
    )


def _filled(parts: Iterator[Sample], count: int) -> Sample:
    found: Sample | None = None
    first = 0
    for part in parts:
        if found is None:
            found = Sample(
                {name: _room(values, count) for name, values in part.views.items()},
                _room(part.class_index, count),
                _room(part.snr_db, count),
                slice(0, count),
                count,
            )
        place = slice(first, first + len(part))
        for name, values in part.views.items():
            found.views[name][place] = values
        found.class_index[place], found.snr_db[place] = part.class_index, part.snr_db
        first = place.stop
    if found is None or first != count:
        raise ValueError(f"{first} frames of {count} came")
    return found


def _room(like: torch.Tensor, count: int) -> torch.Tensor:
    return like.new_empty((count, *like.shape[1:]))


def _numbers(name: str, architecture: Architecture) -> int:
    """How many numbers a frame has in a modality."""
    image = architecture.image
    if MODALITIES[name].form == "image":
        return image.channels * image.height * image.width
    count = len(LINES) if MODALITIES[name].form == "spectra" else 2
    return count * architecture.frame_length
