# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten minutes of a radio that is faster than the model: nothing grows, every drop is accounted."""

from __future__ import annotations

import threading
import time

import pytest
from gnuradio.denomae.bench.memory import resident_mib
from gnuradio.denomae.bench.radio import LatencyListener, Radio

from denomae import Engine

RATE_HZ = 2e6
WARM_S = 20.0
MOST_GROWTH_MIB = 8.0


@pytest.mark.parametrize(
    "seconds",
    [
        10.0,
        pytest.param(600.0, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
def test_at_two_million_samples_a_second_memory_is_flat_and_every_frame_is_accounted(
    seconds, capsys
):
    engine = Engine.load(device="cpu")
    engine.warm_up()
    radio = Radio(engine, RATE_HZ, "newest")
    listener = LatencyListener()
    radio.msg_connect((radio.classifier, "labels"), (listener, "labels"))
    radio.start()
    began = time.monotonic()
    time.sleep(min(WARM_S, seconds / 2))
    threads, sizes = threading.active_count(), [resident_mib()]
    while time.monotonic() - began < seconds:
        listener.latencies_ms.clear()  # what the test itself keeps is no leak
        time.sleep(1)
        assert listener.latencies_ms, "a second without a label"
        sizes.append(resident_mib())
    assert threading.active_count() == threads
    radio.stop()
    radio.wait()
    ran = time.monotonic() - began
    counters, status = radio.classifier.counters(), radio.classifier.status()
    sent = radio.publisher.counters()
    frames = counters["seen"]
    accounted = sum(counters[fate] for fate in ("gated", "invalid", "dropped", "delivered"))
    taken_ms = frames * engine.frame_length / ran / 1e6
    work_ms = radio.classifier.work_time_s(0.999) * 1e3
    with capsys.disabled():
        print(
            f"\n{ran:.0f} s at {RATE_HZ / 1e6:g} MS/s, {taken_ms:.4f} MS/s taken: {frames:,} frames"
            f" = {counters['delivered']:,} delivered + {counters['dropped']:,} dropped, the model"
            f" being slower + {frames - accounted:,} waiting at the end; {status['labels']:,}"
            f" labels; memory {sizes[0]:.1f} MiB at the start, {sizes[-1]:.1f} at the end,"
            f" {max(sizes):.1f} at most; work() 99.9 % within {work_ms:.3f} ms"
        )
    assert 0 <= frames - accounted <= 256  # what waits is bounded by the queue
    taken = frames * engine.frame_length + counters["tail_samples"]
    assert 0 <= radio.pace.nitems_written(0) - taken <= 2**17  # but for what stood in the buffers
    assert taken_ms > 0.9 * RATE_HZ / 1e6
    assert status["labels"] <= counters["delivered"] <= status["labels"] + engine.max_batch
    assert sent["sent"] + sent["dropped"] <= status["labels"] and sent["refused"] == 0
    assert status["error"] is None
    assert max(sizes) - sizes[0] < MOST_GROWTH_MIB
