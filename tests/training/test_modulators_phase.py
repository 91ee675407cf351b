# SPDX-License-Identifier: GPL-3.0-or-later
import itertools
import math

import numpy as np
import pytest

from denomae_training.signals.definitions import ContinuousPhase
from denomae_training.signals.interpolated import LEAD, symbols_needed
from denomae_training.signals.modulators import MODULATORS
from denomae_training.signals.phase import KEYED, pulse, waveform

DEFINITIONS = [
    ContinuousPhase(1.0),
    ContinuousPhase(0.7, 0.5),
    ContinuousPhase(0.5, 0.3),
    ContinuousPhase(0.33, None, (-3, -1, 1, 3)),
]


def _levels(definition, count, sps, timing=0.0):
    rng = np.random.default_rng(1)
    needed = symbols_needed(count, sps, timing)
    return np.array(definition.levels, np.float32)[
        rng.integers(len(definition.levels), size=needed)
    ]


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("sps, timing", [(2.0, 0.0), (3.21, 0.7), (16.0, 0.5)])
def test_the_phase_is_the_sum_of_its_pulses(definition, sps, timing):
    count = 900
    levels = _levels(definition, count, sps, timing)
    u = np.arange(count) / sps + timing
    rise = pulse(definition, u[:, None] - (np.arange(len(levels)) - LEAD)[None, :])
    exact = np.exp(1j * np.pi * definition.index * (levels * rise).sum(1))
    error = waveform(definition, levels, count, sps, timing) - exact
    assert np.abs(error).max() < 4e-3


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_the_envelope_is_constant(definition):
    wave = waveform(definition, _levels(definition, 5000, 3.3), 5000, 3.3, 0.0)
    np.testing.assert_allclose(np.abs(wave), 1, atol=1e-6)


@pytest.mark.parametrize("index", [0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("levels", [(-1, 1), (-3, -1, 1, 3)])
def test_a_symbol_turns_the_phase_by_pi_times_index_and_level(index, levels):
    sps, count = 16, 1600
    definition = ContinuousPhase(index, None, levels)
    sent = _levels(definition, count, sps)
    wave = waveform(definition, sent, count, sps, 0.5)  # begins between two symbols
    turn = np.angle(wave[1:] / wave[:-1]).reshape(-1)[: count - sps]
    turn = turn.reshape(-1, sps).sum(1)
    np.testing.assert_allclose(
        turn, np.pi * index * sent[LEAD + 1 : LEAD + 1 + len(turn)], atol=1e-3
    )


def test_the_phase_of_a_long_frame_stays_exact():
    definition = ContinuousPhase(0.5)
    count, sps = 60_000, 2.0
    levels = np.ones(symbols_needed(count, sps, 0.0), np.float32)
    wave = waveform(definition, levels, count, sps, 0.0)
    step = np.angle(wave[1:] / wave[:-1])
    np.testing.assert_allclose(step, np.pi / 4, atol=1e-4)


@pytest.mark.parametrize("bandwidth_time", [0.2, 0.3, 0.5, 0.8])
def test_the_gaussian_filter_has_the_3_db_bandwidth_that_bt_says(bandwidth_time):
    rate = 64
    time = np.arange(-SPAN_CHECKED * rate, SPAN_CHECKED * rate) / rate
    rise = pulse(ContinuousPhase(0.5, bandwidth_time), time)
    frequency_pulse = np.diff(rise) * rate
    response = np.abs(np.fft.rfft(frequency_pulse, 1 << 15)) / rate
    at = np.fft.rfftfreq(1 << 15, 1 / rate)
    gaussian = response / np.maximum(np.abs(np.sinc(at)), 1e-3)  # less the rectangle's
    level = np.interp(bandwidth_time, at, gaussian)
    assert 20 * math.log10(level) == pytest.approx(-3.01, abs=0.05)


SPAN_CHECKED = 8


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_phase_pulse_rises_from_0_to_1_and_is_half_way_at_0(definition):
    time = np.linspace(-6, 6, 1201)
    rise = pulse(definition, time)
    assert rise[0] == pytest.approx(0, abs=1e-9) and rise[-1] == pytest.approx(1, abs=1e-9)
    assert rise[600] == pytest.approx(0.5) and (np.diff(rise) > -1e-12).all()


def test_integer_indices_of_rectangular_pulses_have_discrete_lines():
    sps, count = 8.0, 1 << 14
    levels = _levels(ContinuousPhase(1.0), count, sps)
    for index, lines in ((1.0, True), (0.7, False)):
        wave = waveform(ContinuousPhase(index), levels, count, sps, 0.0)
        power = np.abs(np.fft.fft(wave * np.hanning(count))) ** 2
        frequency = np.fft.fftfreq(count) * sps
        line = power[np.abs(frequency - index / 2) < 0.001].sum() / power.sum()
        assert (line > 0.2) == lines  # half of the power is in the two lines


def test_no_two_classes_share_parameters():
    def overlap(one, other):
        return one[0] <= other[1] and other[0] <= one[1]

    for one, other in itertools.combinations(KEYED.values(), 2):
        same_pulse = (one.bandwidth_time is None) == (other.bandwidth_time is None)
        if one.levels != other.levels or not same_pulse:
            continue
        for index, other_index in itertools.product(one.index, other.index):
            assert not overlap(index, other_index)


def test_the_classes_have_the_ranges_of_the_design():
    assert KEYED["gmsk"].index == ((0.5, 0.5),) and KEYED["gmsk"].bandwidth_time == (0.2, 0.5)
    assert KEYED["gfsk"].index == ((0.25, 0.4), (0.6, 1.2))
    assert KEYED["gfsk"].bandwidth_time == (0.3, 0.8)
    assert KEYED["2fsk"].index == ((0.6, 2.0),) and KEYED["2fsk"].bandwidth_time is None
    assert KEYED["4fsk"].index == ((0.25, 1.0),) and KEYED["4fsk"].bandwidth_time is None


@pytest.mark.parametrize("name", KEYED)
def test_what_is_drawn_lies_in_the_class_ranges_and_fits_the_band(name):
    rng = np.random.default_rng(2)
    ranges = KEYED[name]
    drawn = [MODULATORS[name](rng, 64, (2.0, 32.0))[1] for _ in range(400)]
    index = np.array([d["index"] for d in drawn])
    inside = [(low <= index) & (index <= high) for low, high in ranges.index]
    assert np.logical_or.reduce(inside).all()
    assert all(part.any() for part in inside)
    for d in drawn:
        assert (1 + d["index"] * max(ranges.levels)) / d["samples_per_symbol"] <= 0.9 + 1e-9
    if ranges.bandwidth_time:
        bandwidth_time = [d["bandwidth_time"] for d in drawn]
        low, high = ranges.bandwidth_time
        assert low <= min(bandwidth_time) <= low + 0.02
        assert high - 0.02 <= max(bandwidth_time) <= high
