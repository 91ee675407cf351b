# SPDX-License-Identifier: GPL-3.0-or-later
import math

import numpy as np
import pytest

from denomae_training.signals.analog import (
    SSB_MESSAGES,
    double_sideband,
    frequency_modulated,
    single_sideband,
)
from denomae_training.signals.message import (
    MessageRange,
    draw_message,
    limited,
    period_of,
    stereo_multiplex,
    tones,
)
from denomae_training.signals.modulators import MODULATORS


def _tone(cycles, length):
    return tones(np.array([cycles / length]), np.ones(1), np.zeros(1), length)


@pytest.mark.parametrize("index", [0.3, 0.7, 1.0])
def test_the_envelope_of_am_shows_its_index(index):
    wave = np.abs(double_sideband(_tone(40, 4000), 1.0, index))
    assert (wave.max() - wave.min()) / (wave.max() + wave.min()) == pytest.approx(index, rel=1e-3)
    # carrier 1, each sideband (index / 2)^2
    assert np.mean(wave**2) == pytest.approx(1 + index**2 / 2, rel=1e-4)


def test_a_suppressed_carrier_is_not_there():
    rng = np.random.default_rng(0)
    message = draw_message(rng, 8192, 0.05, MessageRange(tone_share=0.0))
    spectrum = np.abs(np.fft.fft(double_sideband(message, 0.0)))
    assert spectrum[0] < 0.05 * spectrum.max()
    np.testing.assert_allclose(spectrum[1:], spectrum[1:][::-1], atol=1e-2)  # both sidebands
    assert np.abs(np.fft.fft(double_sideband(message, 1.0)))[0] > 0.9 * 8192


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("length", [4096, 4095])
def test_single_sideband_has_one_side(upper, length):
    message = draw_message(np.random.default_rng(0), length, 0.2, SSB_MESSAGES)
    spectrum = np.abs(np.fft.fft(single_sideband(message, upper))) ** 2
    positive = spectrum[1 : length // 2].sum()
    negative = spectrum[length // 2 + 1 :].sum()
    wanted, other = (positive, negative) if upper else (negative, positive)
    assert 10 * math.log10(wanted / other) > 60


def test_the_real_part_of_single_sideband_is_the_message():
    message = draw_message(np.random.default_rng(1), 4096, 0.2, SSB_MESSAGES)
    message -= message.mean()
    for carrier in (0.0, 0.5):
        side = single_sideband(message, True, carrier).real
        np.testing.assert_allclose(side, message + carrier, atol=1e-4)


@pytest.mark.parametrize("deviation, cycles", [(0.05, 40), (0.1, 400), (0.01, 200)])
def test_fm_keeps_its_envelope_and_carsons_band(deviation, cycles):
    length = 8000
    wave = frequency_modulated(_tone(cycles, length), deviation)
    np.testing.assert_allclose(np.abs(wave), 1, atol=1e-6)
    speed = np.angle(wave[1:] / wave[:-1]) / (2 * np.pi)
    assert speed.max() == pytest.approx(deviation, rel=0.01)
    power = np.abs(np.fft.fft(wave)) ** 2
    band = deviation + cycles / length  # Carson's rule, each side
    inside = power[np.abs(np.fft.fftfreq(length)) <= band + 1e-9].sum() / power.sum()
    assert inside > 0.98


def test_a_tones_sidebands_in_fm_are_bessel_functions():
    length, cycles, index = 8000, 100, 2.4048  # the first zero of J0: no carrier left
    wave = frequency_modulated(_tone(cycles, length), index * cycles / length)
    spectrum = np.abs(np.fft.fft(wave)) / length
    assert spectrum[0] < 0.01
    assert spectrum[cycles] == pytest.approx(0.5191, abs=0.01)  # J1(2.4048)
    assert spectrum[2 * cycles] == pytest.approx(0.4318, abs=0.01)  # J2


@pytest.mark.parametrize("seed", range(8))
def test_messages_fit_their_bandwidth_and_reach_no_further_than_1(seed):
    rng = np.random.default_rng(seed)
    message = draw_message(rng, 8192, 0.05, MessageRange())
    assert 0.1 < np.abs(message).max() <= 1
    power = np.abs(np.fft.rfft(message)) ** 2
    # the limiter spreads a little
    assert power[np.fft.rfftfreq(8192) <= 0.0501].sum() / power.sum() > 0.9


def test_a_limiter_clips_at_its_level():
    message = limited(np.random.default_rng(0).standard_normal(20_000), 1.5)
    clipped = np.mean(np.abs(message) == 1)
    assert clipped == pytest.approx(math.erfc(1.5 / math.sqrt(2)), rel=0.1)


def test_the_stereo_multiplex_has_its_pilot_and_its_difference_around_twice_the_pilot():
    length, top = 53_000, 0.053  # a hertz is 1e-6 cycles a sample
    total, difference = _tone(53, length), 0.5 * _tone(106, length)
    power = np.abs(np.fft.rfft(stereo_multiplex(total, difference, top, 0.1))) / length * 2
    hertz = np.fft.rfftfreq(length) * 1e6
    at = {round(f): power[i] for i, f in enumerate(hertz) if power[i] > 1e-3}
    assert set(at) == {1000, 19000, 36000, 40000}
    assert at[19000] == pytest.approx(0.1) and at[1000] == pytest.approx(0.9)
    assert at[36000] == pytest.approx(0.9 * 0.5 / 2)
    assert at[40000] == pytest.approx(0.9 * 0.5 / 2)


@pytest.mark.parametrize("count", [100, 1024, 1056, 4096, 4130, 10_000])
def test_a_period_is_longer_than_its_frame_but_not_by_much(count):
    assert 1.25 * count <= period_of(count) <= 1.52 * count


def test_ranges_keep_the_analog_classes_apart():
    # one tone of one sideband is a carrier; two are both sidebands of one tone
    assert SSB_MESSAGES.tones[0] >= 3
    rng = np.random.default_rng(0)
    for name in ("am", "ssb"):
        for _ in range(50):
            wave, drawn = MODULATORS[name](rng, 4096, (2.0, 32.0))
            carrier = abs(wave.mean()) ** 2 / np.mean(np.abs(wave) ** 2)
            if name == "am":
                assert drawn["modulation_index"] >= 0.3 and carrier > 0.5
            else:
                assert drawn["carrier"] == 0 and carrier < 0.2
    for _ in range(100):
        drawn = MODULATORS["fm"](rng, 256, (2.0, 32.0))[1]
        assert drawn["peak_deviation"] >= 0.4 * drawn["message_bandwidth"] * (1 - 1e-9)
