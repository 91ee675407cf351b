# SPDX-License-Identifier: GPL-3.0-or-later
"""A recorder begins and ends with its flowgraph, whatever becomes of that."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from classifier_bench import Radio, eventually
from gnuradio import blocks, denomae, gr
from recorder_bench import Flowgraph, written
from test_lifecycle import Held, check_nothing_is_left

from denomae.errors import DenomaeError

pytestmark = pytest.mark.timeout(120)


def test_starts_and_stops_of_a_radio_leave_valid_files_and_nothing_else(tmp_path, engine):
    radio = Radio(engine, rate_hz=4e5)
    radio.recorder = denomae.sigmf_recorder(str(tmp_path), sample_rate=4e5, buffer_s=0.2)
    radio.connect(radio.pace, radio.recorder)
    radio.msg_connect(radio.classifier, "labels", radio.recorder, "labels")
    held = None
    for cycle in range(10):
        before = radio.recorder.counters()["recorded_samples"]
        radio.collector.labels = []
        radio.start()
        assert eventually(
            lambda n=before: (
                radio.collector.labels and radio.recorder.counters()["recorded_samples"] > n
            )
        )
        assert radio.end() < 1.5
        if cycle == 3:
            held = Held.now()
    check_nothing_is_left(held)
    counters = radio.recorder.counters()
    files = written(tmp_path)
    assert len(files) == counters["files"] == 10
    assert sum(len(file.samples) for file in files) == counters["recorded_samples"]
    assert sum(len(file.annotations) for file in files) == counters["annotations"]
    assert all(file.segments[0].global_index == 0 for file in files)
    assert (counters["dropped_samples"], counters["missed"], counters["refused"]) == (0, 0, 0)


def test_a_running_flowgraph_is_rewired_and_recording_goes_on_in_the_next_file(tmp_path):
    flowgraph = Flowgraph(tmp_path, 5_000_000, pace_hz=1e6, buffer_s=0.2)
    aside = blocks.null_sink(gr.sizeof_gr_complex)
    flowgraph.start()
    recorder, held = flowgraph.recorder, None
    for cycle in range(8):
        files, samples = (recorder.counters()[key] for key in ("files", "recorded_samples"))
        assert eventually(lambda n=samples: recorder.counters()["recorded_samples"] > n)
        flowgraph.lock()
        if cycle % 2:
            flowgraph.disconnect(flowgraph.pace, aside)
        else:
            flowgraph.connect(flowgraph.pace, aside)
        flowgraph.unlock()
        assert eventually(lambda n=files: recorder.counters()["files"] > n)
        if cycle == 3:
            held = Held.now()
    check_nothing_is_left(held)
    flowgraph.stop()
    flowgraph.wait()
    ranges = [file.range for file in written(tmp_path)]
    assert all(stop <= start for (_, stop), (start, _) in zip(ranges, ranges[1:], strict=False))
    assert sum(stop - start for start, stop in ranges) == recorder.counters()["recorded_samples"]


def test_flowgraphs_that_are_made_and_thrown_away_leave_nothing(tmp_path, label_factory):
    held = None
    for cycle in range(10):
        flowgraph = Flowgraph(tmp_path / str(cycle), 20_000)
        counters = flowgraph.record(label_factory(sample_offset=1000))
        assert (counters["recorded_samples"], counters["annotations"]) == (20_000, 1)
        del flowgraph
        if cycle == 3:
            held = Held.now()
    check_nothing_is_left(held)


def test_a_fault_of_the_recorder_is_reported_and_the_flowgraph_goes_on(
    tmp_path, capfd, monkeypatch
):
    flowgraph = Flowgraph(tmp_path, 20_000)
    files = len(os.listdir("/proc/self/fd"))

    def fail(*_):
        raise RuntimeError("an accident")

    monkeypatch.setattr(flowgraph.recorder._recorder._recordings, "step", fail)
    flowgraph.record()
    assert len(os.listdir("/proc/self/fd")) <= files
    assert "".join(capfd.readouterr()).count("RuntimeError: an accident") == 1
    monkeypatch.undo()
    assert flowgraph.record()["files"] == 1


PROGRAM = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from recorder_bench import Flowgraph

flowgraph = Flowgraph(Path(sys.argv[2]), 5_000_000, pace_hz=1e6, buffer_s=1.0)
flowgraph.start()
while flowgraph.recorder.counters()["recorded_samples"] == 0:
    pass
"""


def test_a_program_that_ends_without_a_stop_closes_its_files(tmp_path):
    program = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(tmp_path)]
    # GNU Radio's threads may abort when they call any Python block after the interpreter has gone
    subprocess.run(program, timeout=60, stderr=subprocess.DEVNULL)
    (file,) = written(tmp_path)
    assert file.range[0] == 0


def test_a_stop_does_not_wait_for_a_stream_that_never_came(tmp_path):
    flowgraph = gr.top_block()
    source = blocks.null_source(gr.sizeof_gr_complex)
    pace = blocks.throttle(gr.sizeof_gr_complex, 1e6)
    nothing = blocks.skiphead(gr.sizeof_gr_complex, 2**40)
    recorder = denomae.sigmf_recorder(str(tmp_path), sample_rate=1e6)
    flowgraph.connect(source, pace, nothing, recorder)
    flowgraph.start()
    began = time.monotonic()
    flowgraph.stop()
    flowgraph.wait()
    assert time.monotonic() - began < 10
    assert not list(tmp_path.iterdir()) and recorder.counters()["files"] == 0


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("directory", ""),
        ("basename", "../up"),
        ("trigger", "sometimes"),
        ("trigger_confidence", 2.0),
        ("pre_trigger_s", -0.1),
        ("post_trigger_s", float("nan")),
        ("max_file_mb", "large"),
        ("max_file_s", float("inf")),
        ("buffer_s", 1e9),
        ("record", "yes"),
        ("sample_rate", float("inf")),
        ("center_frequency", float("inf")),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_name(tmp_path, parameter, value):
    with pytest.raises(DenomaeError, match=f"^{parameter} is .*wanted"):
        denomae.sigmf_recorder(**{"sample_rate": 1e6, parameter: value})
    recorder = denomae.sigmf_recorder(str(tmp_path), sample_rate=1e6)
    with pytest.raises(DenomaeError, match=f"^{parameter} is .*wanted"):
        getattr(recorder, f"set_{parameter}")(value)
