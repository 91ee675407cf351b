# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten minutes of the busiest example at a rate that is too much for the model: eight channels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median

import pytest
from examples_bench import CAPTURE, compiled

RATE_HZ = 2e6
"""Of the whole band; each channel has an eighth of it."""
WARM_S = 60.0
PART_S = 150
"""Memory is told by the median of so many seconds, at the beginning and at the end: what one second
shows lies within a saw's teeth of about 13 MiB, for batches of any size up to the largest come and
go, and the allocator gives back to the system what is free at the top of its heap, no more."""
MOST_GROWTH_MIB = 8.0
MOST_SWING_MIB = 32.0
QUEUE_FRAMES = 256

_SOAK = """
import json, sys, threading, time
sys.path.insert(0, {folder!r})
from gnuradio.denomae.bench.memory import resident_mib
from eight_channels import eight_channels
flowgraph = eight_channels(address="ipc://{folder}/labels", capture={capture!r}, speed={speed!r})
flowgraph.start()
classifiers = [getattr(flowgraph, f"classifier_{{k}}") for k in range(8)]
began = time.monotonic()
time.sleep({warm!r})
threads, sizes = threading.active_count(), [resident_mib()]
while time.monotonic() - began < {seconds!r}:
    time.sleep(1)
    sizes.append(resident_mib())
threads_then = threading.active_count()
flowgraph.stop()
flowgraph.wait()
print(json.dumps({{
    "seconds": time.monotonic() - began,
    "samples": flowgraph.throttle.nitems_written(0),
    "memory_mib": sizes,
    "threads": [threads, threads_then],
    "counters": [classifier.counters() for classifier in classifiers],
    "status": [classifier.status() for classifier in classifiers],
    "published": flowgraph.publisher.counters(),
}}, default=str))
"""


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_ten_minutes_of_eight_channels_leave_memory_flat_and_no_drop_unexplained(tmp_path, capsys):
    compiled("eight_channels", tmp_path)
    code = _SOAK.format(
        folder=str(tmp_path),
        capture=str(CAPTURE),
        speed=RATE_HZ / 256e3,
        warm=WARM_S,
        seconds=600.0,
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=1100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    counters, status, published = (found[name] for name in ("counters", "status", "published"))
    rate = found["samples"] / found["seconds"] / 1e6
    sizes = found["memory_mib"]
    assert len(sizes) > 2 * PART_S
    start, end, most = median(sizes[:PART_S]), median(sizes[-PART_S:]), max(sizes)
    of = {name: sum(c[name] for c in counters) for name in counters[0]}
    with capsys.disabled():
        print(
            f"\n{found['seconds']:.0f} s, {rate:.3f} MS/s: {of['seen']:,} frames ="
            f" {of['gated']:,} gated + {of['delivered']:,} delivered + {of['dropped']:,} dropped,"
            f" the model being slower, and the rest waiting at the end;"
            f" {published['sent']:,} labels sent;"
            f" memory {start:.1f} MiB at the start, {end:.1f} at the end, {most:.1f} at most"
        )
    assert rate > 0.9 * RATE_HZ / 1e6
    assert end - start < MOST_GROWTH_MIB
    assert most - start < MOST_SWING_MIB
    assert found["threads"][0] == found["threads"][1]
    for counter, state in zip(counters, status, strict=True):
        accounted = sum(counter[fate] for fate in ("gated", "invalid", "dropped", "delivered"))
        assert 0 <= counter["seen"] - accounted <= QUEUE_FRAMES
        assert state["error"] is None
    # a channel's samples are an eighth of the band's, but for what stood in the buffers
    taken = [c["seen"] * 1024 + c["tail_samples"] for c in counters]
    assert all(0 <= found["samples"] / 8 - each <= 2**17 for each in taken)
    assert max(taken) - min(taken) <= 2**15
    assert sum(state["labels"] for state in status) <= of["delivered"]
    assert published["dropped"] == published["refused"] == 0
