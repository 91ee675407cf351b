# SPDX-License-Identifier: GPL-3.0-or-later
"""The likelihoods behind the limits, against closed forms, enumeration and quadrature."""

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest

from denomae_training.limits.keyed import KeyedFrame, memory_of
from denomae_training.limits.paper10 import gmsk_log_likelihood
from denomae_training.limits.scene import Scene
from denomae_training.limits.score import score
from denomae_training.limits.shaped import LinearBurst
from denomae_training.limits.symbols import noise_log_likelihood, symbol_log_ratio
from denomae_training.signals.constellations import psk, square_qam, unit_power
from denomae_training.signals.definitions import ContinuousPhase, Linear
from denomae_training.signals.recipes.paper10 import gmsk_phase


def _noise(rng, shape, power):
    parts = rng.standard_normal((*shape, 2)).view(np.complex128)[..., 0]
    return math.sqrt(power / 2) * parts


def _log_mean_exp(values, axis):
    largest = values.max(axis, keepdims=True)
    return np.log(np.exp(values - largest).mean(axis)) + largest.squeeze(axis)


def _by_enumeration(samples, waveforms, noise_power):
    """Log likelihood of frames [F, N] that are one of the waveforms [W, N], all equally likely."""
    distance = (np.abs(samples[:, None] - waveforms) ** 2).sum(-1)
    constant = samples.shape[1] * math.log(math.pi * noise_power)
    return _log_mean_exp(-distance / noise_power, 1) - constant


def test_two_opposite_signals_are_told_apart_as_often_as_the_closed_form_says():
    # Known signals of energy E in noise of power v: an error is a real noise of variance v / 2
    # beyond sqrt(E), so that the accuracy is Phi(sqrt(2 E / v)).
    rng = np.random.default_rng(1)
    count, noise_power, frames = 16, 12.0, 20_000
    signs = np.repeat([1, -1], frames)
    samples = signs[:, None] + _noise(rng, (2 * frames, count), noise_power)
    table = np.stack(
        [symbol_log_ratio(samples, np.array([sign + 0j]), noise_power) for sign in (1, -1)], 1
    )
    result = score(table, (1 - signs) // 2)
    expected = NormalDist().cdf(math.sqrt(2 * count / noise_power))
    assert result.standard_error == pytest.approx(
        math.sqrt(expected * (1 - expected) / (2 * frames)), rel=0.05
    )
    assert abs(result.accuracy - expected) < 4 * result.standard_error


def test_bpsk_and_qpsk_of_one_symbol_are_told_apart_as_often_as_quadrature_says():
    rng = np.random.default_rng(2)
    noise_power, frames = 0.5, 20_000
    classes = [psk(2), psk(4)]
    truth = np.repeat([0, 1], frames)
    sent = np.concatenate([points[rng.integers(len(points), size=frames)] for points in classes])
    samples = sent[:, None] + _noise(rng, (2 * frames, 1), noise_power)
    table = np.stack([symbol_log_ratio(samples, points, noise_power) for points in classes], 1)
    result = score(table, truth)
    axis = np.linspace(-5, 5, 1001)
    plane = axis[:, None] + 1j * axis
    densities = [
        np.mean([np.exp(-(np.abs(plane - p) ** 2) / noise_power) for p in points], 0)
        / (math.pi * noise_power)
        for points in classes
    ]
    expected = 0.5 * np.maximum(*densities).sum() * 0.01**2
    assert abs(result.accuracy - expected) < 4 * result.standard_error
    assert result.standard_error < 0.004


def test_equal_classes_share_their_answers_evenly():
    table = np.array([[0.0, 0.0, -9.0], [0.0, 0.0, -1.0], [-5.0, -5.0, 0.0]] * 50)
    result = score(table, np.array([0, 1, 2] * 50))
    assert result.accuracy == pytest.approx(2 / 3) and result.standard_error == 0
    np.testing.assert_allclose(result.confusion, [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]])


def test_the_standard_error_counts_groups_where_frames_share_their_luck():
    rng = np.random.default_rng(3)
    right = np.repeat(rng.random(40) < 0.7, 25)  # all 25 of a group, or none
    table = np.stack([right, ~right], 1).astype(float)
    truth = np.zeros(1000, dtype=int)
    truth[::2] = 1
    table[::2] = table[::2, ::-1]
    assert score(table, truth, np.repeat(np.arange(40), 25)).standard_error == pytest.approx(
        5 * score(table, truth).standard_error, rel=0.05
    )


@pytest.mark.parametrize("noise_power", [3.0, 0.3])
@pytest.mark.parametrize("bits", [9, 11])
def test_the_trellis_of_the_published_gmsk_is_exact_from_its_first_sample_to_its_last(
    bits, noise_power
):
    rng = np.random.default_rng(bits)
    every = np.array(list(itertools.product([0, 1], repeat=bits)))
    waveforms = np.exp(1j * np.array([gmsk_phase(word) for word in every]))
    sent = waveforms[rng.integers(len(every), size=4)]
    samples = sent + _noise(rng, sent.shape, noise_power)
    samples[0] -= sent[0]  # noise alone has a likelihood too
    np.testing.assert_allclose(
        gmsk_log_likelihood(samples, noise_power),
        _by_enumeration(samples, waveforms, noise_power),
        atol=1e-3,
    )


KEYED = [
    ContinuousPhase(1.0),
    ContinuousPhase(0.7, bandwidth_time=0.5),
    ContinuousPhase(0.5, bandwidth_time=0.3),
    ContinuousPhase(0.35, levels=(-3, -1, 1, 3)),
]


