# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of the recipes: their known values, and that nothing measured lies above them."""

import dataclasses
import json

import numpy as np
import pytest

from denomae_training.cli import main
from denomae_training.limits.keyed import KeyedFrame
from denomae_training.limits.paper10 import class_log_likelihoods
from denomae_training.limits.recipes import limit_of, with_limits
from denomae_training.limits.rival import MomentForest
from denomae_training.limits.score import score
from denomae_training.limits.shaped import LinearBurst
from denomae_training.signals.definitions import Linear
from denomae_training.signals.recipes import RECIPES
from denomae_training.signals.recipes.denomae10 import WAVEFORMS

PUBLISHED, NO_POWER = RECIPES["paper10"], RECIPES["paper10_no_power"]


def _without(recipe, *names):
    return dataclasses.replace(recipe, classes=tuple(n for n in recipe.classes if n not in names))


def _score(recipe, snr_db, frames, seed=1):
    tables = [
        class_log_likelihoods(recipe, index, seed, snr_db, frames)
        for index in range(len(recipe.classes))
    ]
    return score(np.concatenate(tables), np.repeat(np.arange(len(recipe.classes)), frames))


def test_no_classifier_passes_80_percent_on_the_published_generator():
    trials = limit_of(PUBLISHED).trials(1, 10.0, 5, 1)
    result = score(trials.log_likelihood, trials.truth)
    assert result.accuracy == pytest.approx(0.8) and result.standard_error == 0
    for one, other in (("4ask", "4pam"), ("cpfsk", "gfsk")):
        a, b = PUBLISHED.classes.index(one), PUBLISHED.classes.index(other)
        assert result.confusion[a, b] == result.confusion[b, a] == 0.5
    blind = score(trials.views["length ignored"], trials.truth)
    assert blind.accuracy == pytest.approx(0.8)


# Without gmsk, whose long frames are always told: (10 * limit - 1) / 9.
@pytest.mark.parametrize("snr_db, accuracy", [(-10.0, 0.755), (-5.0, 0.778), (5.0, 0.778)])
def test_the_limit_of_the_published_generator_is_the_known_one(snr_db, accuracy):
    result = _score(_without(PUBLISHED, "gmsk"), snr_db, 150)
    assert abs(result.accuracy - accuracy) < max(0.01, 3 * result.standard_error)


def test_without_power_the_limit_is_far_lower():
    nine = _without(NO_POWER, "gmsk")
    low, high = _score(nine, -10.0, 60), _score(nine, 10.0, 60)
    assert low.accuracy < 0.5 < 0.68 < high.accuracy < 7 / 9


def test_telling_the_frame_s_own_power_is_worth_a_point_at_most():
    """A classifier that takes every frame's power for its class's mean is hardly worse."""
    import denomae_training.limits.paper10 as module

    nine = _without(NO_POWER, "gmsk")
    told = _score(nine, 5.0, 150)
    original = module._points_log_likelihood
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            module,
            "_points_log_likelihood",
            lambda recipe, points, samples, snr_db, relative: original(
                recipe, points, samples, snr_db, np.ones_like(relative)
            ),
        )
        untold = _score(nine, 5.0, 150)
    assert -0.02 < told.accuracy - untold.accuracy < 0.03


def test_a_forest_on_the_power_comes_near_the_limit_of_the_published_generator_and_not_above():
    pytest.importorskip("sklearn")
    forest = MomentForest(PUBLISHED, seed=1, labels=1000)
    gaps = []
    for snr_db in (-10.0, 0.0):
        result = _score(_without(PUBLISHED, "gmsk"), snr_db, 80)
        limit = (9 * result.accuracy + 1) / 10  # gmsk's length tells it
        accuracy, error = forest.accuracy(snr_db, 600)
        gaps.append((accuracy - limit) / np.hypot(error, result.standard_error))
        assert accuracy > limit - 0.15
    assert max(gaps) < 3 and sum(gaps) / np.sqrt(len(gaps)) < 2


def _real_frames(name, snr_db, count, rng):
    recipe = dataclasses.replace(RECIPES["denomae10"], classes=(name,))
    return [recipe.item(rng, 0, snr_db) for _ in range(count)]


