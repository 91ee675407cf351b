# SPDX-License-Identifier: GPL-3.0-or-later
"""Each unknown waveform has the property that makes it what it is, and no training may see one."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import denomae_training
from denomae_training.proof import unknowns
from denomae_training.proof.unknowns import BARKER_13, KINDS, unknown_frame
from denomae_training.signals.families import FAMILIES
from denomae_training.signals.recipes import RECIPES

COUNT = 1024
PACKAGE = Path(denomae_training.__file__).parent


def _drawn(kind: str, index: int, count: int = 8 * COUNT):
    return KINDS[kind](np.random.default_rng([7, index]), count, (2.0, 16.0))


def test_no_recipe_and_nothing_that_trains_knows_an_unknown_waveform():
    assert not set(KINDS) & set(FAMILIES)
    assert not {name for recipe in RECIPES.values() for name in recipe.classes} & set(KINDS)
    allowed = (PACKAGE / "proof", PACKAGE / "commands" / "prove.py")
    for path in PACKAGE.rglob("*.py"):
        if path.is_relative_to(allowed[0]) or path == allowed[1]:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any("proof.unknowns" in n or "proof.parts" in n for n in names), path


@pytest.mark.parametrize("root", [5, 9, 13, 21])
def test_a_zadoff_chu_sequence_has_constant_amplitude_and_no_periodic_sidelobe(root):
    word = unknowns.sequence(root, 31)
    np.testing.assert_allclose(np.abs(word), 1, atol=1e-12)
    spectrum = np.fft.fft(word)
    correlation = np.abs(np.fft.ifft(spectrum * spectrum.conj()))
    assert correlation[0] == pytest.approx(31) and correlation[1:].max() < 1e-9


def test_no_root_sweeps_as_a_chirp_does():
    """From chip to chip the frequency moves by the root's part of a turn, either way."""
    for length in unknowns.PRIMES:
        roots = unknowns.lively_roots(length)
        assert len(roots) >= 8
        for root in roots:
            step = np.diff(np.angle(np.exp(1j * np.diff(np.unwrap(np.angle(
                unknowns.sequence(root, length)))))) / (2 * np.pi))  # fmt: skip
            step = np.abs(step - np.rint(step))
            assert step.min() >= unknowns.STEADY - 1e-9


def test_barkers_word_has_sidelobes_of_one_and_stands_between_silences():
    correlation = np.abs(np.correlate(BARKER_13, BARKER_13, "full"))
    assert correlation[12] == 13 and np.delete(correlation, 12).max() == pytest.approx(1)
    wave, drawn = _drawn("barker", 1)
    silent = np.mean(np.abs(wave) < 1e-3)
    assert silent == pytest.approx(1 - 13 / drawn["interval"], abs=0.05)
    matched = np.repeat(BARKER_13, round(8 * drawn["samples_per_symbol"]))
    fine = np.interp(np.arange(0, len(wave) - 1, 1 / 8), np.arange(len(wave)), wave.real)
    peaks = np.correlate(fine, matched.real, "valid") / len(matched)
    assert peaks.max() > 0.8


def test_hops_come_as_often_as_was_drawn_and_reach_many_channels():
    wave, drawn = _drawn("hopping", 2)
    frequency = np.angle(wave[1:] * wave[:-1].conj()) / (2 * np.pi)
    changes = np.flatnonzero(np.abs(np.diff(frequency)) > 1e-4)
    hops = 1 + np.count_nonzero(np.diff(changes) > 2)
    wanted = len(wave) / drawn["dwell"] * (1 - 1 / drawn["channels"])
    assert hops == pytest.approx(wanted, rel=0.05)
    assert len(np.unique(np.round(frequency, 3))) > 20
    np.testing.assert_allclose(np.abs(wave), 1, atol=1e-5)


def test_sixteen_tones_lie_one_symbol_rate_apart():
    wave, drawn = _drawn("mfsk16", 3, 64 * COUNT)
    frequency = np.angle(wave[1:] * wave[:-1].conj()) / (2 * np.pi) * drawn["samples_per_symbol"]
    tones, counts = np.unique(np.round(frequency * 2), return_counts=True)
    assert tones[counts > 0.02 * len(frequency)].tolist() == list(range(-15, 16, 2))
    np.testing.assert_allclose(np.abs(wave), 1, atol=1e-5)


def test_sc_fdma_has_a_lower_peak_than_the_same_carriers_without_precoding():
    rng = np.random.default_rng(4)
    active, symbols = 72, 400
    plain = np.exp(0.5j * np.pi * rng.integers(4, size=(symbols, active)))

    def peak_db(values: np.ndarray) -> float:
        """Exceeded by one symbol in ten: peak over mean power, dB."""
        time = np.fft.ifft(values, 1024, axis=1)
        power = np.abs(time) ** 2
        return float(np.quantile(10 * np.log10(power.max(1) / power.mean(1)), 0.9))

    precoded = unknowns.precoded(rng, symbols, active)
    assert np.mean(np.abs(precoded) ** 2) == pytest.approx(1)
    assert peak_db(plain) - peak_db(precoded) > 1.5


def test_impulses_are_rare_and_far_from_gaussian():
    wave, drawn = _drawn("impulses", 5)
    power = np.abs(wave) ** 2
    assert np.mean(power**2) / np.mean(power) ** 2 > 10  # 2 of Gaussian noise
    assert np.mean(power > power.mean()) < 20 * drawn["share"]


def test_two_equal_signals_are_equally_strong_and_independent():
    for index in range(5):
        one, two = unknowns.parts(np.random.default_rng(index), 8 * COUNT, (3.0, 12.0))
        powers = [np.mean(np.abs(part) ** 2) for part in (one, two)]
        assert abs(10 * np.log10(powers[0] / powers[1])) < 0.01
        assert abs(np.vdot(one, two)) / len(one) < 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_has_the_snr_that_it_says_and_is_the_same_again(kind):
    frame, snr_db = unknown_frame(kind, 3, 4, (5.0, 20.0), COUNT)
    again, _ = unknown_frame(kind, 3, 4, (5.0, 20.0), COUNT)
    other, _ = unknown_frame(kind, 3, 5, (5.0, 20.0), COUNT)
    np.testing.assert_array_equal(frame, again)
    assert 5 <= snr_db <= 20 and not np.array_equal(frame, other)
    clean, _ = unknown_frame(kind, 3, 4, (200.0, 200.0), COUNT)
    noise = frame - clean
    found = 10 * np.log10(np.mean(np.abs(clean) ** 2) / np.mean(np.abs(noise) ** 2))
    assert frame.dtype == np.complex64 and found == pytest.approx(snr_db, abs=0.6)
