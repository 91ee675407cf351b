# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that are not what a port takes: each counted, the first of each kind in the log."""

from __future__ import annotations

import re
from collections.abc import Callable

_MOST_KINDS = 16
_QUOTED = re.compile(
    r"-?\d|['\":;({\[]"
)  # here begins what the message said, not what we say of it


class Refusals:
    """Counts refused messages, and reports the first of each kind.

    Two are of one kind where the sentences about them begin with the same words.

    Args:
        warn: takes the sentence that goes into the log.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._kinds: set[str] = set()
        self.count = 0

    def add(self, reason: Exception) -> None:
        """One more was refused; why."""
        self.count += 1
        kind = _QUOTED.split(str(reason), maxsplit=1)[0]
        if kind not in self._kinds and len(self._kinds) < _MOST_KINDS:
            self._kinds.add(kind)
            text = "".join(c if c.isprintable() else "?" for c in str(reason))
            self._warn(f"{text}; such messages are ignored, and counted")
