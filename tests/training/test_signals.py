# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from denomae_training.signals.constellations import psk, square_qam
from denomae_training.signals.dataset import batches, make_batch, split_seed
from denomae_training.signals.families import FAMILIES
from denomae_training.signals.pulses import (
    SPAN,
    gaussian_phase,
    root_raised_cosine,
    shaped,
    symbol_times,
    table,
)
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes import RECIPES
from denomae_training.signals.recipes.live11 import MODULATORS
from denomae_training.signals.recipes.live11_modulators import gmsk_modulator, two_fsk_modulator

LIVE = RECIPES["live11"]


def _items(class_name: str, count: int, **changes):
    recipe = dataclasses.replace(LIVE, classes=(class_name,), **changes)
    return [synthesize(recipe, 7, i) for i in range(count)]


def test_an_item_is_a_function_of_seed_and_index_alone():
    one = synthesize(LIVE, 5, 123)
    for other in range(50):
        synthesize(LIVE, 5, other)
    two = synthesize(LIVE, 5, 123)
    assert np.array_equal(one.noisy, two.noisy) and one.drawn == two.drawn
    assert not np.array_equal(one.noisy, synthesize(LIVE, 6, 123).noisy)


@settings(deadline=None, max_examples=10)
@given(size=st.integers(1, 9), first=st.integers(0, 1000))
def test_an_item_does_not_depend_on_its_batch(size, first):
    batch = make_batch(LIVE, 5, first, size)
    last = synthesize(LIVE, 5, first + size - 1)
    assert np.array_equal(batch.waveforms["noisy"][-1].numpy(), last.noisy)


def test_an_item_does_not_depend_on_the_number_of_workers():
    alone = list(batches(LIVE, 5, 4, first=3, end=8, workers=0))
    helped = list(batches(LIVE, 5, 4, first=3, end=8, workers=2))
    for one, other in zip(alone, helped, strict=True):
        assert np.array_equal(one.waveforms["noisy"], other.waveforms["noisy"])
        assert np.array_equal(one.class_index, other.class_index)


def test_splits_share_no_item():
    seeds = {
        split_seed(1, split) for split in ("pretrain", "train", "validation", "test 0", "test 1")
    }
    assert len(seeds) == 5 and seeds.isdisjoint({split_seed(2, "train")})


@pytest.mark.parametrize("name", [n for n in MODULATORS if n != "noise"])
def test_signal_and_noise_have_the_power_that_snr_says(name):
    for item in _items(name, 20, snr_db=(3.0, 3.0)):
        assert np.mean(np.abs(item.clean) ** 2) == pytest.approx(1, rel=1e-4)
        noise_db = 10 * math.log10(np.mean(np.abs(item.noise) ** 2))
        assert noise_db == pytest.approx(
            -3, abs=4.34 * 4 / math.sqrt(1024)
        )  # four standard deviations
        np.testing.assert_allclose(item.noisy, item.clean + item.noise, atol=1e-6)


def test_the_noise_is_white_and_circular():
    noise = np.concatenate([item.noise for item in _items("noise", 100)])
    power = np.mean(np.abs(noise) ** 2)
    bound = 5 / math.sqrt(len(noise))
    assert abs(np.mean(noise**2)) / power < bound
    for lag in (1, 2, 3, 17):
        assert abs(np.mean(noise[lag:] * noise[:-lag].conj())) / power < bound


def test_the_class_noise_has_no_signal_and_no_snr():
    for item in _items("noise", 3):
        assert not item.clean.any() and math.isnan(item.snr_db)


@pytest.mark.parametrize("name", ["fm", "2fsk", "gmsk", "carrier"])
def test_modulations_of_the_phase_keep_their_envelope(name):
    for item in _items(name, 10, filtered_share=0.0):
        np.testing.assert_allclose(np.abs(item.clean), 1, atol=1e-3)


