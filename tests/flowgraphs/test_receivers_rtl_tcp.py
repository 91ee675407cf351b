# SPDX-License-Identifier: GPL-3.0-or-later
"""The example with an RTL-SDR runs for real, fed through the driver by an `rtl_tcp` server."""

from __future__ import annotations

import signal

import numpy as np
import pytest
from receiver_bench import Running, compiled
from receiver_capture import NARROW_HZ, Span, as_received, spans_of
from rtl_tcp_server import FREQUENCY, GAIN, GAIN_MODE, RATE, RtlTcpServer

from denomae.labels import Label
from denomae.rfc3339 import parse_rfc3339

pytest.importorskip("osmosdr", reason="gr-osmosdr is not installed: sudo apt install gr-osmosdr")
pytestmark = pytest.mark.timeout(900)

N = 1024
FACTOR = 32
RATE_HZ = NARROW_HZ * FACTOR
OFFSET_HZ = RATE_HZ // 4
FREQUENCY_HZ = 433.92e6
EDGE = 64
"""Samples at either end of a signal where the filters have not settled."""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("home"))["rtlsdr"]


def at(server: RtlTcpServer) -> list[str]:
    return ["--args", f"rtl_tcp=127.0.0.1:{server.port}"]


def time_ns(label: Label) -> int:
    assert label.time is not None
    seconds, nanoseconds = parse_rfc3339(label.time)
    return seconds * 10**9 + nanoseconds


def frames_of(spans: list[Span], first: int) -> dict[int, str]:
    """Which frames, by offset, lie in one signal, and what it is."""
    return {
        offset: span.label
        for span in spans
        for offset in range(-(-(span.begin + EDGE) // N) * N, span.end - EDGE - N + 1, N)
        if offset >= first
    }


def check_that_labels_are_right(program, folder, classes: tuple[str, ...]) -> None:
    samples, spans = spans_of(classes)
    recording = as_received(samples, FACTOR, OFFSET_HZ)
    with (
        RtlTcpServer(recording, RATE_HZ) as server,
        Running(program, folder, *at(server), "--gain", "20.7") as running,
    ):
        running.until(
            lambda: bool(running.labels) and running.labels[-1].sample_offset > spans[-1].end
        )
        status, seconds = running.end(signal.SIGTERM)
        session = server.sessions[-1]
        assert status == 0 and seconds < 60, running.output
    labels = {label.sample_offset: label for label in running.labels}
    first = min(labels)
    assert first < NARROW_HZ  # those before the subscription are not seen

    truth = frames_of(spans, first)
    right = [offset for offset, label in truth.items() if labels[offset].label == label]
    assert len(right) >= 0.9 * len(truth), {
        offset: (label, labels[offset].label)
        for offset, label in truth.items()
        if labels[offset].label != label
    }

    assert {(x.source, x.center_frequency_hz, x.sample_rate_hz) for x in running.labels} == {
        ("rtlsdr", FREQUENCY_HZ, NARROW_HZ)
    }
    assert all(label.dropped_frames == 0 for label in running.labels)
    offsets = np.array(sorted(labels))
    told = np.array([time_ns(labels[offset]) for offset in offsets])
    captured = np.array([session.captured_ns(offset * FACTOR, RATE_HZ) for offset in offsets])
    late_s = (told - captured) * 1e-9
    # guards that a busy machine passes; a rate or a place that is wrong fails them by far
    assert np.median(np.abs(late_s)) < 1.0 and np.max(np.abs(late_s)) < 5.0
    ran_s, told_s = (offsets[-1] - offsets[0]) / NARROW_HZ, (told[-1] - told[0]) * 1e-9
    assert abs(told_s - ran_s) < 2.0 and ran_s > 5.0

    assert session.asked(RATE) == [RATE_HZ]
    assert session.asked(FREQUENCY) == [FREQUENCY_HZ - OFFSET_HZ]
    assert session.asked(GAIN_MODE) == [1] and session.asked(GAIN) == [207]
    assert "known" in running.output  # the status line
    assert "Traceback" not in running.output, running.output


def test_labels_are_right_and_tell_the_true_time_rate_and_frequency(program, tmp_path):
    check_that_labels_are_right(program, tmp_path, ("fm", "ook", "qpsk", "gmsk"))


@pytest.mark.long
def test_labels_of_the_whole_recording_are_right(program, tmp_path):
    check_that_labels_are_right(program, tmp_path, ())


@pytest.fixture(scope="module")
def a_second_of_noise():
    return np.random.default_rng(2).integers(96, 160, 2 * RATE_HZ, dtype=np.uint8)


def test_labels_follow_the_sliders(program, tmp_path, a_second_of_noise):
    with (
        RtlTcpServer(a_second_of_noise, RATE_HZ) as server,
        Running(program, tmp_path, *at(server)) as running,
    ):
        running.until(lambda: len(running.labels) > 10)
        running.move("freq", 434e6)
        running.until(lambda: running.labels[-1].center_frequency_hz == 434e6)
        running.move("bandwidth", 40e3)
        running.until(lambda: running.labels[-1].sample_rate_hz == 40e3)
        running.move("gain_db", 20.7)
        running.move("gate_db", 0.0)
        running.until(lambda: ", gated " in running.output)
        session = server.sessions[-1]
        assert running.end(signal.SIGTERM)[0] == 0, running.output
    places = [(x.center_frequency_hz, x.sample_rate_hz) for x in running.labels]
    began = [places.index(place) for place in dict.fromkeys(places)]
    assert [places[k] for k in began] == [(FREQUENCY_HZ, 32e3), (434e6, 32e3), (434e6, 40e3)]
    assert places == sorted(places)  # each is over when the next begins
    for k in began[1:]:  # and half a second, which was on its way, lies between
        before, after = running.labels[k - 1], running.labels[k]
        assert after.sample_rate_hz is not None
        assert after.sample_offset - before.sample_offset - N >= 0.5 * after.sample_rate_hz
    assert session.asked(GAIN)[-1] == 207
    assert session.asked(RATE) == [RATE_HZ, 1_280_000]
    assert session.asked(FREQUENCY) == [433_664_000, 433_744_000, 433_680_000]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_goes_away_is_reported_and_holds_nobody(
    program, tmp_path, a_second_of_noise, by
):
    with (
        RtlTcpServer(a_second_of_noise, RATE_HZ) as server,
        Running(program, tmp_path, *at(server)) as running,
    ):
        running.until(lambda: len(running.labels) > 3)
        server.close()
        running.until(lambda: "no samples for 3 s: was it unplugged" in running.output)
        status, seconds = running.end(by)
        assert seconds < 60
    assert status == 1
    assert "its driver does not end: leaving without it" in running.output
    assert "Traceback" not in running.output, running.output
