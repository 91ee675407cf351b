# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver's driver takes its time, grants what it likes and fails; the labels stay true."""

from __future__ import annotations

import threading

import numpy as np
import pmt
import pytest
from classifier_bench import eventually, rx_time
from gnuradio import denomae, gr
from gnuradio.denomae.receivers import Tuner, remembered

from denomae.errors import DenomaeError

pytestmark = pytest.mark.timeout(120)

N = 1024
DECIMATION = 4
NAN = float("nan")


class Aerial(gr.sync_block):
    """A receiver and its channel filter in one: every sample tells where it was captured, MHz.

    While a setter runs it already sends from the new place, until the frames in between were cut
    or skipped; `grant` turns a rate that it is asked for into the one that it takes.
    """

    def __init__(self, frequency: float, rate: float, grant=lambda hz: hz) -> None:
        super().__init__("aerial", None, [np.complex64])
        self._grant = grant
        self.frequency, self.rate = frequency, grant(rate)
        self.asked: list[tuple[str, float]] = []
        self.deaf: set[str] = set()
        self.tag = True
        self._more = threading.Event()
        self.set_max_noutput_items(N // 2)

    @property
    def band(self) -> float:
        return (self.frequency + self.rate / 4) / 1e6

    def send(self, frames: int) -> None:
        """Send so many frames' samples, and wait until they were read."""
        if not self.playing:
            return
        self.sent += frames * N
        self._more.set()
        assert eventually(lambda: self.reader.nitems_read(0) >= self.sent)

    playing, sent = False, 0

    def work(self, input_items, output_items) -> int:
        place = self.nitems_written(0)
        count = min(len(output_items[0]), self.sent - place)
        if count == 0:
            self._more.wait(0.02)
            self._more.clear()
            return 0
        if self.tag:
            self.tag = False
            self.add_item_tag(0, place, pmt.intern("rx_time"), rx_time(place, 0.0))
        output_items[0][:count] = self.band
        return count

    def get_rate(self) -> float:
        if "get_rate" in self.deaf:
            raise RuntimeError("the device\nis gone")
        return self.rate

    def get_frequency(self) -> float:
        return self.frequency

    def set_rate(self, hz: float) -> None:
        self.asked.append(("rate", hz))
        if "rate" in self.deaf:
            raise RuntimeError("not this one")
        self.rate, self.tag = self._grant(hz), True
        self.send(3)

    def set_frequency(self, hz: float) -> None:
        self.asked.append(("frequency", hz))
        if "frequency" in self.deaf:
            raise RuntimeError("not this one")
        self.frequency = hz
        self.send(3)


class Station:
    """An aerial that plays into a sampler, and a tuner that tunes both."""

    def __init__(
        self, engine, settle: int = 2 * N, grant=lambda hz: hz, tells: bool = True, **parameters
    ) -> None:
        tuning = (100e6, 4e6)
        self.granted: list[float] = []
        self.aerial = Aerial(tuning[0] - tuning[1] / 4, tuning[1], grant)
        self.classifier = denomae.classifier(
            engine=engine,
            sample_rate=tuning[1] / DECIMATION,
            center_frequency=tuning[0],
            settle_samples=settle,
            **parameters,
        )
        self.sampler = self.classifier._sampler
        self.aerial.reader = self.sampler
        self.flowgraph = gr.top_block()
        # the sampler alone: what it cuts is taken here, not by the worker
        self.flowgraph.connect(self.aerial, self.sampler)
        setters = {"set_rate": self.aerial.set_rate, "set_frequency": self.aerial.set_frequency}
        getters = {"get_rate": self.aerial.get_rate, "get_frequency": self.aerial.get_frequency}
        self.tuner = Tuner(
            self.classifier,
            tuning,
            DECIMATION,
            **{**setters, **getters} if tells else remembered(tuning, **setters),
            granted=self.granted.append,
        )
        self.aerial.asked, self.before = [], self.aerial.asked

    def __enter__(self) -> Station:
        self.flowgraph.start()
        self.aerial.playing = True
        return self

    def __exit__(self, *error: object) -> None:
        self.flowgraph.stop()
        self.flowgraph.wait()

    def frames(self) -> list[tuple[float, float, float, bool]]:
        """Of each frame since the last call: the place it says, where it was captured, its rate,
        whether it has a time."""
        batch = self.sampler.pop(1000, 0.0)
        captured = [np.unique(frame.real) for frame in batch.frames]
        assert all(len(values) == 1 for values in captured)
        return [
            (said / 1e6, float(values[0]), rate, bool(timed))
            for said, values, rate, timed in zip(
                batch.frequency_hz, captured, batch.rate_hz, batch.time_valid, strict=True
            )
        ]


def test_no_frame_of_a_new_place_says_the_old_one_however_long_the_driver_takes(engine):
    with Station(engine) as station:
        station.aerial.send(4)
        station.tuner((200e6, 4e6))
        station.aerial.send(6)
        assert station.frames() == [(100, 100, 1e6, True)] * 4 + [(200, 200, 1e6, True)] * 4
        assert station.sampler.counters().discontinuities == 1


def test_a_time_that_the_receiver_tells_while_its_rate_is_set_stays_valid(engine):
    with Station(engine) as station:
        station.aerial.send(4)
        station.tuner((100e6, 8e6))
        station.aerial.send(6)
        assert station.frames() == [(100, 100, 1e6, True)] * 4 + [(100, 100, 2e6, True)] * 4


def test_labels_tell_the_rate_and_the_place_that_the_receiver_grants(engine):
    with Station(engine, grant=lambda hz: hz + 4096) as station:
        assert station.before == [("frequency", 99e6 - 1024)]
        station.aerial.send(2)
        station.tuner((100e6, 8e6))
        station.aerial.send(4)
        rates = [(hz + 4096) / DECIMATION for hz in (4e6, 8e6)]
        assert station.frames() == [(100, 100, rate, True) for rate in rates for _ in range(2)]
        assert station.granted == [4e6 + 4096, 8e6 + 4096]


def test_a_rate_that_is_known_only_later_is_told_by_a_check_that_costs_nothing_else(engine):
    with Station(engine) as station:
        station.aerial.send(2)
        station.tuner.check()
        station.aerial.send(2)
        assert len(station.frames()) == 4 and not station.aerial.asked
        station.aerial.rate = 4e6 - 4096
        station.tuner.check()
        station.aerial.send(4)
        rate = (4e6 - 4096) / DECIMATION
        assert station.frames() == [(100, 100, rate, False)] * 2


@pytest.mark.parametrize("refused, place", [("rate", (200, 1e6)), ("frequency", (100, 1e6))])
def test_a_setting_that_is_refused_leaves_the_labels_true_and_is_asked_again(
    engine, refused, place, capfd
):
    with Station(engine) as station:
        station.aerial.send(1)
        assert len(station.frames()) == 1
        station.aerial.deaf = {refused}
        station.tuner((200e6, 4e6 if refused == "frequency" else 8e6))
        station.aerial.send(4)
        assert [frame[:3] for frame in station.frames()] == [(place[0], place[0], place[1])] * 2
        asked = station.aerial.asked[-1 if refused == "frequency" else 0]
        said = capfd.readouterr()
        assert f"it refuses the {refused} {asked[1]:.12g} Hz: not this one" in said.out + said.err
        station.aerial.deaf = set()
        station.tuner((200e6, 4e6 if refused == "frequency" else 8e6))
        station.aerial.send(4)
        assert [frame[:2] for frame in station.frames()] == [(200, 200)] * 2
        assert station.aerial.asked.count(asked) == 2


def test_a_receiver_that_does_not_tell_what_it_has_gives_no_labels_until_it_does(engine, capfd):
    with Station(engine) as station:
        station.aerial.send(1)
        station.aerial.deaf = {"get_rate"}
        station.tuner((200e6, 4e6))
        station.aerial.send(9)
        assert station.frames() == [(100, 100, 1e6, True)]
        station.aerial.deaf = set()
        station.tuner((200e6, 4e6))
        station.aerial.send(4)
        assert station.frames() == [(200, 200, 1e6, True)] * 2
    said = capfd.readouterr()
    assert (said.out + said.err).count("it does not tell its rate and frequency") == 1
    assert "the device is gone" in said.out + said.err


def test_a_rate_of_its_own_is_reported_once_a_change(engine, capfd):
    with Station(engine, grant=lambda hz: hz + 4096) as station:
        for frequency in (100e6, 101e6, 102e6):
            station.tuner((frequency, 4e6))
    said = capfd.readouterr()
    assert (said.out + said.err).count("it runs at 4004096 samples/s instead of 4000000") == 1


def test_what_settles_may_be_changed_before_the_change_that_it_is_for(engine):
    with Station(engine, settle=100 * N) as station:
        station.classifier.set_settle_samples(N)
        station.aerial.send(1)
        station.tuner((200e6, 4e6))
        station.aerial.send(3)
        assert len(station.frames()) == 1 + 2
    with pytest.raises(DenomaeError, match="settle_samples is -1"):
        station.classifier.set_settle_samples(-1)


def test_what_cannot_be_leaves_a_retune_begun(engine):
    with Station(engine, settle=0) as station:
        station.classifier.begin_retune()
        for frequency, rate in ((float("inf"), 1e6), (1e8, -1.0), (1e8, NAN)):
            with pytest.raises(DenomaeError, match="is"):
                station.classifier.end_retune(frequency, rate)
        with pytest.raises(ValueError, match="settle_samples is -1"):
            station.sampler.release(1e6, 1e8, -1)
        station.aerial.send(3)
        assert not station.frames()
        station.classifier.end_retune(NAN, 0)
        station.aerial.send(1)
        assert len(station.frames()) == 1


def test_a_change_that_was_announced_before_the_start_costs_no_samples(engine):
    station = Station(engine, settle=10 * N)
    station.classifier.begin_retune()
    station.classifier.end_retune(100e6, 1e6)
    with station:
        station.aerial.send(2)
        assert len(station.frames()) == 2


def test_a_driver_that_tells_nothing_has_what_it_last_took_in_whole_hertz(engine):
    with Station(engine, tells=False) as station:
        station.aerial.deaf = {"get_rate"}
        station.aerial.send(1)
        station.tuner((200e6 + 0.4, 8e6))
        assert station.aerial.asked == [("rate", 8_000_000), ("frequency", 198_000_000)]
        assert all(isinstance(hz, int) for _, hz in station.aerial.asked)
        station.aerial.send(4)
        assert station.frames() == [(100, 100, 1e6, True)] + [(200, 200, 2e6, True)] * 2
        station.aerial.deaf = {"frequency"}
        station.tuner((300e6, 8e6))
        station.aerial.send(4)
        assert station.frames() == [(200, 200, 2e6, True)] * 2
