# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that is slow, full or not there, and a program that is killed while it records."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from classifier_bench import eventually
from gnuradio.denomae import recorder, recordings
from recorder_bench import RATE, Flowgraph, written

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def pipe(monkeypatch):
    """Every data file is the same pipe, which takes nothing while nobody reads it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    there = os.open

    def opened(path, flags, mode=0o777, **rest):
        if str(path).endswith(".sigmf-data"):
            os.close(there(path, flags, mode, **rest))
            return os.dup(writer)
        return there(path, flags, mode, **rest)

    monkeypatch.setattr(os, "open", opened)
    yield reader, writer
    for end in (writer, reader):
        os.close(end)


def test_a_disk_that_takes_nothing_never_stalls_the_stream_and_drops_are_counted(
    tmp_path, pipe, monkeypatch
):
    monkeypatch.setattr(recorder, "_STUCK_S", 0.3)
    count = 2_000_000
    flowgraph = Flowgraph(tmp_path, count, buffer_s=0.2)
    flowgraph.start()
    assert eventually(lambda: flowgraph.recorder._sink.head() == count)
    counters = flowgraph.end()
    taken = counters["recorded_samples"]
    assert 0 < taken <= 2**16 / 8  # what a pipe holds
    assert counters["dropped_samples"] == count - taken


def test_a_slow_disk_leaves_gaps_that_the_metadata_tell(tmp_path, pipe):
    count = 3_000_000
    received = bytearray()

    def read():
        while piece := os.read(pipe[0], 2**16):
            received.extend(piece)

    flowgraph = Flowgraph(tmp_path, count, buffer_s=0.2, center_frequency=1e9)
    flowgraph.start()
    assert eventually(lambda: flowgraph.recorder._sink.head() == count)
    reading = threading.Thread(target=read, daemon=True)
    reading.start()  # only now: the stream has gone by, with all but the last of it
    counters = flowgraph.end()
    assert eventually(lambda: len(received) == 8 * counters["recorded_samples"])
    assert counters["recorded_samples"] + counters["dropped_samples"] == count
    assert counters["dropped_samples"] > 0

    (data,) = tmp_path.glob("*.sigmf-data")
    data.write_bytes(received)
    (file,) = written(tmp_path)
    assert len(file.segments) > 1 and file.dropped() == counters["dropped_samples"]
    for segment in file.segments:
        assert segment.global_index == file.offsets[segment.sample_start]
    breaks = np.flatnonzero(np.diff(file.offsets) != 1) + 1
    assert list(breaks) == [segment.sample_start for segment in file.segments[1:]]


@contextmanager
def largest_file(size: int):
    """No file of this process grows beyond so many bytes: what a full disk is to its writer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_disk_that_fills_up_closes_the_recording_and_the_flowgraph_goes_on(
    tmp_path, label_factory, capfd, monkeypatch
):
    monkeypatch.setattr(recordings, "RETRY_S", 0.0)
    count = 400_000
    flowgraph = Flowgraph(
        tmp_path, count, trigger="unknown", pre_trigger_s=0, post_trigger_s=0, max_file_mb=0
    )

    def unknown(offset, samples):
        return label_factory(verdict="unknown", sample_offset=offset, sample_count=samples)

    def failures():
        return flowgraph.recorder.counters()["failures"]

    with largest_file(1_000_003):  # no whole number of samples
        flowgraph.start()
        # what has not come when the disk is full is not wanted any more, nor counted
        assert eventually(lambda: flowgraph.recorder._sink.head() == count)
        flowgraph.say(unknown(1000, 200_000))
        assert eventually(lambda: failures() == 1)
        flowgraph.say(unknown(210_000, 180_000))
        assert eventually(lambda: failures() == 2)
        flowgraph.say(unknown(395_000, 1000))
        counters = flowgraph.end()
    files = written(tmp_path)
    assert [file.range for file in files] == [
        (1000, 1000 + 125_000),
        (210_000, 210_000 + 125_000),
        (395_000, 396_000),
    ]
    assert not any(file.notes for file in files)
    assert files[0].marked() == [("unknown", 1000, 126_000)]
    assert counters["dropped_samples"] == 75_000 + 55_000
    assert "".join(capfd.readouterr()).count("cannot record to") == 1


def test_a_folder_that_cannot_be_made_is_reported_once_and_harms_nothing(
    tmp_path, label_factory, capfd, monkeypatch
):
    monkeypatch.setattr(recordings, "RETRY_S", 0.0)
    (tmp_path / "file").write_text("")
    labels = [
        label_factory(verdict="unknown", sample_offset=offset, sample_count=10)
        for offset in range(0, 10_000, 1000)
    ]
    flowgraph = Flowgraph(
        tmp_path / "file", 10_000, trigger="unknown", pre_trigger_s=0, post_trigger_s=0
    )
    counters = flowgraph.record(*labels)
    assert counters["failures"] == 10 and counters["files"] == 0
    assert "".join(capfd.readouterr()).count("cannot record to") == 1


PROGRAM = """
import json, sys, time
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from denomae.labels import Label
from recorder_bench import Flowgraph

label = json.loads(sys.argv[3])
flowgraph = Flowgraph(Path(sys.argv[2]), 8_000_000, pace_hz=1e6, max_file_s=1.5, buffer_s=4.0)
flowgraph.start()
for offset in range(0, 8_000_000, 10_000):
    while flowgraph.recorder._sink.head() < offset + 10_000:  # as a classifier would
        time.sleep(0.001)
    label.update(sample_offset=offset, sample_count=10_000)
    flowgraph.say(Label.from_dict(label))
"""


def test_what_a_killed_program_has_recorded_is_valid_but_for_the_last_second(
    tmp_path, label_factory
):
    program = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(tmp_path)]
    with subprocess.Popen([*program, label_factory().to_json()]) as process:

        def has_gone_on():
            metas = sorted(tmp_path.glob("*.sigmf-meta"))
            return len(metas) > 1 and json.loads(metas[-1].read_bytes())["annotations"]

        try:
            assert eventually(has_gone_on, 40)
        finally:
            process.kill()
    for part in tmp_path.glob("*.part"):  # what was being written, under another name
        part.unlink()
    files = written(tmp_path)
    assert files[0].range == (0, 1_500_000) and len(files[0].marked()) == 150
    start, stop = files[1].range
    assert start == 1_500_000
    marked = files[1].marked()
    assert marked[0] == ("qpsk", 1_500_000, 1_510_000) and marked[-1][2] <= stop
    # about a second of labels may be missing; the machine may be busy, so more is allowed here
    assert stop - marked[-1][2] < 5 * RATE
