# SPDX-License-Identifier: GPL-3.0-or-later
"""How many frames may be sent now: so many in a second, and so many that nobody is done with."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

_CATCH_UP_S = 0.05  # of frames that a busy machine sent too late may follow at once


class Allowance:
    """Counts what was sent and what was acknowledged. Any thread may call any method.

    Args:
        per_second: most frames in a second, on average; 0: no limit.
        unacknowledged: most frames sent and not acknowledged; 0: no limit.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        per_second: float,
        unacknowledged: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = threading.Lock()
        self._per_second, self._most = per_second, unacknowledged
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Nothing was sent yet."""
        with self._lock:
            self._out = 0
            self._saved, self._saved_at = 1.0, self._clock()  # frames that the rate allows
            self._moved_at = self._saved_at

    def set_per_second(self, per_second: float) -> None:
        """See the class."""
        with self._lock:
            self._save()
            self._per_second = per_second

    def set_unacknowledged(self, unacknowledged: int) -> None:
        """See the class."""
        with self._lock:
            self._most = unacknowledged

    @property
    def unacknowledged(self) -> int:
        """Frames sent and not acknowledged."""
        return self._out

    def room(self) -> float:
        """Frames that may be sent now; inf: any number."""
        with self._lock:
            self._save()
            by_rate = math.floor(self._saved) if self._per_second else math.inf
            return min(by_rate, max(0, self._most - self._out) if self._most else math.inf)

    def wait_s(self) -> float:
        """Until the rate allows a frame; inf: an acknowledgement is waited for first."""
        with self._lock:
            self._save()
            if self._most and self._out >= self._most:
                return math.inf
            if not self._per_second:
                return 0.0
            return max(0.0, (1 - self._saved) / self._per_second)

    def stuck_s(self) -> float:
        """For how long an acknowledgement has been missing; 0: none is waited for."""
        with self._lock:
            waits = self._most and self._out >= self._most
            return self._clock() - self._moved_at if waits else 0.0

    def sent(self, frames: int) -> None:
        """So many went out."""
        with self._lock:
            self._save()
            self._out += frames
            self._saved -= frames
            self._moved_at = self._clock()

    def acknowledge(self, frames: int) -> None:
        """The receiver is done with so many; more than there are is all."""
        with self._lock:
            self._out = max(0, self._out - frames)
            self._moved_at = self._clock()

    def _save(self) -> None:
        now = self._clock()
        most = max(1.0, self._per_second * _CATCH_UP_S)
        self._saved = min(most, self._saved + (now - self._saved_at) * self._per_second)
        self._saved_at = now
        if not self._per_second:
            self._saved = 1.0
