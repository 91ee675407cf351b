# SPDX-License-Identifier: GPL-3.0-or-later
"""Each impairment does what its formula says, and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from denomae_training.signals.channel.adjacent import Adjacent, half_band_of
from denomae_training.signals.channel.burst import Burst, cut
from denomae_training.signals.channel.converter import Converter, converted
from denomae_training.signals.channel.fading import Fading, moved
from denomae_training.signals.channel.filtering import filtered
from denomae_training.signals.channel.iq import Arms, imbalance, unbalanced
from denomae_training.signals.channel.oscillator import Oscillator, bend, carrier, walk
from denomae_training.signals.item import Drawn
from denomae_training.signals.modulators import KEYED, LINEAR, MODULATORS


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[1, seed]))


def noise(count: int, seed: int = 0) -> np.ndarray:
    parts = generator(seed).standard_normal(2 * count, dtype=np.float32)
    return parts.view(np.complex64) * np.float32(0.5**0.5)


def tone(count: int, frequency: float) -> np.ndarray:
    return np.exp(2j * np.pi * frequency * np.arange(count)).astype(np.complex64)


@settings(max_examples=40)
@given(count=st.integers(1, 300), taps=st.integers(1, 70), is_complex=st.booleans())
def test_filtering_is_numpys_convolution(count, taps, is_complex):
    signal, h = noise(count + taps - 1), noise(taps, 1)
    h = h if is_complex else h.real.copy()
    np.testing.assert_allclose(filtered(signal, h), np.convolve(signal, h, "valid"), atol=2e-5)


@pytest.mark.parametrize("offset, drift, phase", [(0.05, 0.0, 1.0), (-0.013, 1e-6, 6.0)])
def test_a_carrier_has_its_offset_drift_and_phase(offset, drift, phase):
    n = np.arange(5000)
    exact = phase + 2 * np.pi * (offset * n + drift / 2 * (n - 2500.0) ** 2)
    made = carrier(5000, phase, offset) * np.exp(1j * np.pi * bend(5000, drift))
    assert np.abs(made - np.exp(1j * exact)).max() < 1e-5


def test_phase_noise_is_a_random_walk_of_its_linewidth():
    linewidth, count = 1e-5, 1024
    ends = [np.pi * walk(generator(i), count, linewidth)[-1] for i in range(2000)]
    wanted = 2 * np.pi * linewidth * (count - 1)
    assert np.var(ends) == pytest.approx(wanted, rel=5 * math.sqrt(2 / 2000))
    steps = np.pi * np.diff(walk(generator(), 100_000, linewidth)[::16].astype(float))
    assert abs(np.corrcoef(steps[1:], steps[:-1])[0, 1]) < 5 / math.sqrt(len(steps))


def test_echoes_have_unit_power_the_spread_asked_for_and_the_steady_path_first():
    fading = Fading(share=1, delay_spread=(1.5, 1.5), steady_db=(3, 3), moving_share=0)
    taps = [fading.draw(generator(i), Drawn())[0] for i in range(4000)]
    power = np.mean(np.abs(taps) ** 2, axis=0)
    assert power.sum() == pytest.approx(1, rel=0.05)
    assert all(len(one) <= fading.longest for one in taps)
    scattered = power.copy()
    steady = 10**0.3 / (1 + 10**0.3)
    scattered[0] -= steady
    delay = np.arange(len(power))
    spread = math.sqrt(
        (scattered * delay**2).sum() / scattered.sum()
        - ((scattered * delay).sum() / scattered.sum()) ** 2
    )
    # sampled at whole samples and cut at five spreads, an exponential of 1.5 has an rms of 1.41
    exponential = np.exp(-delay / 1.5)
    exponential /= exponential.sum()
    wanted = math.sqrt((exponential * delay**2).sum() - (exponential * delay).sum() ** 2)
    assert spread == pytest.approx(wanted, rel=0.1) and wanted == pytest.approx(1.5, rel=0.15)


def test_moving_echoes_begin_and_end_at_their_channels():
    fading = Fading(share=1, moving_share=1, change=(0.6, 0.6), steady_db=(0, 0))
    begin, end = fading.draw(generator(), Drawn())
    signal = noise(200)
    first, last = filtered(signal, begin), filtered(signal, end)
    between = moved(first, last)
    assert between[0] == first[0] and between[-1] == pytest.approx(last[-1], abs=1e-5)
    middle = (len(first) - 1) / 2
    assert between[int(middle)] == pytest.approx(
        first[int(middle)]
        + int(middle) / (len(first) - 1) * (last[int(middle)] - first[int(middle)]),
        abs=1e-5,
    )
    changed = [fading.draw(generator(i), Drawn()) for i in range(500)]
    powers = np.mean([[np.sum(np.abs(h) ** 2) for h in pair] for pair in changed], axis=0)
    assert powers == pytest.approx([1, 1], rel=0.1)


@pytest.mark.parametrize("gain_db, phase_deg", [(0.8, 0.0), (0.0, 5.0), (-0.5, -3.0)])
def test_imbalance_leaves_an_image_at_the_textbook_ratio(gain_db, phase_deg):
    received = unbalanced(tone(1000, 0.1), *imbalance(gain_db, phase_deg))
    spectrum = np.abs(np.fft.fft(received)) ** 2
    rejection = spectrum[100] / spectrum[900]
    g, p = 10 ** (gain_db / 20), math.radians(phase_deg)
    wanted = (1 + 2 * g * math.cos(p) + g * g) / (1 - 2 * g * math.cos(p) + g * g)
    assert rejection == pytest.approx(wanted, rel=1e-3)
    assert received.real == pytest.approx(tone(1000, 0.1).real, abs=1e-6)  # the error is Q's


def test_dc_has_the_level_asked_for():
    arms = Arms(dc_share=1, dc_db=(-20, -20))
    values = np.array([arms.draw_dc(generator(i), Drawn()) for i in range(300)])
    assert np.abs(values) == pytest.approx(0.1) and abs(values.mean()) < 0.03


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_converters_noise_is_a_twelfth_of_a_step_squared(bits):
    signal = noise(100_000)
    error = converted(signal, 1.0, bits, -20.0) - signal
    step = 2 ** (1 - bits) * 10  # at the signal's scale: 20 dB of gain come off again
    assert np.mean(np.abs(error) ** 2) == pytest.approx(2 * step**2 / 12, rel=0.02)


def test_a_converter_clips_at_full_scale():
    received = converted(noise(10_000), 1.0, 8, 6.0)
    full = 10 ** (-6 / 20)
    assert received.real.min() == pytest.approx(-full) and received.imag.min() == pytest.approx(
        -full
    )
    assert received.real.max() == pytest.approx(full * 127 / 128)


def test_overloads_are_as_frequent_as_asked():
    levels = [Converter().draw(generator(i), Drawn())[1] for i in range(3000)]
    share = np.mean(np.array(levels) > Converter().level_db[1])
    assert share == pytest.approx(0.06, abs=5 * math.sqrt(0.06 / 3000))


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), count=st.sampled_from([64, 1024, 4096]))
def test_a_burst_fills_what_it_says_and_is_silent_elsewhere(seed, count):
    drawn = Drawn()
    begin, end, ramp = Burst(share=1).draw(generator(seed), count, drawn)
    assert 0 <= begin < end <= count and end - begin >= 0.4 * count - 1
    inside = cut(np.ones(count, np.complex64), begin, end, ramp)
    assert not inside[:begin].any() and not inside[end:].any()
    assert (inside[begin:end] != 0).all() and np.abs(inside).max() <= 1
    if begin == 0:
        assert inside[0] == 1
    if end == count:
        assert inside[-1] == 1


@pytest.mark.parametrize("name", [*LINEAR, *KEYED, "am", "carrier"])
def test_nearly_all_power_lies_within_the_band_that_is_said_of_a_class(name):
    shares = []
    for seed in range(30):
        rng = generator(seed)
        wave, drawn = MODULATORS[name](rng, 8192, (8.0, 32.0))
        spectrum = np.abs(np.fft.fft(wave * np.hanning(8192))) ** 2
        inside = np.abs(np.fft.fftfreq(8192)) <= half_band_of(name, drawn) + 2 / 8192
        shares.append(spectrum[inside].sum() / spectrum.sum())
    assert np.min(shares) > 0.9 and np.mean(shares) > 0.95


def test_a_neighbour_stays_out_of_the_signals_band_and_in_the_sampled_one():
    found = 0
    for seed in range(200):
        drawn = Drawn()
        wave = Adjacent(share=1).draw(generator(seed), 4096, 0.1, drawn)
        if wave is None:
            continue
        found += 1
        spectrum = np.abs(np.fft.fft(wave * np.hanning(4096))) ** 2
        frequency = np.fft.fftfreq(4096)
        assert spectrum[np.abs(frequency) < 0.1].sum() < 0.1 * spectrum.sum()
        level_db = 10 * np.log10(np.mean(np.abs(wave) ** 2))
        assert level_db == pytest.approx(drawn["adjacent_db"], abs=0.01)
        on_its_side = np.sign(frequency) == np.sign(drawn["adjacent_offset"])
        assert spectrum[on_its_side].sum() > 0.9 * spectrum.sum()
    assert found > 100


def test_where_there_is_no_room_there_is_no_neighbour():
    for half_band in (None, 0.45):
        assert Adjacent(share=1).draw(generator(), 1024, half_band, Drawn()) is None


def test_an_oscillators_draws_cover_their_ranges():
    drawn = []
    for seed in range(2000):
        one = Drawn()
        Oscillator().draw(generator(seed), 16, one)
        drawn.append(one)
    offsets = np.array([one["carrier_offset"] for one in drawn])
    assert -0.05 <= offsets.min() < -0.049 and 0.049 < offsets.max() <= 0.05
    assert np.mean(["linewidth" in one for one in drawn]) == pytest.approx(0.5, abs=0.06)
