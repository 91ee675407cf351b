# SPDX-License-Identifier: GPL-3.0-or-later
"""How a block that only handles messages ends, and begins again, in GNU Radio 3.10.

Such a block runs until `done` arrives at its `system` port; when it ends, GNU Radio posts `done` to
every block that subscribes to it. Two things follow that each block here must mind:

- A `done` that arrives after a block has ended stays in its queue and would end the block's next
  run at once, so it is taken away when the block starts.
- GNU Radio before 3.10.3 reads the ports in no fixed order. Where a subscriber's `labels` come
  before its `system`, a label and the `done` behind it that both arrive between the two looks are
  seen in the wrong order, and the label is left behind. From 3.10.3 on `system` is read first,
  which closes the gap. For older ones our publisher empties its port once more when it ends, and
  the classifier lets `GRACE_S` pass between its last label and `done`.
- What a stop leaves at any other port stays there too: a label that was on its way then is handled
  first when the flowgraph starts again. It is a true label, of the run before.
- GNU Radio ends a subscriber with the first `done` that reaches it: where several classifiers feed
  one block, what the others send after the first has ended is not handled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pmt

GRACE_S = 0.02

_SYSTEM = pmt.intern("system")
_DONE = pmt.cons(pmt.intern("done"), pmt.from_long(1))


def post_done(block: Any) -> None:
    """End a block that only handles messages, and after it those that subscribe to it."""
    block.to_basic_block()._post(_SYSTEM, _DONE)


def forget_done(block: Any) -> None:
    """Take away what an earlier run left at the `system` port; to be called in `start()`."""
    for _ in take_all(block, _SYSTEM):
        pass


def take_all(block: Any, port: Any) -> Iterator[Any]:
    """The messages that wait at a port, taken from it; only on the block's own thread."""
    while (message := block.delete_head_nowait(port)) is not None:
        yield message
