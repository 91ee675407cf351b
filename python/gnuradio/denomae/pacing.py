# SPDX-License-Identifier: GPL-3.0-or-later
"""How many frames to classify at once, so that a stop never waits long for a batch to end."""

from __future__ import annotations

BUDGET_S = 0.25


class BatchPacer:
    """Keeps batches as large as allowed while each takes at most about `BUDGET_S`.

    Args:
        most: the largest batch (≥ 1).
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = 1

    def took(self, frames: int, seconds: float) -> None:
        """Learn from a batch: the next is at most twice as large, and within the budget."""
        affordable = int(BUDGET_S * frames / seconds) if seconds > 0 else self._most
        # a batch that was cut short by an empty queue says nothing against the size
        grown = 2 * frames if frames >= self.size else self.size
        self.size = max(1, min(self._most, affordable, grown))