@pytest.mark.long  # matched filters of 200 timings
def test_frames_of_the_recipe_itself_come_near_the_limit_of_denomae10_and_not_above():
    """The likelihood classifier on real frames, whose edges cut pulses: a bracket from below.

    It is told timing, phase and power, but not the symbols before the frame, nor those beside it.
    """
    names, snr_db, each = list(WAVEFORMS), -6.0, 20
    rng = np.random.default_rng(1)
    table, truth = [], []
    for index, name in enumerate(names):
        for item in _real_frames(name, snr_db, each, rng):
            samples = (item.noisy * np.exp(-1j * item.drawn["phase"]))[None].astype(np.complex64)
            power = item.drawn["gain"] ** -2
            table.append(
                [_real_log_ratio(WAVEFORMS[n], samples, item.drawn, snr_db, power) for n in names]
            )
            truth.append(index)
    reached = score(np.array(table), np.array(truth))
    trials = limit_of(RECIPES["denomae10"]).trials(1, snr_db, 40, 1)
    limit = score(trials.log_likelihood, trials.truth, trials.group)
    error = np.hypot(limit.standard_error, reached.standard_error)
    assert limit.accuracy - 0.05 - 3 * error < reached.accuracy < limit.accuracy + 3 * error


def _real_log_ratio(definition, samples, drawn, snr_db, power):
    times = np.arange(1024) / 8 + drawn["timing"]
    noise_power = 10 ** (-snr_db / 10)
    if isinstance(definition, Linear):
        symbol_times = times - 1  # symbol 1 of the recipe is the first inside the frame
        if definition.rotation:  # symbol k is turned by (k + turns) steps, number LEAD = 8 is at 0
            turned = definition.rotation * (9 + drawn.get("turns", 0))
            samples = samples * np.complex64(np.exp(-1j * turned))
        burst = LinearBurst(definition, symbol_times, 128)
        return burst.log_ratio(samples, noise_power, power)[0]
    frame = KeyedFrame(definition, times).of_any_phase()
    return frame.log_ratio(samples, noise_power)[0]


@pytest.mark.parametrize("name", with_limits())
def test_every_limit_rises_with_the_snr(name):
    limit = limit_of(RECIPES[name])
    assert set(limit.classes) <= set(RECIPES[name].classes)
    low, high = (
        score(trials.log_likelihood, trials.truth, trials.group)
        for trials in (limit.trials(1, snr_db, 4, 1) for snr_db in (-30.0, 10.0))
    )
    assert low.accuracy + 0.1 < high.accuracy


def test_the_command_prints_a_table_and_leaves_a_record_and_a_picture(tmp_path, capsys):
    arguments = ["limit", "--recipe", "denomae10", "--frames", "2"]
    assert main([*arguments, "--snr", "-10", "10", "--phases", "2", "--output", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "phase one of 2" in out and "gmsk" in out
    record = json.loads((tmp_path / "limit-denomae10.json").read_text())
    assert [row["snr_db"] for row in record["rows"]] == [-10, 10]
    row = record["rows"][1]
    assert row["accuracy"] == pytest.approx(np.mean(list(row["class_accuracy"].values())), abs=1e-4)
    np.testing.assert_allclose(np.sum(row["confusion"], 1), 1, atol=1e-4)
    assert (tmp_path / "limit-denomae10.png").read_bytes().startswith(b"\x89PNG")
    assert main([*arguments, "--snr", "-10", "--output", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again/limit-denomae10.json").read_text())
    assert again["rows"][0]["class_accuracy"] == record["rows"][0]["class_accuracy"]


@pytest.mark.parametrize(
    "arguments, wanted",
    [
        (["--recipe", "live11"], "no limit is defined for live11; wanted one of"),
        (["--recipe", "nothing"], "no recipe 'nothing'"),
        (["--snr", "0", "nan"], "snr has nan dB; wanted values from -60 to 60"),
        (["--frames", "1"], "frames is 1; wanted 2 or more"),
        (["--recipe", "paper10", "--phases", "8"], "paper10 has no random phase, found phases 8"),
    ],
)
def test_what_cannot_be_computed_is_refused_in_one_sentence(arguments, wanted, capsys):
    assert main(["limit", *arguments]) == 2
    assert wanted in capsys.readouterr().err
