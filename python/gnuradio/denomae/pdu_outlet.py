# SPDX-License-Identifier: GPL-3.0-or-later
"""The message side of a block whose task makes the messages itself."""

from __future__ import annotations

from typing import Any

import pmt

from .allowance import Allowance
from .frame_outlet import frame_outlet
from .hub import Hub, Task


class pdu_outlet(frame_outlet):
    """Sends the items of a task out of its message port as they are, and counts them.

    Args:
        name: of the block.
        port: of the messages.
        sink, task, hub, allowance: see `frame_outlet`.
    """

    def __init__(
        self,
        name: str,
        port: str,
        sink: Any,
        task: Task,
        hub: Hub,
        allowance: Allowance | None = None,
    ) -> None:
        super().__init__(name, sink, task, hub, allowance)
        self._port = pmt.intern(port)
        self.message_port_register_out(self._port)
        self.sent = 0
        self.error: str | None = None

    def _begin(self) -> None:
        self.sent, self.error = 0, None

    def _give(self, item: Any) -> None:
        self.sent += 1
        self.message_port_pub(self._port, item)

    def _fail(self, sentence: str) -> None:
        self.error = sentence
        self.logger.error(f"no more messages in this run, frames are thrown away: {sentence}")
