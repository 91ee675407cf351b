# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipe that the live model is made for."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from denomae_training.signals.channel.adjacent import Adjacent
from denomae_training.signals.channel.band import Band
from denomae_training.signals.channel.burst import Burst
from denomae_training.signals.channel.converter import Converter
from denomae_training.signals.channel.fading import Fading
from denomae_training.signals.channel.iq import Arms
from denomae_training.signals.channel.oscillator import Oscillator
from denomae_training.signals.families import FAMILIES
from denomae_training.signals.modulators import MODULATORS
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes.live import LIVE

QUIET = dataclasses.replace(
    LIVE,
    band=Band(share=0),
    burst=Burst(share=0),
    fading=Fading(share=0),
    arms=Arms(imbalance_share=0, dc_share=0),
    adjacent=Adjacent(share=0),
    converter=Converter(bits=(16,), overload_share=0),
    filter_share=0.0,
)


def items(recipe, count: int, seed: int = 3, **changes):
    recipe = dataclasses.replace(recipe, **changes)
    return [synthesize(recipe, seed, i) for i in range(count)]


def test_there_are_24_classes_of_ten_families():
    assert len(LIVE.classes) == 24 and set(LIVE.classes) == set(MODULATORS)
    assert set(LIVE.families.values()) == set(FAMILIES[name] for name in LIVE.classes)
    assert len(set(LIVE.families.values())) == 10


@pytest.mark.parametrize("length", [1024, 2048, 4096])
def test_frames_of_every_length_are_finite_and_of_one_type(length):
    for item in items(LIVE, 72, frame_length=length):
        for wave in (item.noisy, item.clean, item.noise):
            assert wave.dtype == np.complex64 and wave.shape == (length,)
            assert np.isfinite(wave).all()


@pytest.mark.parametrize("name", [n for n in LIVE.classes if n != "noise"])
def test_signal_and_noise_have_the_power_that_snr_says_within_the_burst(name):
    for item in items(LIVE, 25, classes=(name,), snr_db=(4.0, 4.0)):
        begin = int(item.drawn.get("burst_begin", 0))
        end = int(item.drawn.get("burst_end", LIVE.frame_length))
        assert np.mean(np.abs(item.clean[begin:end]) ** 2) == pytest.approx(1, rel=1e-3)
        noise_db = 10 * math.log10(np.mean(np.abs(item.noise) ** 2))
        independent = 1024 * min(1, 2 * item.drawn.get("band_cutoff", 0.5))  # samples
        assert noise_db == pytest.approx(-4, abs=4.34 * 5 / math.sqrt(independent))


def test_the_noise_is_white_and_circular():
    noise = np.concatenate(
        [
            item.noise
            for item in items(LIVE, 400, snr_db=(0.0, 0.0))
            if "band_cutoff" not in item.drawn
        ]
    )
    assert len(noise) > 200_000
    power = np.mean(np.abs(noise) ** 2)
    assert 10 * math.log10(power) == pytest.approx(0, abs=0.05)
    bound = 5 / math.sqrt(len(noise))
    assert abs(np.mean(noise**2)) / power < bound
    for lag in (1, 2, 3, 17):
        assert abs(np.mean(noise[lag:] * noise[:-lag].conj())) / power < bound


def test_a_filter_behind_signal_and_noise_leaves_both_their_powers_and_the_signal_its_band():
    recipe = dataclasses.replace(QUIET, band=Band(share=1), snr_db=(0.0, 0.0))
    outside, powers = [], []
    for item in items(recipe, 300):
        spectrum = np.abs(np.fft.fft(item.noise * np.hanning(LIVE.frame_length))) ** 2
        frequency = np.abs(np.fft.fftfreq(LIVE.frame_length))
        cutoff = item.drawn["band_cutoff"]
        if cutoff < 0.4:
            outside.append(spectrum[frequency > cutoff + 0.06].mean() / spectrum.mean())
        powers.append(np.mean(np.abs(item.noise) ** 2))
    assert np.mean(powers) == pytest.approx(1, rel=0.03) and np.max(outside) < 0.02
    kept = dataclasses.replace(recipe, classes=("qpsk",), snr_db=(30.0, 30.0))
    for item in items(kept, 40):
        spectrum = np.abs(np.fft.fft(item.clean * np.hanning(LIVE.frame_length))) ** 2
        edge = 0.5 / item.drawn["samples_per_symbol"] + abs(item.drawn["carrier_offset"])
        inside = np.abs(np.fft.fftfreq(LIVE.frame_length)) < edge
        assert spectrum[inside].sum() > 0.75 * spectrum.sum()
        assert np.mean(np.abs(item.clean) ** 2) == pytest.approx(1, rel=1e-3)


