# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples in, labels out: what the classifier says of the frames of real flowgraphs."""

from __future__ import annotations

import math
import time

import numpy as np
import pmt
import pytest
from classifier_bench import (
    Collector,
    HeldEngine,
    Radio,
    Recording,
    eventually,
    noise,
    rx_time,
    tag,
)
from gnuradio import blocks, denomae, gr

from denomae.errors import DenomaeError
from denomae.rfc3339 import parse_rfc3339
from denomae.smoothing import Smoother

pytestmark = pytest.mark.timeout(120)

N = 1024


def test_every_frame_gets_exactly_one_label_in_order_before_wait_returns(engine):
    samples = noise(45 * N + 100)
    expected = engine.classify(samples[: 45 * N].reshape(45, N))
    recording = Recording(samples, engine, source="north", queue_frames=4)
    for _ in range(6):
        labels = recording.play()
        assert [label.sequence for label in labels] == list(range(45))
        assert [label.sample_offset for label in labels] == [n * N for n in range(45)]
        assert {(x.source, x.sample_count, x.dropped_frames) for x in labels} == {("north", N, 0)}
        assert all(0 < label.latency_ms < 60_000 for label in labels)
        for label, twin in zip(labels, expected, strict=True):  # each label is of its own frame
            assert label.model == twin.model and list(label.probabilities) == list(engine.classes)
            np.testing.assert_allclose(
                list(label.probabilities.values()), list(twin.probabilities.values()), atol=0.02
            )


@pytest.mark.parametrize("hop", [1, 300, N, 3000])
def test_overlapping_and_sparse_frames_lie_a_hop_apart(engine, hop):
    length = 20 * hop + N + hop // 2
    labels = Recording(noise(length), engine, hop=hop).play()
    assert [label.sample_offset for label in labels] == list(range(0, length - N + 1, hop))


def test_the_labels_port_may_stay_open(engine):
    flowgraph = gr.top_block()
    classifier = denomae.classifier(engine=engine, policy="block", queue_frames=2)
    flowgraph.connect(blocks.vector_source_c(noise(20 * N)), classifier)
    flowgraph.run()
    assert classifier.status()["labels"] == 20


