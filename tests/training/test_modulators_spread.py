# SPDX-License-Identifier: GPL-3.0-or-later
"""OFDM, chirps and pulse position modulation."""

import math

import numpy as np
import pytest

from denomae_training.signals.chirp import chirp_modulator, lora, sweep
from denomae_training.signals.interpolated import LEAD, symbols_needed
from denomae_training.signals.modulators import MODULATORS
from denomae_training.signals.ofdm import (
    POINTS,
    SYSTEMS,
    carrier_numbers,
    ofdm_modulator,
    waveform,
)
from denomae_training.signals.ppm import PREAMBLE_CHIPS, chips_of, ppm_modulator
from denomae_training.signals.ppm import waveform as ppm_waveform


def _values(symbols, carriers, seed=0):
    return POINTS["qpsk"][np.random.default_rng(seed).integers(4, size=(symbols, carriers))]


@pytest.mark.parametrize("useful, prefix", [(64, 1 / 4), (75, 144 / 2048), (256, 63 / 256)])
@pytest.mark.parametrize("timing", [0.0, 0.37])
def test_a_fourier_transform_of_a_useful_part_gives_the_carriers_back(useful, prefix, timing):
    numbers = np.array([n for n in range(-20, 21) if n])
    length = useful * (1 + prefix)
    count = int(6 * length)
    values = _values(8, len(numbers))
    wave = waveform(values, numbers, count, useful, prefix, timing)
    for symbol in range(1, 5):
        begin = symbol * length - timing * length + useful * prefix
        first = math.ceil(begin)
        spectrum = np.fft.fft(wave[first : first + useful]) / useful
        late = np.exp(-2j * np.pi * numbers * (first - begin) / useful)
        np.testing.assert_allclose(spectrum[numbers] * late, values[symbol], atol=1e-4)
        others = np.delete(spectrum, numbers % useful)
        assert np.abs(others).max() < 1e-4  # orthogonal: nothing leaks, the middle is empty


def test_the_cyclic_prefix_repeats_the_end_of_its_symbol():
    useful, prefix, symbols = 64, 1 / 4, 200
    numbers = carrier_numbers(SYSTEMS[0])
    wave = waveform(_values(symbols, 52), numbers, 80 * symbols, useful, prefix, 0.0)
    parts = wave.reshape(symbols, 80)
    np.testing.assert_allclose(parts[:, :16], parts[:, 64:], atol=1e-4)
    # and so a correlation at the useful length is the prefix's share of the power
    lagged = np.mean(wave[64:] * wave[:-64].conj()) / np.mean(np.abs(wave) ** 2)
    assert abs(lagged) == pytest.approx(prefix / (1 + prefix), abs=0.03)


def test_the_carriers_of_a_standard_leave_the_middle_and_the_edges_empty():
    wifi = carrier_numbers(SYSTEMS[0])
    assert wifi.tolist() == [n for n in range(-26, 27) if n]
    television = carrier_numbers(SYSTEMS[-1])
    assert len(television) == 1705 and television[0] == -852 and television[-1] == 852
    for system in SYSTEMS:
        numbers = carrier_numbers(system)
        assert len(set(numbers)) == system.active
        assert (0 in numbers) != system.empty_dc


@pytest.mark.parametrize("count", [1024, 4096])
def test_ofdm_symbols_fit_into_the_frame_twice_and_into_the_band(count):
    modulator, rng, seen = ofdm_modulator(), np.random.default_rng(0), set()
    for _ in range(300):
        wave, drawn = modulator(rng, count, (2.0, 32.0))
        system = SYSTEMS[int(drawn["system"])]
        seen.add(system.source)
        assert 2 * drawn["useful_samples"] * (1 + drawn["cyclic_prefix"]) <= count
        assert system.active / drawn["useful_samples"] <= 0.9
        assert wave.dtype == np.complex64 and len(wave) == count
    assert len(seen) >= (13 if count == 4096 else 11)
    with pytest.raises(ValueError, match="fit"):
        modulator(rng, 16, (2.0, 32.0))


def test_pilots_are_boosted_and_spread_over_the_band():
    television = SYSTEMS[-1]
    wave, drawn = ofdm_modulator((television,), modulations=("qpsk",))(
        np.random.default_rng(0), 1 << 16, (2.0, 32.0)
    )
    # data of power 1; a twelfth of the carriers has 16 / 9
    power = np.mean(np.abs(wave) ** 2) / 1705
    assert power == pytest.approx(1 + (16 / 9 - 1) / 12, rel=0.02)


@pytest.mark.parametrize("factor", [5, 7, 9, 12])
@pytest.mark.parametrize("samples_per_chip", [1, 2, 4])
def test_dechirping_gives_the_lora_symbol(factor, samples_per_chip):
    chips, rng = 1 << factor, np.random.default_rng(factor)
    sent = rng.integers(chips, size=6)
    samples = chips * samples_per_chip
    up = np.zeros(6, dtype=bool)
    wave = lora(sent, up, 6 * samples, factor, 1 / samples_per_chip, 0.0)
    np.testing.assert_allclose(np.abs(wave), 1, atol=1e-6)
    base = lora(np.zeros(1, int), up[:1], samples, factor, 1 / samples_per_chip, 0.0)
    for k in range(6):
        dechirped = wave[k * samples : (k + 1) * samples] * base.conj()
        # folding back costs a turn a chip: invisible at one sample a chip, so look there
        spectrum = np.abs(np.fft.fft(dechirped[::samples_per_chip]))
        assert int(spectrum.argmax()) == sent[k]
        assert spectrum.max() == pytest.approx(chips, rel=1e-3)


