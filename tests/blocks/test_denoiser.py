# SPDX-License-Identifier: GPL-3.0-or-later
"""The denoiser: a constant delay, no sample lost, and what the model said in time."""

from __future__ import annotations

import math
import threading

import numpy as np
import pmt
import pytest
from classifier_bench import eventually, noise, tag
from gnuradio import blocks, denomae, gr
from gnuradio.denomae.denomae_python import overlap_adder

from denomae import DenoisingEngine
from denomae.denoising import Estimate

pytestmark = pytest.mark.timeout(120)

N = 1024
DELAY = 40 * N + 7
"""More than a blocking sampler's queue of 4 frames, a batch of 4, a frame and the buffers hold."""


@pytest.fixture(autouse=True)
def _hubs_go_soon(monkeypatch):
    """Each test has engines of its own, which no later one asks for again."""
    monkeypatch.setattr("gnuradio.denomae.hub._STAY_S", 0.05)


class Spy:
    """An engine whose model multiplies by a number, or fails at a frame."""

    frame_length, max_batch = N, 4

    def __init__(self, factor: float = 1.0, fails_at: int = -1) -> None:
        self.factor, self.left = factor, fails_at
        self.free = threading.Event()
        self.free.set()

    def estimates(self, frames, places=None):
        self.free.wait()
        self.left -= len(frames)
        if -len(frames) <= self.left < 0 and self.left + len(frames) >= 0:
            raise RuntimeError("the device has fallen off the bus")
        return [Estimate(np.complex64(self.factor) * frame, 3.0, None) for frame in frames]


class Gains(gr.basic_block):
    """Keeps the messages of port `gain`."""

    def __init__(self) -> None:
        gr.basic_block.__init__(self, "gains", None, None)
        self.found: list[dict] = []
        self.message_port_register_in(pmt.intern("gain"))
        self.set_msg_handler(pmt.intern("gain"), self._keep)

    def _keep(self, message: object) -> None:
        self.found.append(pmt.to_python(message))


class Cleaned(gr.top_block):
    """Plays samples through a denoiser and keeps what leaves."""

    def __init__(self, samples, engine, tags=(), chunk=None, rate_hz=0, **parameters) -> None:
        super().__init__()
        parameters = {"policy": "block", "queue_frames": 4, "delay_samples": DELAY, **parameters}
        self.source = blocks.vector_source_c(samples, False, 1, list(tags))
        self.denoiser = denomae.denoiser(engine=engine, gain_interval_s=0, **parameters)
        self.sink, self.gains = blocks.vector_sink_c(), Gains()
        if chunk:
            self.pace = blocks.copy(gr.sizeof_gr_complex)
            self.pace.set_max_noutput_items(chunk)
            self.connect(self.source, self.pace, self.denoiser, self.sink)
        else:
            self.connect(self.source, self.denoiser, self.sink)
        self.msg_connect(self.denoiser, "gain", self.gains, "gain")

    def play(self) -> np.ndarray:
        self.source.rewind()
        self.sink.reset()
        self.gains.found = []
        self.run()
        return self.out()

    def out(self) -> np.ndarray:
        return np.array(self.sink.data(), np.complex64)


def delayed(samples, delay):
    return np.concatenate([np.zeros(delay, samples.dtype), samples])[: len(samples)]


