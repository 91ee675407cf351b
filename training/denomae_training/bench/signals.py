# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames synthesized a second, by recipe and class, in one process and in two."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median

import numpy as np
import torch

from denomae.bench.row import Row
from denomae_training.signals.dataset import batches
from denomae_training.signals.recipe import Recipe, synthesize

_FRAMES = 25  # a turn
_BATCH = 32


def rows(recipe: Recipe, seconds: float) -> Iterator[Row]:
    """A row a class, one for all, and one for two worker processes against one.

    The peer of a class is the frame's white noise alone: what no recipe can be faster than. CPU
    time is counted, so that a busy machine does not blur the figure.
    """
    each = seconds / (2 * len(recipe.classes))
    mean_s, mean_noise_s = 0.0, 0.0
    for name in recipe.classes:
        alone = replace(recipe, classes=(name,), class_weights=())
        ours, peer = _in_turns(_frames(alone), _noise(recipe.frame_length), each)
        mean_s += ours / len(recipe.classes)
        mean_noise_s += peer / len(recipe.classes)
        title = f"{recipe.name}, {name}"
        yield Row.compared(title, 1 / ours, "frames/s", "its noise alone", 1 / peer)
    note = f"{recipe.frame_length} samples, one core, every class equally often"
    yield Row.compared(
        f"{recipe.name}, all classes",
        1 / mean_s,
        "frames/s",
        "its noise alone",
        1 / mean_noise_s,
        note,
    )
    one, two = (_with_workers(recipe, workers, seconds / 4) for workers in (1, 2))
    yield Row.compared(
        f"{recipe.name}, two workers", two, "frames/s", "one worker", one, "batches by wall clock"
    )


def _frames(recipe: Recipe) -> Callable[[], None]:
    turn = iter(range(10**9))

    def make() -> None:
        first = next(turn) * _FRAMES
        for index in range(first, first + _FRAMES):
            synthesize(recipe, 1, index)

    return make


def _noise(length: int) -> Callable[[], None]:
    rng = np.random.Generator(np.random.Philox(1))

    def make() -> None:
        for _ in range(_FRAMES):
            rng.standard_normal(2 * length, dtype=np.float32)

    return make


def _in_turns(
    ours: Callable[[], None], peer: Callable[[], None], seconds: float
) -> tuple[float, float]:
    """Median CPU seconds a frame of each."""
    ours(), peer()
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + seconds
    while len(times[1]) < 5 or time.perf_counter() < end:
        for call, into in zip((ours, peer), times, strict=True):
            began = time.process_time()
            call()
            into.append((time.process_time() - began) / _FRAMES)
    return median(times[0]), median(times[1])


def _with_workers(recipe: Recipe, workers: int, seconds: float) -> float:
    """Frames a second that come out of a loader."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        loader = batches(recipe, 1, _BATCH, 0, 10**9, workers)
        for _ in range(20):  # what the workers made ahead while they started
            next(loader)
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            count += len(next(loader))
        return count / (time.perf_counter() - began)
    finally:
        torch.set_num_threads(before)