@pytest.mark.parametrize("definition", KEYED, ids=str)
@pytest.mark.parametrize("rate, timing", [(4.0, 0.0), (2.7, 0.43)])
def test_the_trellis_of_a_continuous_phase_is_the_sum_over_all_its_words(definition, rate, timing):
    rng = np.random.default_rng(5)
    noise_power = 0.8
    frame = KeyedFrame(definition, np.arange(13) / rate + timing)
    count = frame.intervals + frame.memory - 1  # symbols that the frame depends on
    every = np.array(list(itertools.product(definition.levels, repeat=count)))
    waveforms = frame.waveform(every, frame.oldest + np.arange(count))
    samples = waveforms[rng.integers(len(every), size=5)]
    samples = samples + _noise(rng, samples.shape, noise_power)
    expected = _by_enumeration(samples, waveforms, noise_power)
    found = frame.log_ratio(samples.astype(np.complex64), noise_power)
    found += noise_log_likelihood(samples, noise_power)
    # what cutting the pulse costs, at most, is well below what any decision turns on
    np.testing.assert_allclose(found, expected, atol=0.02)


@pytest.mark.parametrize("definition", KEYED[1:3], ids=str)
def test_two_more_symbols_of_memory_change_no_decision(definition):
    times = np.arange(1024) / 8 + 0.3
    frame = KeyedFrame(definition, times)
    longer = KeyedFrame(definition, times, memory=frame.memory + 2)
    rng = np.random.default_rng(6)
    samples = frame.frames(rng, 6)
    samples = (samples + _noise(rng, samples.shape, 1.0)).astype(np.complex64)
    # each counts the phase from another symbol on, so that neither may be told it
    one, other = (wave.of_any_phase().log_ratio(samples, 1.0) for wave in (frame, longer))
    assert np.abs(one - other).max() < 0.5 and np.abs(one).min() > 100


def test_pulses_are_cut_where_the_rest_of_their_turn_is_below_a_thousandth():
    assert [memory_of(definition) for definition in KEYED] == [1, 3, 4, 1]


def test_a_modulation_index_without_a_few_phases_is_refused():
    with pytest.raises(ValueError, match=r"0\.123.*multiple of 1/20"):
        KeyedFrame(ContinuousPhase(0.123), np.arange(16) / 4)


SHAPED = {
    "qpsk": Linear(unit_power(psk(4)), rolloff=0.35),
    "pi4dqpsk": Linear(unit_power(psk(4)), rolloff=0.35, rotation=math.pi / 4),
    "oqpsk": Linear(unit_power(square_qam(4)), rolloff=0.35, offset=0.5),
    "rectangular": Linear(unit_power(psk(4)), pulse="rectangle", rolloff=0.0),
}


@pytest.mark.parametrize("name", SHAPED)
@pytest.mark.parametrize("rate", [8.0, 2.6])
def test_the_matched_filter_is_sufficient(name, rate):
    definition, count, noise_power = SHAPED[name], 4, 2.0
    rng = np.random.default_rng(7)
    margin = math.ceil(16 * rate)
    times = np.arange(-margin, math.ceil(count * rate) + margin) / rate - 0.2
    burst = LinearBurst(definition, times, count)
    # every word of symbols, turned and shaped here by hand
    words = np.array(list(itertools.product(definition.points, repeat=count)))
    words = words * np.exp(1j * definition.rotation * np.arange(count))
    waveforms = words.real @ burst.pulses + 1j * (words.imag @ burst.late)
    samples = waveforms[rng.integers(len(words), size=6)]
    samples = samples + _noise(rng, samples.shape, noise_power)
    expected = _by_enumeration(samples, waveforms, noise_power)
    found = burst.log_ratio(samples.astype(np.complex64), noise_power, 1.0)
    found += noise_log_likelihood(samples, noise_power)
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_a_square_constellation_may_be_taken_by_rows_and_columns():
    rng = np.random.default_rng(8)
    samples = rng.standard_normal((5, 7)) + 1j * rng.standard_normal((5, 7))
    points = unit_power(square_qam(16))
    whole = symbol_log_ratio(samples, points, 0.4, energy=3.0)
    levels = np.unique(points.real)
    parts = symbol_log_ratio(samples.real, levels, 0.4, 3.0)
    parts += symbol_log_ratio(samples.imag, levels, 0.4, 3.0)
    np.testing.assert_allclose(whole, parts, rtol=1e-6)


def test_bursts_and_frames_have_unit_power_and_noise_what_the_snr_says():
    definitions = {**SHAPED, "gmsk": KEYED[2]}
    scene = Scene(definitions, dict.fromkeys(definitions, 8.0), 0.25, 1024)
    rng = np.random.default_rng(9)
    for name, wave in scene.waves.items():
        if isinstance(wave, LinearBurst):
            samples, power = wave.bursts(rng, 20)
            np.testing.assert_allclose(power, 1, atol=1e-5)
        else:
            samples = wave.frames(rng, 20)
        energy = (np.abs(samples) ** 2).sum(1) / 1024
        np.testing.assert_allclose(energy, 1, atol=0.01, err_msg=name)


def test_a_class_is_found_at_high_snr_and_lost_at_low():
    definitions = {**SHAPED, "gmsk": KEYED[2], "cpfsk": KEYED[0]}
    scene = Scene(definitions, dict.fromkeys(definitions, 8.0), 0.25, 512)
    truth = np.repeat(np.arange(len(definitions)), 20)
    rng = np.random.default_rng(10)
    known, turned = scene.trials(rng, 15.0, 20, turns=4)
    assert score(known, truth).accuracy == 1 and score(turned, truth).accuracy == 1
    known, turned = scene.trials(rng, -40.0, 20, turns=4)
    assert score(known, truth).accuracy < 0.35
