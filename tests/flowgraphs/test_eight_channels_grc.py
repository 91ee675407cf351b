# SPDX-License-Identifier: GPL-3.0-or-later
"""Eight channels of one band are classified by one model, each by its own name and frequency."""

from __future__ import annotations

import time
from collections import Counter

import pytest
import zmq
from examples_bench import CAPTURE, compiled, started

from denomae.labels import Label

pytestmark = pytest.mark.timeout(240)


def test_each_channel_gets_labels_of_what_is_in_it(tmp_path):
    program = compiled("eight_channels", tmp_path)
    address = f"ipc://{tmp_path}/labels"
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVTIMEO, 60_000)
        socket.set(zmq.RECONNECT_IVL, 10)
        socket.subscribe(b"denomae/label")
        socket.connect(address)
        running = started(program, capture=CAPTURE, address=address)
        labels: dict[str, list[Label]] = {}
        try:
            until = time.monotonic() + 120
            while time.monotonic() < until:
                label = Label.from_json(socket.recv_multipart()[1])
                labels.setdefault(label.source, []).append(label)
                if len(labels) == 8 and min(map(len, labels.values())) >= 30:
                    break
        finally:
            running.terminate()
            running.communicate(timeout=30)
    assert sorted(labels) == [f"channel {k}" for k in range(8)]
    assert len({label.model for heard in labels.values() for label in heard}) == 1
    for k in range(8):
        heard = labels[f"channel {k}"]
        assert {label.center_frequency_hz for label in heard} == {((k + 4) % 8 - 4) * 32e3}
        assert {label.sample_rate_hz for label in heard} == {32e3}
    # Channel 1 begins at the third second of the recording, 2 at the sixth and so on: a class
    # lasts two or three seconds, so that neighbours hold different ones at the same time.
    first = [Counter(x.label for x in labels[f"channel {k}"][:30]).most_common(1)[0][0]
             for k in range(8)]  # fmt: skip
    assert len(set(first)) >= 4, first
