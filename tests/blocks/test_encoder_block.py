# SPDX-License-Identifier: GPL-3.0-or-later
"""The encoder sends what the engine makes of each frame, and where that frame was."""

from __future__ import annotations

import math

import numpy as np
import pmt
import pytest
from classifier_bench import HeldEngine, eventually, noise, rx_time, tag
from gnuradio import blocks, denomae, gr
from pdu_bench import KEYS, Keeper, Playing
from test_lifecycle import Held, check_nothing_is_left

from denomae.errors import DenomaeError

pytestmark = pytest.mark.timeout(120)

N = 1024


def playing(samples, engine, tags=(), **parameters):
    parameters = {"policy": "block", **parameters}
    return Playing(samples, denomae.encoder(engine=engine, **parameters), "embeddings", tags)


def test_every_embedding_is_that_of_its_frame_and_is_out_before_wait_returns(engine):
    samples = noise(40 * N + 7)
    kept = playing(samples, engine, source="roof").play()
    assert kept.of("sequence") == list(range(40))
    assert kept.of("sample_offset") == [k * N for k in range(40)]
    assert [list(values) for values in kept.said] == [KEYS] * 40
    assert set(kept.of("source")) == {"roof"} and set(kept.of("model")) == {engine.model_name}
    assert set(kept.of("sample_count")) == {N} and set(kept.of("dropped_frames")) == {0}
    vectors = np.array(kept.vectors)
    assert vectors.dtype == np.float32
    frames = samples[: 40 * N].reshape(40, N)
    np.testing.assert_allclose(vectors, engine.embed(frames), rtol=0, atol=0.05)


def test_time_rate_and_frequency_have_the_forms_of_a_labels_pdu(engine):
    tags = [
        tag(0, "rx_time", rx_time(1_700_000_000, 0.25)),
        tag(0, "rx_rate", pmt.from_double(1e6)),
        tag(0, "rx_freq", pmt.from_double(433e6)),
    ]
    kept = playing(noise(3 * N), engine, tags).play()
    assert set(kept.of("sample_rate_hz")) == {1e6}
    assert set(kept.of("center_frequency_hz")) == {433e6}
    assert kept.of("time")[0] == (1_700_000_000, 0.25)
    assert kept.of("time")[2] == (1_700_000_000, pytest.approx(0.25 + 2 * N / 1e6, abs=1e-9))
    bare = playing(noise(N), engine).play()
    assert bare.said[0]["time"] is bare.said[0]["sample_rate_hz"] is None


def test_hop_and_gate_are_those_of_the_classifier(engine):
    loud_then_quiet = np.concatenate([noise(4 * N), 0.01 * noise(4 * N)])
    kept = playing(loud_then_quiet, engine, hop=512, gate_db=-10).play()
    assert kept.of("sample_offset") == [512 * k for k in range(8)]


def test_encoders_and_classifiers_share_an_engine(engine):
    class Spy(HeldEngine):
        batches, labelled = [], 0

        def embed(self, frames):
            self.entered.set()
            self.free.wait()
            self.batches.append(len(frames))
            return self._engine.embed(frames)

    spy = Spy(engine)
    flowgraph = gr.top_block()
    keepers, users = [], []
    for k in range(4):
        make = denomae.classifier if k == 3 else denomae.encoder
        user = make(source=f"{k}", policy="block", engine=spy)
        keepers.append(Keeper())
        flowgraph.connect(blocks.vector_source_c(noise(20 * N, seed=k)), user)
        flowgraph.msg_connect(user, "labels" if k == 3 else "embeddings", keepers[k], "in")
        users.append(user)
    flowgraph.start()
    assert eventually(lambda: all(user.counters()["seen"] == 20 for user in users))
    spy.free.set()
    flowgraph.wait()
    assert [keeper.of("sequence") for keeper in keepers] == [list(range(20))] * 4
    assert [set(keeper.of("source")) for keeper in keepers] == [{f"{k}"} for k in range(4)]
    assert sum(spy.batches) == 60 and len(spy.batches) < 20  # of all three encoders together


def test_an_engine_that_cannot_embed_a_frame_ends_the_messages_and_not_the_radio(engine, capfd):
    class Broken(HeldEngine):
        def embed(self, frames):
            raise RuntimeError("no memory left")

    flowgraph = playing(noise(30 * N), Broken(engine))
    assert not flowgraph.play().said
    status = flowgraph.block.status()
    assert status["seen"] == 30 and "no memory left" in status["error"]
    assert "".join(capfd.readouterr()).count("no memory left") == 1


def test_ten_cycles_leave_nothing_and_each_counts_from_zero(engine):
    flowgraph = playing(noise(6 * N), engine)
    for cycle in range(10):
        assert flowgraph.play().of("sequence") == list(range(6))
        if cycle == 3:
            held = Held.now()
    assert flowgraph.block.status()["embeddings"] == 6
    check_nothing_is_left(held)


def test_an_encoder_loads_an_engine_of_its_own(nano_checkpoint):
    made = denomae.encoder(str(nano_checkpoint), device="cpu", batch_size=2)
    assert made.engine().max_batch == 2


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("source", 5),
        ("sample_rate", -1),
        ("gate_db", math.nan),
        ("hop", -1),
        ("queue_frames", 0),
        ("policy", "latest"),
        ("batch_size", 0),
        ("settle_samples", -1),
        ("time_source", "sundial"),
        ("engine", "denomae_engine_0"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_name(engine, parameter, value):
    with pytest.raises(DenomaeError, match=f"{parameter} is {value!r}, wanted"):
        denomae.encoder(**{"engine": engine, parameter: value})