def test_without_impairments_the_noisy_signal_is_clean_plus_noise():
    for item in items(QUIET, 60):
        error = np.abs(item.noisy - item.clean - item.noise)
        # 16 bits at -36 dB or more of full scale: a step is 2e-3 of the rms at most
        assert error.max() < 3e-3 * np.sqrt(np.mean(np.abs(item.noisy) ** 2))


def test_interference_and_the_converter_stand_in_the_noisy_signal_alone():
    loud = dataclasses.replace(
        QUIET, adjacent=Adjacent(share=1, level_db=(6, 6)), classes=("qpsk",), snr_db=(30.0, 30.0)
    )
    with_neighbour = [item for item in items(loud, 40) if "adjacent_db" in item.drawn]
    assert len(with_neighbour) > 10
    for item in with_neighbour:
        assert np.mean(np.abs(item.clean) ** 2) == pytest.approx(1, rel=1e-3)
        rest = item.noisy - item.clean - item.noise
        assert 10 * math.log10(np.mean(np.abs(rest) ** 2)) == pytest.approx(6, abs=0.1)


def test_echoes_and_imbalance_stand_in_the_clean_signal():
    faded = dataclasses.replace(
        QUIET,
        fading=Fading(share=1, delay_spread=(2, 2), steady_db=(0, 0)),
        arms=Arms(imbalance_share=1, dc_share=0),
        classes=("carrier",),
        oscillator=Oscillator(drift_share=0, noise_share=0),
    )
    for item in items(faded, 20, snr_db=(30.0, 30.0)):
        error = item.noisy - item.clean - item.noise
        assert np.abs(error).max() < 5e-3
        assert {"delay_spread", "imbalance_db"} <= set(item.drawn)


def test_a_burst_is_silent_outside_its_bounds_but_for_the_filters_tails():
    bursts = dataclasses.replace(LIVE, burst=Burst(share=1), classes=("qpsk",))
    for item in items(bursts, 60):
        begin, end = int(item.drawn["burst_begin"]), int(item.drawn["burst_end"])
        reach = 56  # half of the longest filter and channel
        outside = np.ones(LIVE.frame_length, bool)
        outside[max(0, begin - reach) : end + reach] = False
        assert not item.clean[outside].any()
        assert item.clean[begin + reach : end - reach].any()


def test_an_item_is_a_function_of_seed_and_index_alone():
    one = synthesize(LIVE, 5, 77)
    items(LIVE, 30, seed=9)
    two = synthesize(LIVE, 5, 77)
    assert np.array_equal(one.noisy, two.noisy) and one.drawn == two.drawn


def test_each_impairment_is_drawn_about_as_often_as_its_share_says():
    drawn = [item.drawn for item in items(LIVE, 2400) if item.drawn.get("phase") is not None]
    for key, share in (
        ("delay_spread", LIVE.fading.share),
        ("burst_begin", LIVE.burst.share),
        ("imbalance_db", LIVE.arms.imbalance_share),
        ("dc_db", LIVE.arms.dc_share),
        ("filter_cutoff", LIVE.filter_share),
        ("band_cutoff", LIVE.band.share),
        ("linewidth", LIVE.oscillator.noise_share),
    ):
        met = np.mean([key in one for one in drawn])
        assert met == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / len(drawn))), key
