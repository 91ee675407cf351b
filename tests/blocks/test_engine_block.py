# SPDX-License-Identifier: GPL-3.0-or-later
"""One engine serves several classifiers: jointly, fairly, and none for the faults of another."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from classifier_bench import Collector, HeldEngine, Recording, eventually, noise
from gnuradio import analog, blocks, denomae, gr
from test_lifecycle import Held, check_nothing_is_left

from denomae.errors import DenomaeError

pytestmark = pytest.mark.timeout(120)

N = 1024
CHANNELS = 8


class SpyEngine(HeldEngine):
    """A held engine that notes how many frames of each channel were in each batch.

    A channel is known by the amplitude of its samples: 1, 2, 3, ...
    """

    def __init__(self, engine, fails_on=None):
        super().__init__(engine)
        self.batches = []
        self.threads = set()
        self._fails_on = fails_on

    def classify(self, frames, places=None):
        self.threads.add(threading.get_ident())
        channels = np.rint(np.sqrt(np.mean(np.abs(frames) ** 2, axis=1))).astype(int) - 1
        labels = super().classify(frames, places)
        if self._fails_on in channels:
            raise RuntimeError("these frames cannot be computed")
        self.batches.append(np.bincount(channels, minlength=CHANNELS))
        return labels


def samples(channel, frames):
    return (channel + 1) * noise(frames * N, seed=channel)


class Channels(gr.top_block):
    """Classifiers side by side on one engine, each with a stream of its own."""

    def __init__(self, engine, sources, **parameters):
        super().__init__()
        parameters = {"policy": "block", "queue_frames": 64, **parameters}
        self.sources, self.classifiers, self.collectors = sources, [], []
        for channel, source in enumerate(sources):
            classifier = denomae.classifier(source=f"{channel}", engine=engine, **parameters)
            collector = Collector()
            self.connect(source, classifier)
            self.msg_connect(classifier, "labels", collector, "labels")
            self.classifiers.append(classifier)
            self.collectors.append(collector)

    def labels(self, channel):
        return self.collectors[channel].labels

    def have_all_seen(self, frames):
        return eventually(lambda: all(one.counters()["seen"] >= frames for one in self.classifiers))


def recorded(frames, channels=CHANNELS):
    return [blocks.vector_source_c(samples(channel, frames)) for channel in range(channels)]


def test_eight_classifiers_have_joint_batches_and_the_labels_of_eight_engines(engine):
    spy = SpyEngine(engine)
    together = Channels(spy, recorded(40))
    together.start()
    assert together.have_all_seen(40)
    spy.free.set()
    together.wait()
    assert len(spy.threads) == 1 and spy.overlaps == 0
    assert sum(spy.batches).tolist() == [40] * CHANNELS
    assert max(np.count_nonzero(batch) for batch in spy.batches) == CHANNELS
    for channel in range(CHANNELS):
        labels = together.labels(channel)
        alone = Recording(samples(channel, 40), engine).play()
        assert [label.source for label in labels] == [f"{channel}"] * 40
        assert [label.sequence for label in labels] == list(range(40))
        assert [label.sample_offset for label in labels] == [k * N for k in range(40)]
        for one, other in zip(labels, alone, strict=True):
            assert one.label == other.label
            np.testing.assert_allclose(
                list(one.probabilities.values()), list(other.probabilities.values()), atol=2e-5
            )


def test_a_stream_that_floods_gets_no_more_than_its_share(engine):
    spy = SpyEngine(engine)
    flood = analog.noise_source_c(analog.GR_GAUSSIAN, 1.0, 0)
    quiet = [blocks.vector_source_c(samples(channel, 40)) for channel in range(1, CHANNELS)]
    together = Channels(spy, [flood, *quiet])
    together.start()
    assert together.have_all_seen(40)
    spy.free.set()
    assert eventually(
        lambda: all(len(one.labels) == 40 for one in together.collectors[1:])
    )  # nobody starves
    together.stop()
    together.wait()
    done = np.cumsum(spy.batches, axis=0)[:, 1:]
    while_all_waited = [b for b, so_far in zip(spy.batches, done, strict=True) if so_far.max() < 40]
    assert while_all_waited
    for batch in while_all_waited:
        assert batch[0] <= -(-batch.sum() // CHANNELS), batch


def test_one_whose_labels_cannot_be_given_away_does_not_stop_the_others(engine, capfd):
    together = Channels(engine, recorded(30, channels=3))

    def give(_):
        raise RuntimeError("nobody takes it")

    together.classifiers[1]._outlet._give = give
    together.run()
    errors = [one.status()["error"] for one in together.classifiers]
    assert errors == [None, "RuntimeError: nobody takes it", None]
    assert [len(together.labels(channel)) for channel in range(3)] == [30, 0, 30]
    assert "".join(capfd.readouterr()).count("nobody takes it") == 1


def test_frames_that_cannot_be_computed_fail_their_own_classifier_alone(engine):
    spy = SpyEngine(engine, fails_on=2)
    together = Channels(spy, recorded(30, channels=4))
    together.start()
    assert together.have_all_seen(30)  # so that they come into joint batches
    spy.free.set()
    together.wait()
    assert [len(together.labels(channel)) for channel in range(4)] == [30, 30, 0, 30]
    assert "cannot be computed" in together.classifiers[2].status()["error"]


def test_what_fails_while_the_engine_looks_after_one_harms_no_other(engine):
    together = Channels(engine, recorded(10, channels=2))

    def tick():
        raise RuntimeError("the log is full")

    together.classifiers[0]._outlet._tick = tick
    together.run()
    assert len(together.labels(1)) == 10
    assert "the log is full" in together.classifiers[0].status()["error"]


def workers():
    return [t for t in threading.enumerate() if t.name == "denomae-worker"]


def test_the_thread_ends_behind_the_last_classifier(engine):
    assert eventually(lambda: not workers())
    first, second = (
        Channels(engine, [analog.noise_source_c(analog.GR_GAUSSIAN, 1.0, 0)], policy="newest")
        for _ in range(2)
    )
    first.start()
    second.start()
    assert first.collectors[0].arrived.wait(30) and second.collectors[0].arrived.wait(30)
    assert len(workers()) == 1
    first.stop()
    first.wait()
    second.collectors[0].arrived.clear()
    assert second.collectors[0].arrived.wait(30)  # it goes on
    second.stop()
    second.wait()
    assert eventually(lambda: not workers())


def test_ten_cycles_of_four_classifiers_leave_nothing_and_each_counts_from_zero(engine):
    together = Channels(engine, recorded(5, channels=4))
    held = None
    for cycle in range(10):
        for source, collector in zip(together.sources, together.collectors, strict=True):
            source.rewind()
            collector.labels = []
        together.run()
        for channel in range(4):
            assert [label.sequence for label in together.labels(channel)] == list(range(5))
        if cycle == 3:
            held = Held.now()
    check_nothing_is_left(held)


def test_an_engine_is_loaded_from_a_folder_or_a_file_in_it(nano_checkpoint):
    made = denomae.engine(str(nano_checkpoint / "config.json"), device="cpu", batch_size=3)
    assert made.model_name.startswith("untrained ") and made.max_batch == 3
    assert denomae.classifier(engine=made).engine() is made


@pytest.mark.parametrize(
    "parameter, value",
    [("checkpoint", 5), ("device", None), ("batch_size", 0), ("batch_size", 1.5)],
)
def test_what_is_no_engines_parameter_is_refused_by_name(parameter, value):
    with pytest.raises(DenomaeError, match=f"{parameter} is {value}, wanted"):
        denomae.engine(**{parameter: value})


@pytest.mark.parametrize("value", [5, "denomae_engine_0", denomae.engine, False])
def test_what_is_no_engine_is_refused(value):
    with pytest.raises(DenomaeError, match="engine is .*, wanted what denomae.engine"):
        denomae.classifier(engine=value)
