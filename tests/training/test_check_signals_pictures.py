# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the classes: all of them, small, and of what they say."""

from __future__ import annotations

import numpy as np
import pytest

from denomae_training.checks import measures
from denomae_training.checks.pictures import draw_all
from denomae_training.checks.scenes import scenes
from denomae_training.cli import main
from denomae_training.signals.recipes import RECIPES


@pytest.fixture(scope="module")
def drawn():
    return scenes()


def test_every_class_of_live_and_of_radioml24_has_a_scene(drawn):
    assert not set(RECIPES["live"].classes) - set(drawn)
    assert not set(RECIPES["radioml24"].classes) - set(drawn)


def test_scenes_are_the_same_each_time(drawn):
    again = scenes()
    assert all(np.array_equal(drawn[name].wave, again[name].wave) for name in drawn)


@pytest.mark.parametrize("name", ["qpsk", "oqpsk", "pi4dqpsk", "16apsk", "64qam", "ofdm"])
def test_points_lie_where_the_class_has_them(name, drawn):
    scene = drawn[name]
    points = np.concatenate(scene.points)
    nearest = np.abs(points[:, None] - scene.ideal).min(1)
    # 15 dB a sample and 8 samples a symbol: 24 dB; the others have more
    assert 10 * np.log10(np.mean(nearest**2)) < -22


def test_the_signal_to_noise_ratio_of_a_caption_is_the_one_of_the_wave(drawn):
    scene = drawn["qpsk"]
    assert "SNR 15 dB" in scene.caption
    frequency, density = measures.spectrum(scene.wave, 512)
    floor = density[np.abs(frequency) > 0.2].mean()
    assert 10 * np.log10((density.mean() - floor) / floor) == pytest.approx(15, abs=0.3)


def test_pictures_are_small_and_a_class_without_one_is_named(tmp_path, capsys):
    files = list(draw_all(tmp_path, ("chirp", "am-dsb-wc")))
    assert [path.name for path in files] == ["chirp.png", "am-dsb-wc.png"]
    assert all(2_000 < path.stat().st_size < 60_000 for path in files)
    assert main(["check-signals", "--pictures", str(tmp_path), "--classes", "morse"]) == 2
    assert "no picture of a class 'morse'" in capsys.readouterr().err
