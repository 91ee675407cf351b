# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong under way, and the sentence for it."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np
import torch

from denomae.errors import DenomaeError

if TYPE_CHECKING:
    from denomae_training.feeds.feed import Feed

_FULL = ("can't allocate memory", "not enough memory", "out of memory")
_WORKER = "DataLoader worker"


class Stop:
    """Inside, Ctrl-C and SIGTERM ask for an end behind the step that is under way.

    A second one, more than a second later (`torchrun` passes on what the terminal has sent to all
    already), ends at once.

    Attributes:
        asked: whether one came.
    """

    def __init__(self) -> None:
        self.asked = False
        self._when = 0.0
        self._before: dict[int, object] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is signal.SIG_IGN:
                    continue  # as a shell sets it for what runs in the background
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked and time.monotonic() - self._when > 1:
            raise KeyboardInterrupt
        if not self.asked:
            self.asked, self._when = True, time.monotonic()


class NotANumber(DenomaeError):
    """A loss or its gradient is infinite or no number."""


def not_a_number(feed: Feed, step: int, seed: int, loss: float, gradient: float) -> NotANumber:
    """Names what it takes to make the batch and its masks again."""
    return NotANumber(
        f"the loss is {loss} and its gradient {gradient} at step {step + 1} (masks of seed {seed}) "
        f"on the items {_listed(feed.order.batch(step))} of the seed {feed.seed} of the recipe "
        f"{feed.source.recipe.name}; the state before it is saved; begin again with a lower "
        "learning rate in another folder"
    )


def explain(error: BaseException) -> str | None:
    """The sentence for an error from outside the method; None for a mistake in the program."""
    text = str(error)
    if isinstance(error, DenomaeError):
        return text.rsplit("Error: ", 1)[-1].strip() if _WORKER in text else text
    # frames may be on their way when it dies: then the way breaks off first
    lost = isinstance(error, (ConnectionError, EOFError))
    if lost or (isinstance(error, RuntimeError) and text.startswith(_WORKER)):
        why = (text.splitlines() or ["no more came of it"])[0].rstrip(". ")
        return (
            f"a process that makes frames died ({why}), as happens "
            "when memory runs out; the same command goes on, if need be with fewer "
            "--machine.workers"
        )
    return None


def out_of_memory(error: BaseException) -> bool:
    """Whether a device, or the machine, had no room for a tensor."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _FULL)
    )


def too_large(device: torch.device, batch_size: int, rows: int, fits: int | None) -> DenomaeError:
    """
    Args:
        rows: of the batch, this process's.
        fits: how many were tried and found to fit at once; None where it was not tried.
    """
    found = f"a batch of {batch_size} does not fit into the memory of {device}"
    if rows != batch_size:
        found += f" ({rows} frames in this process)"
    if fits == 0 or rows == 1:
        return DenomaeError(f"{found}, nor does a single frame; choose a smaller preset")
    if fits is None:
        return DenomaeError(
            f"{found}; cut it with a higher --schedule.accumulate, which leaves the result as it is"
        )
    parts = next(n for n in range(1, rows + 1) if rows % n == 0 and rows // n <= fits)
    return DenomaeError(
        f"{found}, {fits} frames at once do: --schedule.accumulate {parts} leaves the result as it "
        f"is, --schedule.batch-size {fits * (batch_size // rows)} is another run"
    )


def _listed(items: np.ndarray) -> str:
    if len(items) > 2 and (np.diff(items) == 1).all():
        return f"{items[0]} to {items[-1]}"
    return ", ".join(str(item) for item in items)
