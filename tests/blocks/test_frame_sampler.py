# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame sampler sends frames as they came, never more than the receiver can do with."""

from __future__ import annotations

import sys
import time

import numpy as np
import pmt
import pytest
from classifier_bench import eventually, noise, rx_time, tag
from gnuradio import analog, blocks, denomae, gr
from gnuradio.denomae.allowance import Allowance
from pdu_bench import KEYS, Keeper, Playing
from test_lifecycle import Held, check_nothing_is_left

from denomae.errors import DenomaeError

pytestmark = pytest.mark.timeout(120)

N = 256


def playing(samples, tags=(), answer=None, **parameters):
    parameters = {"frame_length": N, "policy": "block", **parameters}
    return Playing(samples, denomae.frame_sampler(**parameters), "frames", tags, answer)


class Radio(gr.top_block):
    """Endless noise at a pace."""

    def __init__(self, answer=None, **parameters):
        super().__init__()
        self.block, self.keeper = (
            denomae.frame_sampler(frame_length=N, **parameters),
            Keeper(answer),
        )
        pace = blocks.throttle(gr.sizeof_gr_complex, 1e6)
        self.connect(analog.noise_source_c(analog.GR_GAUSSIAN, 1.0, 0), pace, self.block)
        self.msg_connect(self.block, "frames", self.keeper, "in")
        self.msg_connect(self.keeper, "done", self.block, "ack")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        began = time.monotonic()
        self.stop()
        self.wait()
        assert time.monotonic() - began < 5


def test_every_frame_is_out_as_it_came_before_wait_returns():
    samples = noise(100 * N + 9)
    tags = [
        tag(0, "rx_time", rx_time(1_700_000_000, 0.5)),
        tag(0, "rx_rate", pmt.from_double(1e6)),
    ]
    flowgraph = playing(samples, tags, source="mast")
    kept = flowgraph.play()
    vectors = np.array(kept.vectors)
    assert vectors.dtype == np.complex64
    np.testing.assert_array_equal(vectors, samples[: 100 * N].reshape(100, N))
    assert [list(values) for values in kept.said] == [[k for k in KEYS if k != "model"]] * 100
    assert kept.of("sequence") == list(range(100))
    assert kept.of("sample_offset") == [k * N for k in range(100)]
    assert set(kept.of("source")) == {"mast"} and set(kept.of("sample_rate_hz")) == {1e6}
    assert kept.of("time")[4] == (1_700_000_000, pytest.approx(0.5 + 4 * N / 1e6, abs=1e-9))
    counters = flowgraph.block.counters()
    assert (counters["sent"], counters["dropped"], counters["tail_samples"]) == (100, 0, 9)


