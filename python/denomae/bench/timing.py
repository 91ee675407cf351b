# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of ours and of a peer, taken in turns so that both meet the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median


def in_turns(
    ours: Callable[[], object], peer: Callable[[], object], seconds: float, least: int = 5
) -> tuple[float, float]:
    """Median seconds of one call of each, called in turns for about `seconds` in all.

    Each is called once beforehand, unmeasured.
    """
    ours(), peer()
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + seconds
    while len(times[1]) < least or time.perf_counter() < end:
        for call, into in zip((ours, peer), times, strict=True):
            began = time.perf_counter()
            call()
            into.append(time.perf_counter() - began)
    return median(times[0]), median(times[1])


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """So many CPU threads for torch, and as many as before afterwards."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
