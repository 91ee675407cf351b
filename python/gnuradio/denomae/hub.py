# SPDX-License-Identifier: GPL-3.0-or-later
"""The one thread of an engine, which serves every block that uses it."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .denomae_python import doorbell
from .hub_client import POLL_S, Client, Task
from .pacing import BatchPacer
from .system_port import GRACE_S

__all__ = ["Client", "Hub", "Task", "hub_of"]

_STAY_S = 2.0


class Hub:
    """Takes frames from the sinks of all its clients in turn and computes them in joint batches.

    Its thread runs as long as it has a client, and `_STAY_S` longer: memory that one thread used to
    compute is kept from the next, so that a flowgraph which stops and starts had better find it.

    Args:
        most: frames in the largest batch (≥ 1).
    """

    def __init__(self, most: int) -> None:
        self._bell = doorbell()
        self._pacer = BatchPacer(most)
        self._lock = threading.Lock()  # of the three below
        self._clients: list[Client] = []
        self._ended: threading.Event | None = None  # of the thread, where there is one
        self._stays_until = 0.0
        self._turn = 0
        _all.add(self)

    def join(self, client: Client) -> None:
        """Serve a client from now on."""
        client.hear(self._bell)
        with self._lock:
            self._clients.append(client)
            if self._ended is None:
                self._ended = threading.Event()
                work = threading.Thread(
                    target=self._work, args=[self._ended], name="denomae-worker", daemon=True
                )
                work.start()
        self._bell.ring()

    def leave(self, client: Client, within_s: float) -> bool:
        """Serve a client no more, and abandon what waits for it.

        Returns:
            whether the hub has let go of it within that time: it may be busy with a batch, which
            nobody hears of.
        """
        client.stop()
        self._forget(client)
        self._bell.ring()
        # not join(): on a thread of GNU Radio's it leaves an entry in Python's table of threads
        return client.idle.wait(within_s)

    def wake(self) -> None:
        """Look again: some client may be allowed more than before."""
        self._bell.ring()

    def close(self) -> None:
        """End the thread now, if it has no client."""
        with self._lock:
            self._stays_until, ended = 0.0, self._ended
        self._bell.ring()
        if ended is not None:
            ended.wait(1.0)

    def _forget(self, client: Client) -> None:
        with self._lock:
            if client in self._clients:
                self._clients.remove(client)
                self._stays_until = time.monotonic() + _STAY_S

    def _work(self, ended: threading.Event) -> None:
        while True:
            rings = self._bell.rings()
            wait_s = self._serve()
            if wait_s is None:
                ended.set()
                return
            if wait_s > 0:
                self._bell.wait(rings, wait_s)

    def _serve(self) -> float | None:
        """Compute a batch where one waits; for how long nothing need be done, None: ever again."""
        with self._lock:
            clients = list(self._clients)
            if not clients:
                stays_s = self._stays_until - time.monotonic()
                self._ended = self._ended if stays_s > 0 else None
                return stays_s if stays_s > 0 else None
            for client in clients:
                client.idle.clear()
        try:
            return self._serve_all(clients)
        finally:
            for client in clients:
                client.idle.set()

    def _serve_all(self, clients: list[Client]) -> float:
        # blocks start in any order; until a sink has, frames of the run before may lie in it
        running = [client for client in clients if client.sink.run() >= client.run]
        parts = self._gather(running)
        if parts:
            self._compute(parts)
        served = {client for client, _ in parts}
        waits = [self._look_after(client) for client in running if client not in served]
        for client in clients:
            _try(client, client.tick)
        return 0.0 if parts else min(waits, default=POLL_S)

    def _look_after(self, client: Client) -> float:
        """End a client whose stream has, empty the queue of one that failed; how long to wait."""
        if client.failed or client.is_forsaken():
            client.sink.discard()
        if not client.sink.finished(client.run):
            return client.wait_s()
        now = time.monotonic()
        if client.ends_at is None:
            client.ends_at = now + GRACE_S
        if now < client.ends_at:
            return client.ends_at - now
        self._forget(client)
        _try(client, client.end)
        return POLL_S

    def _gather(self, clients: list[Client]) -> list[tuple[Client, Any]]:
        """At most a batch of what waits: of everyone an equal share, and then what has room."""
        room = self._pacer.size
        parts: list[tuple[Client, Any]] = []
        able = [client for client in clients if not client.failed]
        if not able:
            return parts
        first = self._turn % len(able)
        able = able[first:] + able[:first]
        for client in able:
            client.hear(self._bell)
        for share in (-(-room // len(able)), room):
            for client in able:
                if room and (not parts or client.kind == parts[0][0].kind):
                    batch = client.pop(min(share, room))
                    if batch is not None and len(batch):
                        parts.append((client, batch))
                        room -= len(batch)
        self._turn += bool(parts)
        return parts

    def _compute(self, parts: list[tuple[Client, Any]]) -> None:
        placed = [
            (client, batch, _try(client, client.task.places, batch)) for client, batch in parts
        ]
        parts = [(client, batch) for client, batch, places in placed if places is not None]
        places = [place for *_, places in placed for place in places or ()]
        if not parts:
            return
        began = time.monotonic()
        frames = [batch.frames for _, batch in parts]
        try:
            joined = frames[0] if len(frames) == 1 else np.concatenate(frames)
            answers = parts[0][0].task.compute(joined, places)
        except Exception as error:  # of any kind: the radio must not stand still for it
            if len(parts) == 1:
                parts[0][0].report(error)
            else:  # whose frames they are that cannot be computed shows when they are alone
                for part in parts:
                    self._compute([part])
            return
        self._pacer.took(len(places), time.monotonic() - began)
        first = 0
        for client, batch in parts:
            _try(client, client.take, batch, answers[first : first + len(batch)])
            first += len(batch)


def _try(client: Client, work: Callable[..., Any], *arguments: Any) -> Any:
    """What work for one client gives; None where it fails, which is reported and harms no other."""
    try:
        return work(*arguments)
    except Exception as error:
        client.report(error)
        return None


_all: weakref.WeakSet[Hub] = weakref.WeakSet()  # those whose engine has gone, too


@atexit.register
def _close_all() -> None:
    for hub in list(_all):  # a thread that comes back from C++ to no interpreter aborts
        hub.close()


_hubs: weakref.WeakKeyDictionary[Any, Hub] = weakref.WeakKeyDictionary()
_hubs_lock = threading.Lock()


def hub_of(engine: Any) -> Hub:
    """The hub of an engine, one for all blocks that use it: an engine serves one thread."""
    with _hubs_lock:
        hub = _hubs.get(engine)
        if hub is None:
            hub = _hubs[engine] = Hub(engine.max_batch)
        return hub
