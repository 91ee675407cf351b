# SPDX-License-Identifier: GPL-3.0-or-later
"""The message side of a block that works on frames: its start and stop carry a client's life."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import pmt
from gnuradio import gr

from .allowance import Allowance
from .hub import Client, Hub, Task
from .system_port import forget_done, post_done

_LIFE = pmt.intern("life")
_STOP_S = 0.7  # of the second that a stop may take


class frame_outlet(gr.basic_block):
    """Has the frames of a sink worked on by a hub, and gives away what comes of it.

    GNU Radio never starts or stops a hierarchical block, only those inside. This one handles
    messages alone, so it decides itself when it ends: after the last item of the stream, which is
    what `wait()` of the flowgraph then waits for. It must be connected with itself, `life` to
    `life`, because GNU Radio does not start a block whose ports are all free.

    Args:
        name: of the block.
        sink: the frame sink, in the same flowgraph.
        task: what is done with its frames.
        hub: whose thread does it.
        allowance: how many frames may be taken; None: any number.
    """

    def __init__(
        self, name: str, sink: Any, task: Task, hub: Hub, allowance: Allowance | None = None
    ) -> None:
        gr.basic_block.__init__(self, name=name, in_sig=None, out_sig=None)
        self.message_port_register_out(_LIFE)
        self.message_port_register_in(_LIFE)
        self._sink, self._task, self._hub = sink, task, hub
        self._allowance = allowance
        self._client: Client | None = None

    def start(self) -> bool:
        forget_done(self)
        self._begin()
        self._client = Client(
            self._sink,
            self._sink.current_run(),
            self._task,
            give=self._give,
            end=lambda: post_done(self),
            fail=self._fail,
            tick=self._tick,
            allowance=self._allowance,
        )
        self._hub.join(self._client)
        return True

    def stop(self) -> bool:
        # a client holds this block: without it both go when nobody needs them
        client, self._client = self._client, None
        if client is not None and not self._hub.leave(client, _STOP_S):
            self.logger.warn("the model is still busy; nobody hears of its last batch")
        return True

    def wake(self) -> None:
        """More frames may be allowed than before."""
        self._hub.wake()

    @abstractmethod
    def _begin(self) -> None:
        """A new run begins: forget the one before."""

    @abstractmethod
    def _give(self, item: Any) -> None:
        """Send one of the task's items; on the hub's thread."""

    @abstractmethod
    def _fail(self, sentence: str) -> None:
        """Nothing more will be given in this run; on the hub's thread."""

    def _tick(self) -> None:
        """Called several times a second, on the hub's thread."""
