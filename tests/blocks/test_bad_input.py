# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters and samples that no radio should give: refused in clear words, or counted."""

from __future__ import annotations

import math

import numpy as np
import pmt
import pytest
from classifier_bench import Radio, Recording, eventually, noise, tag
from gnuradio import blocks, denomae, gr
from gnuradio.denomae.label_outlet import label_outlet
from gnuradio.denomae.labeller import Labeller

from denomae import Engine
from denomae.errors import DenomaeError

pytestmark = pytest.mark.timeout(120)

N = 1024


def adds_up(counters):
    """Whether every frame of a stream that has ended is accounted for."""
    kinds = ("gated", "invalid", "dropped", "delivered")
    return counters["seen"] == sum(counters[kind] for kind in kinds)


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("sample_rate", math.inf),
        ("sample_rate", "1e6"),
        ("sample_rate", None),
        ("center_frequency", 10**400),
        ("gate_db", "loud"),
        ("gate_db", None),
        ("hysteresis_db", math.inf),
        ("hop", 2**63),
        ("hop", True),
        ("hop", 1024.0),
        ("queue_frames", 2**70),
        ("queue_frames", 2**40),
        ("threshold", None),
        ("status_interval_s", math.nan),
        ("source", 5),
        ("source", "\ud800"),
        ("policy", None),
    ],
)
def test_a_parameter_of_the_wrong_kind_or_size_is_refused_by_name(engine, parameter, value):
    with pytest.raises(DenomaeError, match=parameter) as refused:
        denomae.classifier(engine=engine, **{parameter: value})
    sentence = str(refused.value)
    assert str(value)[:40].encode(errors="backslashreplace").decode() in sentence
    assert "\n" not in sentence and len(sentence) < 200


@pytest.mark.parametrize("value", [0, -1, 0.5, "many", None, True, 2**31])
def test_a_publishers_queue_that_cannot_be_is_refused_by_name(value):
    with pytest.raises(DenomaeError, match=f"queue_labels is {value!r}"):
        denomae.label_publisher("tcp://127.0.0.1:*", queue_labels=value)


def test_a_sample_rate_of_0_takes_that_of_the_tags(engine):
    tags = [tag(0, "rx_rate", pmt.from_double(2e6))]
    for rate, found in ((0, 2e6), (0.0, 2e6), (-0.0, 2e6), (1e6, 1e6)):
        labels = Recording(noise(2 * N), engine, tags, sample_rate=rate).play()
        assert [label.sample_rate_hz for label in labels] == [found, found]


def test_a_hop_of_0_is_the_frame_length(engine):
    labels = Recording(noise(5 * N), engine, hop=0).play()
    assert [label.sample_offset for label in labels] == [k * N for k in range(5)]


@pytest.mark.parametrize("hop", [np.int64(300), np.uint16(300), 2**63 - 1])
def test_a_hop_may_be_numpys_and_beyond_any_stream(engine, hop):
    labels = Recording(noise(5 * N), engine, hop=hop).play()
    assert [label.sample_offset for label in labels] == list(range(0, 4 * N, int(hop)))


@pytest.mark.parametrize("rate", [5e-324, 1e308])
def test_a_rate_that_no_clock_can_follow_gives_labels(engine, rate):
    for time_source in ("tags", "host"):
        labels = Recording(noise(3 * N), engine, sample_rate=rate, time_source=time_source).play()
        assert [label.sample_rate_hz for label in labels] == [rate] * 3


def test_a_gate_beyond_any_level_lets_nothing_pass_and_counts_it(engine):
    recording = Recording(noise(7 * N), engine, gate_db=math.inf)
    assert recording.play() == []
    counters = recording.classifier.counters()
    assert counters["gated"] == 7 and adds_up(counters)


@pytest.mark.parametrize("length", [1, 512, N - 1, N + 1, 4096])
def test_frames_of_another_length_than_the_checkpoints_are_named_and_end_no_radio(engine, length):
    with pytest.raises(DenomaeError, match=rf"\[2, {length}\]; wanted .* \[B, 1024\]"):
        engine.classify(noise(2 * length).reshape(2, length))

    flowgraph = gr.top_block()  # as someone would build it who takes the blocks apart
    source = blocks.vector_source_c(noise(20 * length))
    sampler = denomae.frame_sink(length, length, 64)
    outlet = label_outlet(sampler, Labeller(engine, "test"))
    flowgraph.connect(source, sampler)
    flowgraph.msg_connect(outlet, "life", outlet, "life")
    flowgraph.run()
    status = outlet.status.to_dict()
    assert f"{length}]; wanted complex64 of shape [B, 1024]" in status["error"]
    assert (status["labels"], status["seen"]) == (0, 20) and adds_up(status)


