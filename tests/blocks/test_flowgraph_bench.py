# SPDX-License-Identifier: GPL-3.0-or-later
"""The flowgraph's benchmark runs to its end and its rows hold together."""

from __future__ import annotations

import subprocess
import sys

import pytest
from classifier_bench import Recording, noise
from gnuradio import denomae

from denomae.bench.row import Row


@pytest.mark.timeout(600)
def test_the_flowgraphs_benchmark_gives_every_row():
    done = subprocess.run(
        [sys.executable, "-m", "gnuradio.denomae.bench", "--device", "cpu", "--seconds", "4"],
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [Row.from_json(line) for line in done.stdout.splitlines() if line.startswith("{")]
    units = {row.name: row.unit for row in rows}
    assert units == {
        "frame sampler": "MS/s",
        "frame sampler, its work() alone": "MS/s",
        "constellation image": "MS/s",
        "frame sampler block": "MS/s",
        "pass-through of the classifier": "MS/s",
        "denoiser": "kS/s",
        "eight channels, one engine": "labels/s",
        "recorder at 20 MS/s": "MS/s",
        "label display, share of a core": "%",
        "flowgraph, saturated": "labels/s",
        "flowgraph, latency p99 at half": "ms",
        "work() p99.9 at 10 MS/s": "ms",
        "delivered at 10 MS/s": "MS/s",
        "memory of the process": "MiB",
    }
    # the display's is a difference, which in so short a run may come out on either side of nothing
    assert all(row.value > 0 for row in rows if row.unit != "%")


def test_the_time_of_every_call_of_work_is_counted(engine):
    flowgraph = Recording(noise(64 * 1024), engine)
    classifier = flowgraph.classifier
    assert classifier.work_time_s(1) == 0
    flowgraph.play()
    quantiles = [classifier.work_time_s(share) for share in (0, 0.5, 0.999, 1)]
    assert 0 < quantiles[0] and quantiles == sorted(quantiles) and quantiles[-1] < 60


def test_a_share_of_the_calls_that_is_none_is_refused():
    sampler = denomae.frame_sink(16, 16, 1)
    with pytest.raises(ValueError, match=r"share is 1\.5"):
        sampler.work_time_s(1.5)