def test_different_lora_symbols_are_orthogonal():
    chips, up = 128, np.zeros(1, dtype=bool)
    waves = np.stack([lora(np.array([s]), up, chips, 7, 1.0, 0.0) for s in range(chips)])
    product = waves @ waves.conj().T / chips
    np.testing.assert_allclose(product, np.eye(chips), atol=1e-4)


def test_lora_symbols_follow_each_other_without_a_jump_of_phase():
    rng = np.random.default_rng(0)
    samples = 128 * 16
    wave = lora(rng.integers(128, size=20), rng.random(20) < 0.3, 20 * samples, 7, 1 / 16, 0.0)
    step = np.abs(np.angle(wave[1:] / wave[:-1])) / (2 * np.pi)
    assert step.max() <= 1 / 32 + 1e-3  # half of the bandwidth: no jump anywhere


@pytest.mark.parametrize("kind, signs", [("up", {1}), ("down", {-1}), ("triangle", {1, -1})])
def test_a_sweep_runs_linearly_over_its_bandwidth(kind, signs):
    period, bandwidth = 500.0, 0.4
    wave = sweep(kind, 5000, period, bandwidth, 0.0)
    frequency = np.angle(wave[1:] / wave[:-1]) / (2 * np.pi)
    assert frequency.max() == pytest.approx(0.2, abs=0.002)
    assert frequency.min() == pytest.approx(-0.2, abs=0.002)
    slope = np.diff(frequency)
    inside = np.abs(slope) < 0.1  # not where a sweep begins anew
    assert inside.mean() > 0.99
    np.testing.assert_allclose(np.abs(slope[inside]).mean(), bandwidth / period, rtol=0.01)
    assert set(np.sign(slope[inside & (np.abs(slope) > 1e-4)])) == signs


@pytest.mark.parametrize("count", [1024, 4096])
def test_chirps_are_drawn_from_all_kinds_and_fit_the_frame(count):
    modulator, rng = chirp_modulator(), np.random.default_rng(0)
    factors, kinds = set(), set()
    for _ in range(600):
        drawn = modulator(rng, count, (2.0, 32.0))[1]
        if "sweep" in drawn:
            kinds.add(drawn["sweep"])
            assert drawn["bandwidth"] * drawn["period"] >= 16 * (1 - 1e-9)
        else:
            factors.add(drawn["spreading_factor"])
            assert 2 ** drawn["spreading_factor"] / drawn["bandwidth"] <= count * (1 + 1e-9)
        assert drawn["bandwidth"] <= 0.9
    assert kinds == {0, 1, 2}
    assert factors == set(range(5, 10 if count == 1024 else 12))


def test_a_mode_s_message_has_its_pulses_where_the_standard_puts_them():
    bits = np.array([1, 0, 0, 1, 1, 0] + [0] * 50, dtype=np.uint8)
    chips = chips_of(bits)
    assert len(chips) == 2 * (8 + 56)  # of half a microsecond
    begins = np.flatnonzero(chips) / 2
    assert begins[:4].tolist() == [0.0, 1.0, 3.5, 4.5]
    assert begins[4:10].tolist() == [8.0, 9.5, 10.5, 11.0, 12.0, 13.5]
    assert chips[PREAMBLE_CHIPS:].reshape(-1, 2).sum(1).tolist() == [1] * 56  # one pulse a bit


@pytest.mark.parametrize("samples_per_chip", [1.2, 5.0, 10.0])
def test_a_pulse_lasts_half_a_microsecond(samples_per_chip):
    count = int(128 * samples_per_chip)
    chips = np.zeros(symbols_needed(count, samples_per_chip, 0.5), np.complex64)
    message = chips_of(np.random.default_rng(0).integers(2, size=56).astype(np.uint8))
    chips[LEAD + 1 : LEAD + 1 + len(message)] = message
    wave = ppm_waveform(chips, count, samples_per_chip, 0.5, 0.1).real
    time = np.arange(count) / samples_per_chip  # chips since the message began
    wanted = message[np.minimum(time.astype(int), len(message) - 1)]
    edge = np.minimum(time % 1, 1 - time % 1) < 0.08
    np.testing.assert_allclose(wave[~edge], wanted[~edge], atol=1e-3)
    assert (~edge).mean() > 0.6


@pytest.mark.parametrize("sps", [2.0, 8.0, 32.0])
def test_every_ppm_frame_holds_pulses_and_no_other_levels(sps):
    rng = np.random.default_rng(1)
    for _ in range(40):
        wave, _ = ppm_modulator()(rng, 1024, (sps, sps))
        level = np.abs(wave)
        on, off = np.mean(level > 0.9), np.mean(level < 0.1)
        assert np.mean(level**2) > 0.15 and level.max() < 1.01
        assert sps < 8 or on + off > 0.8


@pytest.mark.parametrize("name", [name for name, made in MODULATORS.items() if made])
@pytest.mark.parametrize("count", [128, 1056, 4130])
def test_every_modulator_gives_finite_complex64_that_a_seed_determines(name, count):
    if name == "ofdm" and count < 256:
        count = 256
    for seed in range(5):
        wave, drawn = MODULATORS[name](np.random.Generator(np.random.Philox(seed)), count, (2, 32))
        again, same = MODULATORS[name](np.random.Generator(np.random.Philox(seed)), count, (2, 32))
        assert wave.shape == (count,) and wave.dtype == np.complex64
        assert np.isfinite(wave).all() and np.mean(np.abs(wave) ** 2) > 0.01
        assert np.array_equal(wave, again) and drawn == same
        assert all(math.isfinite(value) for value in drawn.values())
