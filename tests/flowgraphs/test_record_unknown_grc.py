# SPDX-License-Identifier: GPL-3.0-or-later
"""The example that records what is unknown compiles with `grcc` and records that, no more."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import sigmf
from examples_bench import CAPTURE, compiled

from denomae.captures import open_capture

pytestmark = pytest.mark.timeout(180)


def test_it_records_the_unknown_frames_of_its_capture_with_what_lies_around_them(tmp_path):
    program = compiled("record_unknown", tmp_path)
    folder, part = tmp_path / "recordings", tmp_path / "part.sigmf-data"
    part.write_bytes(CAPTURE.read_bytes()[: 4 * 200_000])  # two close calls are in it
    options = {"--capture": part, "--folder": folder, "--speed": "4", "--threshold": "0.8"}
    done = subprocess.run(
        [sys.executable, program, *sum(options.items(), ())],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and "rror" not in done.stdout + done.stderr, done.stderr

    with open_capture(CAPTURE) as capture:
        played = capture.read(0, capture.sample_count)
    metas = sorted(folder.glob("unknown_*.sigmf-meta"))
    assert metas
    before, behind = 8000, 16000  # a quarter and half a second
    for meta in metas:
        sigmf.fromfile(str(meta), skip_checksum=True).validate()
        with open_capture(meta) as recording:
            samples = recording.read(0, recording.sample_count)
            (segment,) = recording.segments
            unknown = [mark for mark in recording.annotations if mark.label == "unknown"]
        first = segment.global_index
        assert recording.sample_rate_hz == 32e3 and segment.center_frequency_hz == 433.92e6
        assert np.array_equal(samples, played[first : first + len(samples)])
        assert unknown and 0 <= unknown[0].sample_start <= before
        assert len(samples) - unknown[-1].sample_stop <= behind
        starts = [mark.sample_start for mark in unknown]
        assert all(
            b - a <= 1024 + before + behind for a, b in zip(starts, starts[1:], strict=False)
        )
