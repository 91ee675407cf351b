# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import math

import numpy as np
import pytest

from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes import RECIPES
from denomae_training.signals.recipes.radioml24 import MODULATORS, REACH, definition, taps

RECIPE = RECIPES["radioml24"]


def _items(name, count, **changes):
    recipe = dataclasses.replace(RECIPE, classes=(name,), **changes)
    return [synthesize(recipe, 7, i) for i in range(count)]


def test_the_classes_stand_in_the_true_order_of_radioml_2018_01a():
    true = (
        "OOK 4ASK 8ASK BPSK QPSK 8PSK 16PSK 32PSK 16APSK 32APSK 64APSK 128APSK 16QAM 32QAM 64QAM "
        "128QAM 256QAM AM-SSB-WC AM-SSB-SC AM-DSB-WC AM-DSB-SC FM GMSK OQPSK"
    )
    assert RECIPE.classes == tuple(true.lower().split())
    assert set(MODULATORS) == set(RECIPE.classes) == set(RECIPE.families)
    assert RECIPE.frame_length == 1024 and RECIPE.snr_db == (-20, 30)


@pytest.mark.parametrize("name", RECIPE.classes)
def test_power_noise_and_type_are_what_they_should_be(name):
    noise = []
    for item in _items(name, 40, snr_db=(4.0, 4.0)):
        assert item.noisy.dtype == item.clean.dtype == item.noise.dtype == np.complex64
        assert item.noisy.shape == (1024,) and np.isfinite(item.noisy).all()
        assert np.mean(np.abs(item.clean) ** 2) == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(item.noisy, item.clean + item.noise, atol=1e-6)
        noise.append(np.mean(np.abs(item.noise) ** 2))
    assert -10 * math.log10(np.mean(noise)) == pytest.approx(4, abs=0.1)


def test_impairments_are_drawn_as_the_paper_says():
    items = [synthesize(RECIPE, 1, i) for i in range(2000)]
    counts = np.bincount([item.class_index for item in items], minlength=24)
    assert counts.min() > 45  # 83 expected, standard deviation 9
    drawn = [item.drawn for item in items]
    for key in ("rate_offset", "carrier_offset"):
        value = np.array([d[key] for d in drawn])
        assert value.std() == pytest.approx(1e-4, rel=0.1)
        assert abs(value.mean()) < 5e-4 / math.sqrt(2000)
    rolloff = [d["rolloff"] for d in drawn if "rolloff" in d]
    assert 0.1 <= min(rolloff) < 0.12 and 0.38 < max(rolloff) <= 0.4
    assert {d["delay_spread"] for d in drawn} == {0.0, 0.5, 1.0, 2.0, 4.0}
    sps = [d["samples_per_symbol"] for d in drawn if "samples_per_symbol" in d]
    assert np.mean(sps) == pytest.approx(8, abs=1e-3) and 5e-4 < np.std(sps) < 1.2e-3
    phase = [d["phase"] for d in drawn]
    assert np.mean(phase) == pytest.approx(math.pi, abs=5 * math.pi / math.sqrt(3 * 2000))


def test_without_fading_and_offset_phase_modulations_keep_their_envelope():
    for name in ("fm", "gmsk"):
        for item in _items(name, 10, delay_spreads=(0.0,)):
            np.testing.assert_allclose(np.abs(item.clean), 1, atol=1e-4)


def test_the_carrier_offset_turns_the_frame():
    item = _items("am-dsb-wc", 1, delay_spreads=(0.0,), offset_deviation=1e-3)[0]
    turn = np.unwrap(np.angle(item.clean))
    slope = (turn[-1] - turn[0]) / (2 * math.pi * 1023)
    assert slope == pytest.approx(item.drawn["carrier_offset"], abs=1e-6)


@pytest.mark.parametrize("delay", [0.0, 0.4, 3.7, 12.0])
def test_a_path_delays_a_tone_by_its_delay(delay):
    response = taps(np.array([delay]), np.array([0.5j]))
    assert len(response) == 2 * REACH + 1
    number = np.arange(len(response)) - REACH // 2
    for frequency in (0.0, 0.02, -0.05, 0.1):
        found = np.sum(response * np.exp(-2j * np.pi * frequency * number))
        wanted = 0.5j * np.exp(-2j * np.pi * frequency * delay)
        assert abs(found - wanted) < 0.01


def test_a_greater_delay_spread_makes_a_channel_more_selective():
    def deviation_db(spread):
        level = []
        for seed in range(40):
            rng = np.random.default_rng(seed)
            gains = rng.standard_normal(8) + 1j * rng.standard_normal(8)
            delays = np.minimum(rng.rayleigh(spread, 8), REACH)
            inside = np.abs(np.fft.fft(taps(delays, gains), 256))[:17]  # to a sixteenth
            level.append(np.std(20 * np.log10(inside)))
        return np.median(level)

    assert deviation_db(0.5) < deviation_db(2.0) < deviation_db(4.0)


def test_definitions_say_what_was_drawn():
    for name in ("16psk", "128apsk", "oqpsk", "gmsk", "fm"):
        item = _items(name, 1)[0]
        found = definition(name, item.drawn)
        if name == "fm":
            assert found is None
        elif name == "gmsk":
            assert (found.index, found.bandwidth_time) == (0.5, 0.3)
        else:
            assert found.rolloff == item.drawn["rolloff"] and len(found.points) >= 4


def test_suppressed_carriers_are_suppressed_and_others_are_not():
    # its message is noise-like, so some frames have a mean; the median frame tells
    def carrier(name):
        share = [abs(item.clean.mean()) ** 2 for item in _items(name, 60, delay_spreads=(0.0,))]
        return np.median(share)

    assert carrier("am-dsb-sc") < 0.1 and carrier("am-ssb-sc") < 0.1
    assert carrier("am-dsb-wc") > 0.6 and carrier("am-ssb-wc") > 0.2


def test_an_item_is_a_function_of_seed_and_index_alone():
    one = synthesize(RECIPE, 5, 123)
    for other in range(30):
        synthesize(RECIPE, 5, other)
    assert np.array_equal(one.noisy, synthesize(RECIPE, 5, 123).noisy)