def weights(length, hop, there):
    """The sum of the windows of the frames k for which `there` is true: float64 [length]."""
    window = (1 - np.cos(2 * np.pi * np.arange(N) / N)) * hop / N
    total = np.zeros(length)
    for k in range((length - N) // hop + 1):
        if there(k):
            total[k * hop : k * hop + N] += window
    return total


@pytest.mark.parametrize("chunk", [None, 101, 1000])
@pytest.mark.parametrize("hop", [N // 2, N // 8])
def test_a_model_that_changes_nothing_leaves_the_stream_delayed(chunk, hop):
    samples = noise(60 * N + 333)
    flowgraph = Cleaned(samples, Spy(), hop=hop, chunk=chunk)
    for _ in range(2):
        out = flowgraph.play()
        assert len(out) == len(samples)
        np.testing.assert_allclose(out, delayed(samples, DELAY), atol=1e-6)
    counters = flowgraph.denoiser.counters()
    assert counters["seen"] == counters["delivered"] == counters["used"] + counters["late"]


def test_every_frame_that_is_in_time_is_in_the_output():
    samples = noise(60 * N + 333)
    flowgraph = Cleaned(samples, Spy(-3.0))
    out = flowgraph.play()
    share = weights(len(samples), N // 2, lambda k: True)
    assert share[N // 2 : -2 * N] == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(out, delayed(samples * (1 - 4 * share), DELAY), atol=1e-5)


@pytest.mark.parametrize("factor", [1.0, -3.0])
def test_where_a_frame_is_missing_the_output_fades_to_the_input(factor):
    samples = noise(60 * N)
    missing = {k for k in range(60) if k % 3 == 1}
    for k in missing:  # it lies in frames 2k - 1 and 2k
        samples[k * N + 5] = complex(math.inf, 0) if k % 2 else complex(math.nan, 0)
    flowgraph = Cleaned(samples, Spy(factor))
    out = flowgraph.play()
    whole = [
        k for k in range(2 * 60 - 1) if np.isfinite(samples[k * N // 2 : k * N // 2 + N]).all()
    ]
    share = weights(len(samples), N // 2, set(whole).__contains__)
    with np.errstate(invalid="ignore"):
        wanted = delayed(samples * (1 + (factor - 1) * share), DELAY)
    finite = np.isfinite(delayed(samples, DELAY))
    np.testing.assert_allclose(out[finite], wanted[finite], atol=1e-6 if factor == 1 else 1e-5)
    assert not np.isfinite(out[~finite]).any()  # as they came
    assert flowgraph.denoiser.counters()["invalid"] == 119 - len(whole) == 40


def test_frames_that_come_late_are_counted_and_the_stream_goes_on_noisy():
    samples = noise(50 * N)
    spy = Spy(-3.0)
    spy.free.clear()
    flowgraph = Cleaned(samples, spy, policy="newest", queue_frames=1000, delay_samples=4 * N)
    flowgraph.start()
    assert eventually(lambda: len(flowgraph.sink.data()) == len(samples))  # the model still at work
    spy.free.set()
    flowgraph.wait()
    np.testing.assert_array_equal(flowgraph.out(), delayed(samples, 4 * N))
    counters = flowgraph.denoiser.counters()
    assert (counters["delivered"], counters["late"], counters["used"]) == (99, 99, 0)


def test_a_model_that_fails_leaves_the_rest_noisy_and_the_next_run_works():
    samples = noise(60 * N)
    spy = Spy(-3.0, fails_at=20)
    flowgraph = Cleaned(samples, spy)
    out = flowgraph.play()
    assert "fallen off the bus" in flowgraph.denoiser.status()["error"]
    clean = delayed(samples, DELAY)
    rest = slice(DELAY + 12 * N, None)
    np.testing.assert_array_equal(out[rest], clean[rest])
    assert np.abs(out - clean)[DELAY : DELAY + 8 * N].max() > 1
    again = flowgraph.play()
    assert flowgraph.denoiser.status()["error"] is None
    middle = slice(DELAY + N, -2 * N)
    np.testing.assert_allclose(again[middle], -3 * clean[middle], atol=1e-5)


def test_frames_below_the_gate_stay_as_they_are():
    samples = noise(60 * N)
    samples[: 10 * N] *= 0.01  # -40 dB
    flowgraph = Cleaned(samples, Spy(2.0), gate_db=-20.0)
    out = flowgraph.play()
    np.testing.assert_array_equal(out[DELAY : DELAY + 9 * N], samples[: 9 * N])
    middle = slice(DELAY + 11 * N, DELAY + 18 * N)
    np.testing.assert_allclose(out[middle], 2 * delayed(samples, DELAY)[middle], atol=1e-5)


def test_tags_move_with_their_samples():
    marks = [0, 5, 10 * N, 20 * N - 8]
    tags = [tag(at, "mark", pmt.from_long(at)) for at in marks]
    flowgraph = Cleaned(noise(60 * N), Spy(2.0), tags)
    flowgraph.play()
    moved = [(t.offset - DELAY, pmt.to_long(t.value)) for t in flowgraph.sink.tags()]
    assert moved == [(at, at) for at in marks]


def test_a_real_model_denoises_a_stream_at_any_power_and_tells_its_gain(nano_denoiser):
    engine = DenoisingEngine.load(
        nano_denoiser, device="cpu", precision="fp32", batch_size=4, threads=1
    )
    for power in (1.0, 1e-4):
        samples = (power * noise(50 * N)).astype(np.complex64)
        flowgraph = Cleaned(samples, engine)
        out = flowgraph.play()
        frames = np.stack([samples[k * N // 2 : k * N // 2 + N] for k in range(20)])
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N) / N)
        wanted = np.zeros(11 * N, np.complex64)
        for k, frame in enumerate(engine.denoise(frames)):
            wanted[k * N // 2 : k * N // 2 + N] += window * frame
        part = slice(N // 2, 9 * N)
        np.testing.assert_allclose(out[DELAY:][part], wanted[part], atol=1e-4 * power)
        offsets = [gain["sample_offset"] for gain in flowgraph.gains.found]
        assert offsets == [k * N // 2 for k in range(99)]
        first, estimate = flowgraph.gains.found[0], engine.estimates(frames[:1])[0]
        assert first["sample_count"] == N
        assert first["snr_in_db"] == pytest.approx(estimate.snr_in_db, abs=1e-3)
        known = [gain["gain_db"] for gain in flowgraph.gains.found if gain["gain_db"] is not None]
        assert all(0 <= gain <= 40 for gain in known)


def test_messages_are_no_more_often_than_asked_for():
    flowgraph = Cleaned(noise(30 * N), Spy())
    flowgraph.denoiser.set_gain_interval_s(1e9)
    flowgraph.play()
    assert [gain["sample_offset"] for gain in flowgraph.gains.found] == [0]
    assert flowgraph.gains.found[0]["gain_db"] is None


def test_the_defaults_follow_from_the_frame():
    denoiser = denomae.denoiser(engine=Spy())
    assert denoiser.delay_samples() == 32 * N
    flowgraph = gr.top_block()  # and the output may stay open
    flowgraph.connect(blocks.vector_source_c(noise(20 * N)), denoiser)
    flowgraph.run()
    assert denoiser.counters()["seen"] == 39


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("delay_samples", N - 1),
        ("delay_samples", -1),
        ("delay_samples", 2**30 + 1),
        ("hop", 300),
        ("hop", N),
        ("policy", "all"),
        ("gain_interval_s", math.nan),
        ("queue_frames", -1),
    ],
)
def test_what_cannot_be_is_refused_by_name(parameter, value):
    with pytest.raises(ValueError, match=f"^{parameter} is ") as refused:
        denomae.denoiser(engine=Spy(), **{parameter: value})
    assert "wanted" in str(refused.value)


def test_the_adder_takes_nothing_but_frames():
    adder = overlap_adder(2 * N, N, N // 2)
    for wrong in (np.zeros(N - 1, np.complex64), np.zeros((1, N), np.complex64)):
        with pytest.raises(ValueError, match="wanted complex64"):
            adder.add(1, 0, wrong)
    with pytest.raises(TypeError):
        adder.add(1, 0, np.zeros(N, np.float32))