def test_hop_and_gate_are_those_of_the_classifier():
    loud_then_quiet = np.concatenate([noise(4 * N), 0.01 * noise(4 * N)])
    kept = playing(loud_then_quiet, hop=N // 2, gate_db=-10).play()
    assert kept.of("sample_offset") == [N // 2 * k for k in range(8)]


def test_a_receiver_that_acknowledges_gets_all_and_never_has_more_than_it_said():
    flowgraph = playing(noise(300 * N), answer=pmt.PMT_T, unacknowledged=3)
    most = []
    flowgraph.keeper.watch = lambda: most.append(flowgraph.block.counters()["unacknowledged"])
    assert flowgraph.play().of("sequence") == list(range(300))
    assert 1 <= max(most) <= 3


def test_without_acknowledgements_it_sends_no_more_and_each_frees_one_or_as_many_as_it_says():
    with Radio(unacknowledged=4, queue_frames=8) as radio:
        keeper, counters = radio.keeper, radio.block.counters

        def are_sent(frames):
            return (
                eventually(lambda: len(keeper.said) == frames)
                and counters()["sent"] == frames
                and counters()["unacknowledged"] == 4
            )

        def others_pass():
            seen = counters()["seen"]
            return eventually(lambda: counters()["seen"] > seen + 50)

        assert others_pass() and are_sent(4)
        keeper.send(pmt.PMT_NIL)
        assert others_pass() and are_sent(5)
        keeper.send(pmt.from_long(3))
        assert others_pass() and are_sent(8)
        keeper.send(pmt.from_uint64(2**64 - 1))  # more than there are: all
        assert others_pass() and are_sent(12)
        assert counters()["dropped"] > 50
        radio.block.set_unacknowledged(6)
        assert eventually(lambda: len(keeper.said) == 14)
        radio.block.set_unacknowledged(0)
        assert eventually(lambda: len(keeper.said) > 50)
    assert keeper.of("sequence") == list(range(len(keeper.said)))
    dropped = keeper.of("dropped_frames")
    assert dropped == sorted(dropped) and dropped[-1] > 50


def test_what_is_no_acknowledgement_is_reported_once_and_counted(capfd):
    with Radio(unacknowledged=1) as radio:
        assert radio.keeper.arrived.wait(30)
        for bad in (pmt.from_long(0), pmt.from_long(-5), pmt.from_uint64(0)):
            radio.keeper.send(bad)
        assert eventually(lambda: radio.block.counters()["refused"] == 3)
        assert radio.block.counters()["sent"] == 1
        odd = [pmt.intern("done"), pmt.make_dict(), pmt.from_double(-1.0), pmt.PMT_F]
        for n, message in enumerate(odd):  # any message is an acknowledgement
            radio.keeper.send(message)
            assert eventually(lambda n=n: radio.block.counters()["sent"] == n + 2)
    assert radio.block.counters()["refused"] == 3
    assert "".join(capfd.readouterr()).count("are ignored, and counted") == 1


def test_a_stream_that_ends_does_not_wait_for_ever_for_a_receiver_that_died(monkeypatch):
    monkeypatch.setattr(sys.modules["gnuradio.denomae.hub_client"], "_PATIENCE_S", 0.1)
    flowgraph = playing(noise(50 * N), policy="newest", unacknowledged=3)
    assert len(flowgraph.play().said) == 3
    counters = flowgraph.block.counters()
    assert (counters["seen"], counters["sent"], counters["dropped"]) == (50, 3, 47)
    assert len(flowgraph.play().said) == 3  # the next run begins with all its room


def test_an_allowance_keeps_to_its_rate_and_catches_up_a_little():
    now = [0.0]
    allowance = Allowance(100.0, 0, clock=lambda: now[0])

    def take():
        room = int(allowance.room())
        allowance.sent(room)
        return room

    assert take() == 1 and take() == 0
    assert allowance.wait_s() == pytest.approx(0.01)
    now[0] = 0.0101
    assert take() == 1
    now[0] = 10.0
    assert take() == 5  # of what was missed in the last 50 ms
    sent = 0
    for _ in range(1000):
        now[0] += 0.001
        sent += take()
    assert sent == pytest.approx(100, abs=1)
    allowance.set_per_second(0)
    assert allowance.room() == float("inf") and allowance.wait_s() == 0
    allowance.set_per_second(0.5)
    assert take() == 1 and allowance.wait_s() == pytest.approx(2)


def test_frames_come_no_faster_than_they_may_and_none_is_lost_at_the_end():
    flowgraph = playing(noise(60 * N), frames_per_second=100)
    began = time.monotonic()
    assert flowgraph.play().of("sequence") == list(range(60))
    assert time.monotonic() - began > (60 - 1 - 5) / 100


def test_the_rate_can_be_changed_while_running():
    with Radio(frames_per_second=1e-3) as radio:
        assert radio.keeper.arrived.wait(30)
        seen = radio.block.counters()["seen"]
        assert eventually(lambda: radio.block.counters()["seen"] > seen + 100)
        assert len(radio.keeper.said) == 1
        radio.block.set_frames_per_second(0)
        assert eventually(lambda: len(radio.keeper.said) > 100)


def test_ports_may_stay_open():
    flowgraph = gr.top_block()
    sampler = denomae.frame_sampler(frame_length=N, policy="block")
    flowgraph.connect(blocks.vector_source_c(noise(20 * N)), sampler)
    flowgraph.run()
    assert sampler.status() == {**sampler.counters(), "error": None}
    assert sampler.counters()["sent"] == 20


def test_ten_stops_with_frames_that_nobody_acknowledged_leave_nothing():
    radio = Radio(unacknowledged=5)
    for cycle in range(10):
        radio.keeper.said = []
        with radio:
            # a frame that was on its way when the run before was stopped may come first
            assert eventually(lambda: radio.keeper.of("sequence")[-5:] == list(range(5)))
            assert radio.block.counters()["unacknowledged"] == 5
        if cycle == 3:
            held = Held.now()
    check_nothing_is_left(held)


def test_an_acknowledgement_of_the_run_before_says_nothing_of_this_one():
    radio = Radio(unacknowledged=2)
    with radio:
        assert eventually(lambda: len(radio.keeper.said) == 2)
    radio.block._outlet._post(pmt.intern("ack"), pmt.from_long(1))
    radio.keeper.said = []
    with radio:
        seen = radio.block.counters()["seen"]
        assert eventually(lambda: radio.block.counters()["seen"] > seen + 50)
        assert len(radio.keeper.said) == 2 == radio.block.counters()["unacknowledged"]


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("frame_length", 0),
        ("frame_length", 2**24 + 1),
        ("source", None),
        ("frames_per_second", -1),
        ("frames_per_second", float("inf")),
        ("unacknowledged", -1),
        ("unacknowledged", 1.5),
        ("hop", -1),
        ("queue_frames", 0),
        ("policy", "latest"),
        ("time_source", "sundial"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_name(parameter, value):
    with pytest.raises(DenomaeError, match=f"{parameter} is {value!r}, wanted"):
        denomae.frame_sampler(**{parameter: value})