def test_matched_filtering_of_root_raised_cosines_leaves_no_interference():
    time = np.arange(-SPAN * 64, SPAN * 64 + 1) / 64
    pulse = root_raised_cosine(time, 0.35)
    both = np.convolve(pulse, pulse, mode="same") / 64
    middle = len(both) // 2
    assert both[middle] == pytest.approx(1, abs=1e-3)
    for k in range(1, SPAN - 1):
        assert abs(both[middle + 64 * k]) < 5e-3


def test_tabulated_waveforms_are_the_sum_of_their_pulses():
    rng = np.random.default_rng(0)
    whole, row, needed = symbol_times(400, 3.37, 0.29)
    symbols = psk(4)[rng.integers(4, size=needed)]
    fast = shaped(symbols, whole, row, table(root_raised_cosine, 0.3))
    u = np.arange(400) / 3.37 + 0.29
    k = np.arange(needed) - (SPAN - 1)
    exact = (symbols * root_raised_cosine(u[:, None] - k, 0.3)).sum(1)
    error = np.mean(np.abs(fast - exact) ** 2) / np.mean(np.abs(exact) ** 2)
    # cut at SPAN symbols, read at the nearest fraction: below the noise of the best frame, 30 dB
    assert 10 * math.log10(error) < -42


def test_constellations_are_the_textbook_ones():
    assert np.allclose(np.abs(psk(8)), 1) and len(set(np.round(psk(8), 6))) == 8
    qam = square_qam(16)
    assert sorted(set(qam.real)) == [-3, -1, 1, 3] and np.mean(np.abs(qam) ** 2) == pytest.approx(
        10
    )


@pytest.mark.parametrize("modulator, index", [(gmsk_modulator(), 0.5), (two_fsk_modulator(), None)])
def test_a_symbol_turns_the_phase_by_pi_times_the_modulation_index(modulator, index):
    for seed in range(5):
        wave, drawn = modulator(np.random.default_rng(seed), 4000, (16.0, 16.0))
        speed = np.diff(np.unwrap(np.angle(wave))) * 16 / np.pi  # in modulation indices a symbol
        wanted = index or drawn["modulation_index"]
        assert np.quantile(np.abs(speed), 0.9) == pytest.approx(wanted, rel=0.03)


def test_the_gaussian_phase_pulse_rises_from_0_to_1():
    time = np.linspace(-4, 4, 801)
    phase = gaussian_phase(time, 0.3)
    assert phase[0] == pytest.approx(0, abs=1e-6) and phase[-1] == pytest.approx(1, abs=1e-6)
    assert (np.diff(phase) > -1e-9).all() and phase[400] == pytest.approx(0.5)


def test_every_class_has_a_family_and_a_modulator():
    assert set(LIVE.classes) == set(MODULATORS) and set(LIVE.classes) <= set(FAMILIES)


def test_all_classes_and_ranges_are_drawn():
    items = [synthesize(LIVE, 1, i) for i in range(1500)]
    counts = np.bincount([item.class_index for item in items], minlength=len(LIVE.classes))
    assert counts.min() > 90  # 136 expected, standard deviation 11
    sps = [item.drawn["samples_per_symbol"] for item in items if "samples_per_symbol" in item.drawn]
    assert 2 <= min(sps) < 2.1 and 15 < max(sps) <= 16
    offset = [item.drawn["carrier_offset"] for item in items if item.drawn]
    assert -0.02 <= min(offset) < -0.019 and 0.019 < max(offset) <= 0.02
    for item in items:
        assert np.isfinite(item.noisy).all() and item.noisy.dtype == np.complex64


def test_class_weights_say_how_often_a_class_is_drawn():
    hard = RECIPES["live11_hard"]
    counts = np.zeros(len(hard.classes))
    for i in range(4000):
        counts[synthesize(hard, 1, i).class_index] += 1
    expected = 4000 * np.array(hard.class_weights) / sum(hard.class_weights)
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()