@pytest.mark.parametrize("length", [1, N - 1, N, 3 * N + N // 2])
def test_what_ends_before_a_frame_is_whole_gets_no_label(engine, length):
    recording = Recording(noise(length), engine)
    assert len(recording.play()) == length // N
    assert recording.classifier.counters()["tail_samples"] == length % N


def test_frames_with_nan_infinity_or_nothing_but_zeros_get_no_label(engine):
    frames = noise(8 * N).reshape(8, N).copy()
    frames[1, 17] = complex(math.nan, 0)
    frames[3, 0] = complex(0, math.inf)
    frames[4] = 0
    frames[6, N - 1] = -math.inf
    recording = Recording(frames.ravel(), engine)
    assert [label.sample_offset // N for label in recording.play()] == [0, 2, 5, 7]
    counters = recording.classifier.counters()
    assert (counters["invalid"], counters["gated"], counters["seen"]) == (3, 1, 8)


def test_frames_below_the_gate_get_no_label_and_are_counted(engine):
    loud, quiet = noise(5 * N), 0.01 * noise(7 * N, seed=1)  # 0 and -40 dB
    recording = Recording(np.concatenate([quiet, loud, quiet]), engine, gate_db=-20.0)
    assert [label.sample_offset // N for label in recording.play()] == list(range(7, 12))
    assert recording.classifier.counters()["gated"] == 14


def test_the_gate_changes_while_the_flowgraph_runs(engine):
    radio = Radio(engine, power_db=-20.0, gate_db=-10.0)
    radio.start()
    assert eventually(lambda: radio.classifier.counters()["gated"] >= 10)
    assert not radio.collector.labels
    radio.classifier.set_gate_db(-30.0)
    assert radio.collector.arrived.wait(30)
    radio.end()


def test_the_threshold_changes_while_the_flowgraph_runs(engine):
    radio = Radio(engine, threshold=1.0)
    radio.start()
    assert radio.collector.arrived.wait(30)
    radio.classifier.set_threshold(0.0)
    assert eventually(lambda: radio.collector.labels[-1].verdict != "unknown")
    radio.classifier.set_threshold(1.0)
    count = len(radio.collector.labels)
    assert eventually(lambda: "unknown" in {x.verdict for x in radio.collector.labels[count:]})
    radio.end()


def test_a_verdict_is_unknown_noise_or_known_by_threshold_and_class(engine):
    samples = noise(10 * N)
    own = Recording(samples, engine).play()
    assert [x.verdict for x in own] == [x.verdict for x in engine.classify(samples.reshape(10, N))]
    for threshold in (0.0, own[0].confidence, 1.0):
        for label in Recording(samples, engine, threshold=threshold).play():
            certain = "noise" if engine.families[label.label] == "noise" else "known"
            assert label.verdict == ("unknown" if label.confidence < threshold else certain)


def test_the_labels_of_a_stream_vote_together_and_each_run_begins_a_vote_of_its_own(engine):
    samples = noise(24 * N)
    own = Recording(samples, engine, hop=512, threshold=0.3).play()
    vote = Smoother(engine.families, frames=6, threshold=0.3)
    wanted = [vote(label) for label in own]
    recording = Recording(samples, engine, hop=512, threshold=0.3, smoothing_frames=6)
    for _ in range(2):
        given = recording.play()
        assert [(x.label, x.verdict) for x in given] == [(x.label, x.verdict) for x in wanted]
        for one, same in zip(given, wanted, strict=True):
            assert one.probabilities == pytest.approx(same.probabilities, abs=1e-3)
    assert given[-1].probabilities != pytest.approx(own[-1].probabilities, abs=1e-3)


def test_smoothing_changes_while_the_flowgraph_runs(engine):
    held = HeldEngine(engine)
    recording = Recording(noise(8 * N), held, batch_size=4, queue_frames=4)
    recording.start()
    assert held.entered.wait(30)
    recording.classifier.set_smoothing_frames(8)
    held.free.set()
    recording.wait()
    own = engine.classify(noise(8 * N).reshape(8, N))
    vote = Smoother(engine.families, frames=8)
    wanted = [vote(label).probabilities for label in own]
    for label, same in zip(recording.collector.labels, wanted, strict=True):
        assert label.probabilities == pytest.approx(same, abs=0.02)
    with pytest.raises(DenomaeError, match="smoothing_frames is 257"):
        recording.classifier.set_smoothing_frames(257)


def test_places_come_from_the_streams_tags(engine):
    tags = [
        tag(0, "rx_time", rx_time(1_772_366_400, 0.5)),
        tag(0, "rx_rate", pmt.from_double(1e6)),
        tag(0, "rx_freq", pmt.from_double(433.92e6)),
        tag(3 * N + 10, "rx_time", rx_time(1_772_366_500, 0.0)),  # as after an overflow
    ]
    recording = Recording(noise(6 * N + 10), engine, tags)
    labels = recording.play()
    assert [label.sample_offset for label in labels] == [
        0,
        N,
        2 * N,
        *(k * N + 10 for k in (3, 4, 5)),
    ]
    assert [label.time for label in labels] == [
        "2026-03-01T12:00:00.500000000Z",
        "2026-03-01T12:00:00.501024000Z",
        "2026-03-01T12:00:00.502048000Z",
        "2026-03-01T12:01:40.000000000Z",
        "2026-03-01T12:01:40.001024000Z",
        "2026-03-01T12:01:40.002048000Z",
    ]
    assert {(x.sample_rate_hz, x.center_frequency_hz) for x in labels} == {(1e6, 433.92e6)}
    assert recording.classifier.counters()["discontinuities"] == 1


@pytest.mark.parametrize("parameters", [{}, {"sample_rate": 1e6}])
def test_after_a_changed_rate_the_time_is_unknown_until_it_is_told_anew(engine, parameters):
    tags = [
        tag(0, "rx_time", rx_time(1_772_366_400, 0.0)),
        tag(0, "rx_rate", pmt.from_double(1e6)),
        tag(2 * N, "rx_rate", pmt.from_double(2e6)),
        tag(4 * N, "rx_time", rx_time(1_772_366_500, 0.0)),
    ]
    labels = Recording(noise(6 * N), engine, tags, **parameters).play()
    last = "001024000" if parameters else "000512000"
    assert [label.time for label in labels] == [
        "2026-03-01T12:00:00.000000000Z",
        "2026-03-01T12:00:00.001024000Z",
        None,
        None,
        "2026-03-01T12:01:40.000000000Z",
        f"2026-03-01T12:01:40.{last}Z",
    ]
    rates = [1e6] * 6 if parameters else [1e6] * 2 + [2e6] * 4
    assert [label.sample_rate_hz for label in labels] == rates


def test_parameters_win_over_the_streams_tags(engine):
    tags = [
        tag(0, "rx_time", rx_time(1_772_366_400, 0.0)),
        tag(0, "rx_rate", pmt.from_double(1e6)),
        tag(0, "rx_freq", pmt.from_double(433.92e6)),
    ]
    label = Recording(
        noise(2 * N), engine, tags, sample_rate=1024.0, center_frequency=868e6
    ).play()[1]
    assert (label.sample_rate_hz, label.center_frequency_hz) == (1024.0, 868e6)
    assert label.time == "2026-03-01T12:00:01.000000000Z"


def test_without_tags_and_parameters_place_is_the_offset_alone(engine):
    label = Recording(noise(N), engine).play()[0]
    assert (label.time, label.sample_rate_hz, label.center_frequency_hz) == (None, None, None)


def test_the_hosts_clock_gives_times_where_the_device_has_none(engine):
    before = time.time_ns()
    labels = Recording(noise(3 * N), engine, sample_rate=1e6, time_source="host").play()
    after = time.time_ns()
    for label in labels:
        seconds, nanoseconds = parse_rfc3339(label.time)
        assert before <= seconds * 10**9 + nanoseconds + N * 1000 <= after


def test_the_status_tells_what_happened(engine):
    frames = noise(6 * N).reshape(6, N).copy()
    frames[0] = 0
    recording = Recording(frames.ravel(), engine)
    assert "no label yet" in recording.classifier.status_line()
    labels = recording.play()
    status = recording.classifier.status()
    assert (status["labels"], status["last"], status["error"]) == (5, labels[-1], None)
    line = recording.classifier.status_line()
    assert "frames 6, labels 5, dropped 0, gated 1" in line and labels[-1].label in line


def test_the_status_line_shows_the_family_of_a_close_call(engine, label_factory):
    classifier = denomae.classifier(engine=engine)
    classifier._outlet.status.took(label_factory(confidence=0.6, family_confidence=0.97))
    assert classifier.status_line().startswith("psk family 0.97 known, 12.5 dB")


def test_a_status_line_is_logged_at_its_interval(engine, capfd):
    radio = Radio(engine, status_interval_s=0.05)
    radio.start()
    log = []
    assert eventually(
        lambda: log.append("".join(capfd.readouterr())) or "".join(log).count("frames ") >= 3
    )
    radio.end()


def test_a_stall_is_not_made_up_for_by_a_burst_of_status_lines(engine, capfd):
    outlet = denomae.classifier(engine=engine, status_interval_s=60)._outlet
    outlet._next_line_at = time.monotonic() - 1000
    for _ in range(10):
        outlet._tick()
    assert "".join(capfd.readouterr()).count("no label yet") == 1
    assert outlet._next_line_at > time.monotonic()


@pytest.mark.parametrize("rate, whole", [(1e6, 4), (0.0, 0), (1.1e6, 0)])
def test_times_told_within_every_frame_break_it_unless_they_agree(engine, rate, whole):
    tags = [
        tag(k, "rx_time", rx_time(1_772_366_400, 0.25 + k / 1e6)) for k in range(0, 4 * N, N // 2)
    ]
    recording = Recording(noise(4 * N), engine, tags, sample_rate=rate)
    labels = recording.play()
    line = recording.classifier.status_line()
    assert len(labels) == whole
    if whole:
        assert labels[3].time == "2026-03-01T12:00:00.253072000Z"
        assert "discontinuities" not in line and "whole" not in line
    else:
        assert "no frame was whole yet, tags on the stream (rx_time" in line
        assert "discontinuities 7" in line


def test_two_classifiers_of_one_stream_are_told_apart_by_their_source(engine, nano_checkpoint):
    flowgraph = Recording(noise(12 * N), engine, source="one")
    second, heard = (
        denomae.classifier(str(nano_checkpoint), "cpu", "two", policy="block"),
        Collector(),
    )
    flowgraph.connect(flowgraph.source, second)
    flowgraph.msg_connect(second, "labels", heard, "labels")
    first = flowgraph.play()
    assert [x.sequence for x in first] == [x.sequence for x in heard.labels] == list(range(12))
    assert {x.source for x in first} == {"one"} and {x.source for x in heard.labels} == {"two"}