@pytest.fixture(scope="module")
def shipped():
    """The model that is part of this repository, on the CPU."""
    return Engine.load(device="cpu", batch_size=16, threads=1)


@pytest.fixture(scope="module")
def signals():
    """Noise, a carrier, BPSK, QPSK, and a burst that begins within the frame: [5 N]."""
    rng = np.random.default_rng(5)
    k = np.arange(N)
    bits = rng.choice([-1.0, 1.0], (3, N // 8)).repeat(8, axis=1)
    frames = [
        noise(N, seed=9),
        np.exp(2j * np.pi * 0.01 * k),
        bits[0],
        (bits[1] + 1j * bits[2]) / np.sqrt(2),
        noise(N, seed=10) * (k > 300),
    ]
    return np.concatenate(frames).astype(np.complex128)


# the least normal float32 is 1.2e-38 and the least of all 1.4e-45; the largest is 3.4e38
@pytest.mark.parametrize("amplitude", [1e-42, 1e-40, 1e-38, 1e-30, 1e-20, 1e20, 1e30, 1e38])
def test_a_label_is_the_same_at_any_amplitude(shipped, signals, amplitude):
    expected = Recording(signals.astype(np.complex64), shipped).play()
    assert len({label.label for label in expected}) > 2
    samples = (signals * amplitude).astype(np.complex64)
    assert np.isfinite(samples).all() and samples.reshape(5, N).any(1).all()
    recording = Recording(samples, shipped)
    labels = recording.play()
    assert [x.label for x in labels] == [x.label for x in expected]
    for label, twin in zip(labels, expected, strict=True):
        np.testing.assert_allclose(
            list(label.probabilities.values()), list(twin.probabilities.values()), atol=0.02
        )
        assert (label.snr_db is None) == (twin.snr_db is None)
        assert label.snr_db is None or abs(label.snr_db - twin.snr_db) < 0.5
    assert recording.classifier.counters()["invalid"] == 0


def test_samples_at_the_ends_of_what_a_float_holds_get_finite_labels_or_are_counted(shipped):
    largest, least = np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal
    frames = np.zeros((7, N), np.complex64)
    frames[0] = complex(largest, -largest)
    frames[1] = np.where(np.arange(N) % 2, largest, -largest)
    frames[2, 500] = largest  # all others are 0
    frames[3] = least
    frames[4, 1023] = complex(0, least)
    frames[5] = np.where(np.arange(N) % 2, largest, least)
    recording = Recording(frames.ravel(), shipped)  # the last one is empty
    labels = recording.play()
    assert [label.sample_offset // N for label in labels] == list(range(6))
    for label in labels:
        values = [label.confidence, label.family_confidence, *label.probabilities.values()]
        assert np.isfinite(values).all() and abs(sum(label.probabilities.values()) - 1) < 1e-3
        assert label.snr_db is None or math.isfinite(label.snr_db)
    counters = recording.classifier.counters()
    assert (counters["invalid"], counters["gated"]) == (0, 1) and adds_up(counters)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("burst", [1, 3 * N])
def test_bursts_of_what_is_no_number_cost_the_frames_they_touch_and_no_more(engine, broken, burst):
    samples = noise(200 * N)
    touched = set()
    for start in range(5000, len(samples) - burst, 20_000):
        samples[start : start + burst] = complex(0.0, broken)
        touched |= set(range(start // N, (start + burst - 1) // N + 1))
    recording = Recording(samples, engine)
    labels = recording.play()
    assert [label.sample_offset // N for label in labels] == sorted(set(range(200)) - touched)
    counters = recording.classifier.counters()
    assert counters["invalid"] == len(touched) and adds_up(counters)
    assert recording.classifier.status()["error"] is None


def test_a_stream_of_nothing_but_nan_gives_no_label_and_ends(engine):
    recording = Recording(np.full(50 * N, math.nan, np.complex64), engine)
    assert recording.play() == []
    assert recording.classifier.counters()["invalid"] == 50
    assert "invalid 50" in recording.classifier.status_line()


def test_labels_go_on_after_a_live_stream_of_nan_has_ended(engine):
    radio = Radio(engine)
    radio.start()
    assert radio.collector.arrived.wait(30)
    radio.source.set_amplitude(math.nan)
    assert eventually(lambda: radio.classifier.counters()["invalid"] > 50)
    radio.source.set_amplitude(1.0)
    radio.collector.arrived.clear()
    assert radio.collector.arrived.wait(30)
    assert radio.end() < 1.0
    assert radio.classifier.status()["error"] is None
