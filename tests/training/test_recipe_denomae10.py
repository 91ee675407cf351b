# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import itertools
import math

import numpy as np
import pytest

from denomae_training.signals.definitions import ContinuousPhase, Linear
from denomae_training.signals.interpolated import LEAD, TAPS
from denomae_training.signals.linear import rotated
from denomae_training.signals.phase import pulse
from denomae_training.signals.pulses import SPAN, root_raised_cosine
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes import RECIPES
from denomae_training.signals.recipes.denomae10 import TIMINGS, WAVEFORMS, keyed, shaped

RECIPE = RECIPES["denomae10"]


def _items(name, count, **changes):
    recipe = dataclasses.replace(RECIPE, classes=(name,), **changes)
    return [synthesize(recipe, 7, i) for i in range(count)]


def test_it_has_the_ten_published_names_in_the_published_order():
    assert RECIPE.classes == (
        "ook",
        "4ask",
        "8ask",
        "oqpsk",
        "cpfsk",
        "gfsk",
        "4pam",
        "dqpsk",
        "16pam",
        "gmsk",
    )
    assert RECIPE.frame_length == 1024 and RECIPE.samples_per_symbol == (8, 8)
    assert RECIPE.snr_db == (-20, 20)


@pytest.mark.parametrize("name", WAVEFORMS)
def test_power_noise_and_type_are_what_they_should_be(name):
    snr = []
    for item in _items(name, 40, snr_db=(-3.0, -3.0)):
        assert item.noisy.dtype == item.clean.dtype == item.noise.dtype == np.complex64
        assert item.noisy.shape == (1024,) and np.isfinite(item.noisy).all()
        assert np.mean(np.abs(item.clean) ** 2) == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(item.noisy, item.clean + item.noise, atol=1e-6)
        snr.append(np.mean(np.abs(item.noise) ** 2))
    # 40,960 samples: a standard deviation of 0.02 dB
    assert -10 * math.log10(np.mean(snr)) == pytest.approx(-3, abs=0.1)


@pytest.mark.parametrize("name", [n for n, d in WAVEFORMS.items() if isinstance(d, Linear)])
@pytest.mark.parametrize("timing", [0, 100, 511])
def test_linear_waveforms_are_the_sum_of_their_pulses(name, timing):
    definition = WAVEFORMS[name]
    points = definition.points
    symbols = points[np.random.default_rng(0).integers(len(points), size=40 + TAPS - 1)]
    symbols = rotated(symbols, definition.rotation)
    u = np.arange(320) / 8 + timing / TIMINGS
    t = u[:, None] - (np.arange(len(symbols)) - LEAD)[None, :]
    late = t - definition.offset
    exact = (symbols.real * root_raised_cosine(t, 0.35) * (abs(t) < SPAN)).sum(1) + 1j * (
        symbols.imag * root_raised_cosine(late, 0.35) * (abs(late) < SPAN)
    ).sum(1)
    np.testing.assert_allclose(shaped(definition, symbols, timing), exact, atol=1e-5)


@pytest.mark.parametrize(
    "name", [n for n, d in WAVEFORMS.items() if isinstance(d, ContinuousPhase)]
)
@pytest.mark.parametrize("timing", [0, 100, 511])
def test_continuous_phases_are_the_sum_of_their_pulses(name, timing):
    definition = WAVEFORMS[name]
    levels = np.random.default_rng(0).choice([-1, 1], size=40 + TAPS - 1).astype(np.float32)
    u = np.arange(320) / 8 + timing / TIMINGS
    rise = pulse(definition, u[:, None] - (np.arange(len(levels)) - LEAD)[None, :])
    exact = np.exp(1j * np.pi * definition.index * (levels * rise).sum(1))
    np.testing.assert_allclose(keyed(definition, levels, timing), exact, atol=1e-4)


def test_the_ten_are_what_the_design_says():
    def real(name):
        return np.sort(WAVEFORMS[name].points.real)

    for name, order in (("ook", 2), ("4ask", 4), ("8ask", 8)):
        assert real(name)[0] == 0 and len(set(real(name))) == order  # unipolar
    for name, order in (("4pam", 4), ("16pam", 16)):
        np.testing.assert_allclose(real(name), -real(name)[::-1])  # bipolar
        assert len(set(real(name))) == order
    assert WAVEFORMS["oqpsk"].offset == 0.5
    assert WAVEFORMS["dqpsk"].rotation == pytest.approx(math.pi / 4)
    assert WAVEFORMS["cpfsk"] == ContinuousPhase(1.0)
    assert WAVEFORMS["gfsk"] == ContinuousPhase(0.7, 0.5)
    assert WAVEFORMS["gmsk"] == ContinuousPhase(0.5, 0.3)


def test_no_two_classes_have_the_same_second_and_fourth_cumulants():
    """Ten waveforms: what is told of each by its matched or differential samples differs."""

    def signature(name):
        definition = WAVEFORMS[name]
        if isinstance(definition, ContinuousPhase):
            return ("phase", definition.index, definition.bandwidth_time)
        p = definition.points.astype(complex)
        moments = [abs(p.mean()), abs((p**2).mean()), np.mean(np.abs(p) ** 4).real]
        return ("linear", *np.round(moments, 3), definition.offset, round(definition.rotation, 3))

    for one, other in itertools.combinations(WAVEFORMS, 2):
        assert signature(one) != signature(other)


def test_phase_timing_and_symbols_are_drawn_over_their_whole_ranges():
    items = [synthesize(RECIPE, 1, i) for i in range(1500)]
    counts = np.bincount([item.class_index for item in items], minlength=10)
    assert counts.min() > 100  # 150 expected, standard deviation 12
    for key, top in (("timing", 1.0), ("phase", 2 * math.pi)):
        value = np.array([item.drawn[key] for item in items]) / top
        assert 0 <= value.min() < 0.01 and 0.99 < value.max() < 1
        assert value.mean() == pytest.approx(0.5, abs=5 / math.sqrt(12 * 1500))
    snr = [item.snr_db for item in items]
    assert -20 <= min(snr) < -19.8 and 19.8 < max(snr) <= 20
    turns = [item.drawn["turns"] for item in items if "turns" in item.drawn]
    assert set(turns) == {0, 1}


def test_an_item_is_a_function_of_seed_and_index_alone():
    one = synthesize(RECIPE, 5, 123)
    for other in range(30):
        synthesize(RECIPE, 5, other)
    two = synthesize(RECIPE, 5, 123)
    assert np.array_equal(one.noisy, two.noisy) and one.drawn == two.drawn


def test_oqpsk_never_passes_through_zero():
    least = min(np.abs(item.clean).min() for item in _items("oqpsk", 60))
    assert least > 0.25


def test_dqpsk_seen_by_its_matched_filter_turns_by_odd_multiples_of_an_eighth():
    time = np.arange(-SPAN * 8, SPAN * 8 + 1) / 8
    for item in _items("dqpsk", 20):
        matched = np.convolve(item.clean, root_raised_cosine(time, 0.35), mode="same")
        first = round((1 - item.drawn["timing"]) * 8) + 8 * SPAN
        symbols = matched[first : -8 * SPAN : 8]
        eighths = np.angle(symbols[1:] / symbols[:-1]) / (math.pi / 4)
        # the nearest sample is up to a sixteenth of a symbol away from the symbol's middle
        assert np.abs(np.abs(eighths[:, None] - [-3, -1, 1, 3]).min(1)).max() < 0.35
