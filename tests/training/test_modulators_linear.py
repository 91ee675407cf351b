# SPDX-License-Identifier: GPL-3.0-or-later
import math
from dataclasses import replace

import numpy as np
import pytest

from denomae_training.signals.constellations import ask, psk, square_qam, unit_power
from denomae_training.signals.definitions import Linear
from denomae_training.signals.interpolated import LEAD, symbols_needed
from denomae_training.signals.linear import differential, linear_modulator, rotated, waveform
from denomae_training.signals.modulator import draw_numbers
from denomae_training.signals.modulators import LINEAR, MODULATORS
from denomae_training.signals.pulses import SPAN, root_raised_cosine

QPSK = Linear(unit_power(square_qam(4)), rolloff=0.35)


def _symbols(definition, count, sps, timing=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return definition.points.take(
        rng.integers(len(definition.points), size=symbols_needed(count, sps, timing))
    )


def _direct(definition, symbols, count, sps, timing):
    """The defining sum, pulse by pulse, in double precision."""
    u = np.arange(count) / sps + timing
    t = u[:, None] - (np.arange(len(symbols)) - LEAD)[None, :]
    late = t - definition.offset
    real = (symbols.real * root_raised_cosine(t, definition.rolloff) * (abs(t) < SPAN)).sum(1)
    imag = symbols.imag * root_raised_cosine(late, definition.rolloff) * (abs(late) < SPAN)
    return real + 1j * imag.sum(1)


@pytest.mark.parametrize("sps, timing", [(2.0, 0.0), (2.31, 0.77), (8.0, 0.5), (31.9, 0.999)])
@pytest.mark.parametrize("rolloff, offset", [(0.1, 0.0), (0.35, 0.0), (0.5, 0.5)])
def test_a_waveform_is_the_sum_of_its_pulses(sps, timing, rolloff, offset):
    definition = replace(QPSK, rolloff=rolloff, offset=offset)
    symbols = _symbols(definition, 700, sps, timing)
    fast = waveform(definition, symbols, 700, sps, timing)
    exact = _direct(definition, symbols, 700, sps, timing)
    error = np.mean(np.abs(fast - exact) ** 2) / np.mean(np.abs(exact) ** 2)
    # cutting a rolloff of 0.1 leaves a step of a hundredth, which no straight line follows
    assert 10 * math.log10(error) < (-50 if rolloff < 0.2 else -55)


def test_too_few_symbols_are_refused():
    with pytest.raises(ValueError, match="wanted"):
        waveform(QPSK, _symbols(QPSK, 50, 8.0), 500, 8.0, 0.0)


@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_a_matched_filter_gives_the_symbols_back(offset):
    sps, count = 8, 8 * 300
    definition = replace(QPSK, offset=offset)
    symbols = _symbols(definition, count, sps)
    wave = waveform(definition, symbols, count, sps, 0.0)
    time = np.arange(-SPAN * sps, SPAN * sps + 1) / sps
    matched = np.convolve(wave, root_raised_cosine(time, 0.35) / sps, mode="same")
    late = int(offset * sps)
    kept = slice(SPAN, -SPAN)
    real = matched.real[::sps][kept]
    imag = matched.imag[late::sps][kept]
    sent = symbols[LEAD : LEAD + 300][kept]
    np.testing.assert_allclose(real, sent.real, atol=0.02)  # no interference of other symbols
    np.testing.assert_allclose(imag, sent.imag, atol=0.02)


def test_rectangular_keying_is_on_or_off():
    definition = Linear(ask(2), "rectangle", rolloff=0.0)
    sps, count = 16.0, 1600
    symbols = _symbols(definition, count, sps)
    wave = waveform(definition, symbols, count, sps, 0.0)
    wanted = symbols[LEAD + np.floor(np.arange(count) / sps + 0.5).astype(int)]
    assert np.mean(np.abs(wave - wanted) > 1e-6) < 0.01


def test_the_imaginary_part_of_oqpsk_lags_by_half_a_symbol():
    sps, count = 8.0, 8000
    symbols = _symbols(QPSK, count, sps)
    plain = waveform(QPSK, symbols, count, sps, 0.0)
    offset = waveform(replace(QPSK, offset=0.5), symbols, count, sps, 0.0)
    np.testing.assert_array_equal(plain.real, offset.real)
    np.testing.assert_allclose(plain.imag[:-4], offset.imag[4:], atol=1e-5)


def test_oqpsk_never_passes_through_zero_and_qpsk_does():
    def least(modulator):
        rng = np.random.default_rng(3)
        return min(np.abs(modulator(rng, 4096, (8.0, 8.0))[0]).min() for _ in range(20))

    modulator = {name: linear_modulator(LINEAR[name], (0.35, 0.35)) for name in ("qpsk", "oqpsk")}
    assert least(modulator["qpsk"]) < 0.02
    assert least(modulator["oqpsk"]) > 0.3


def test_pi4_dqpsk_turns_by_odd_multiples_of_an_eighth():
    rng = np.random.default_rng(0)
    symbols = rotated(unit_power(psk(4)).take(draw_numbers(rng, 4, 4000)), math.pi / 4, 1)
    step = np.angle(symbols[1:] / symbols[:-1]) / (math.pi / 4)
    assert np.allclose(np.abs(step[:, None] - [-3, -1, 1, 3]).min(1), 0, atol=1e-4)
    counts = np.bincount(((np.rint(step) + 3) // 2).astype(int))
    assert (np.abs(counts - 1000) < 5 * math.sqrt(750)).all()  # equally often
    # eight points in all, four at a time: every other symbol on the axes, then between them
    assert np.abs(np.abs(symbols[1::2]).min() - 1) < 1e-5
    axes = np.minimum(np.abs(symbols.real), np.abs(symbols.imag))
    assert axes[1::2].max() < 1e-5 and axes[::2].min() > 0.7


def test_differential_symbols_carry_the_steps_from_one_to_the_next():
    steps = psk(4)[np.random.default_rng(0).integers(4, size=500)] * np.exp(0.25j * np.pi)
    symbols = differential(steps)
    np.testing.assert_allclose(symbols[1:] / symbols[:-1], steps[1:], atol=1e-5)


@pytest.mark.parametrize("name", [name for name in LINEAR])
def test_the_mean_power_is_1_and_the_points_are_equiprobable(name):
    rng = np.random.default_rng(5)
    # so many symbols that 256QAM's power (kurtosis 1.4) is known to 2 %
    power = [np.mean(np.abs(MODULATORS[name](rng, 4096, (4.0, 8.0))[0]) ** 2) for _ in range(40)]
    assert np.mean(power) == pytest.approx(1, abs=5 * np.std(power) / math.sqrt(40) + 2e-3)


@pytest.mark.parametrize("rolloff", [0.15, 0.35, 0.5])
def test_a_root_raised_cosine_occupies_its_band_alone(rolloff):
    sps, count = 8.0, 1 << 15
    definition = replace(QPSK, rolloff=rolloff)
    wave = waveform(definition, _symbols(definition, count, sps), count, sps, 0.0)
    power = np.abs(np.fft.fft(wave * np.hanning(count))) ** 2
    frequency = np.abs(np.fft.fftfreq(count)) * sps  # in symbol rates
    outside = power[frequency > (1 + rolloff) / 2 + 0.05].sum() / power.sum()
    assert outside < 2e-4
    flat = power[frequency < (1 - rolloff) / 2].mean() / power[frequency < 0.1].mean()
    assert flat == pytest.approx(1, abs=0.1)


def test_numbers_drawn_from_raw_bytes_are_equiprobable():
    for order in (2, 4, 16, 256):
        numbers = draw_numbers(np.random.Generator(np.random.Philox(1)), order, 100_000)
        counts = np.bincount(numbers, minlength=order)
        assert len(counts) == order
        chi_square = ((counts - 1e5 / order) ** 2 / (1e5 / order)).sum()
        assert chi_square < order + 6 * math.sqrt(2 * order)
