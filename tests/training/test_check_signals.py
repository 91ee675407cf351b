# SPDX-License-Identifier: GPL-3.0-or-later
"""check-signals: what is right passes, what is wrong fails, and what cannot run says so."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from denomae_training.checks import (
    analog,
    gnu_radio,
    keyed,
    linear,
    multicarrier,
    noise,
    report,
    spread,
)
from denomae_training.checks.effort import QUICK
from denomae_training.checks.run import steps
from denomae_training.checks.subjects import keyed_subjects, linear_subjects
from denomae_training.cli import main
from denomae_training.signals.recipes import RECIPES


@pytest.fixture(scope="module")
def radio():
    with gnu_radio.GnuRadio() as running:
        if running.missing:
            pytest.skip(running.missing)
        yield running


def linear_of(recipe: str, name: str):
    return next(s for s in linear_subjects() if (s.recipe, s.name) == (recipe, name))


def keyed_of(recipe: str, name: str):
    return next(s for s in keyed_subjects() if (s.recipe, s.name) == (recipe, name))


def failures(rows) -> list[str]:
    rows = list(rows)
    assert rows
    return [f"{row.name}: {row.what}: {row.ours}" for row in rows if not row.passed]


@pytest.mark.parametrize(
    ("recipe", "name"),
    [
        ("live", "ook"),
        ("live", "oqpsk"),
        ("live", "pi4dqpsk"),
        ("live", "16apsk"),
        ("live", "256qam"),
        ("radioml24", "32qam"),
        ("denomae10", "8ask"),
        ("denomae10", "dqpsk"),
    ],
)
def test_linear_modulations_have_their_error_rate_and_the_waveform_of_gnu_radio(
    recipe, name, radio
):
    subject = linear_of(recipe, name)
    rows = list(linear.decisions(subject, QUICK, radio))
    assert all(row.errors >= 1600 for row in rows)
    assert failures(rows + list(linear.against_modulator(subject, QUICK, radio))) == []


@pytest.mark.parametrize(
    ("recipe", "name"), [("live", "4fsk"), ("live", "gmsk"), ("denomae10", "gfsk")]
)
def test_keyed_frequency_has_the_waveform_of_gnu_radio(recipe, name, radio):
    assert failures(keyed.against_modulator(keyed_of(recipe, name), QUICK, radio)) == []


def test_tones_of_index_1_are_orthogonal(radio):
    for subject in keyed.orthogonal_of(keyed_subjects()):
        assert failures(keyed.tones(subject, QUICK, radio)) == []


def test_analog_modulations_and_ofdm_have_the_waveform_of_gnu_radio(radio):
    assert failures(analog.checks({"carrier", "am", "ssb", "fm"}, QUICK, radio)) == []
    assert failures(multicarrier.checks(QUICK, radio)) == []


def test_chirps_and_pulses_have_the_error_rates_of_orthogonal_signals():
    assert failures(spread.chirps(QUICK)) == []
    assert failures(spread.pulses(QUICK)) == []


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_the_noise_of_each_recipe_is_white_and_as_strong_as_it_says(name):
    assert failures(noise.checks(RECIPES[name], QUICK)) == []


def test_points_that_are_three_percent_too_far_out_are_found(radio):
    right = linear_of("live", "256qam")
    wrong = replace(right, make=lambda *what: np.float32(1.03) * right.make(*what))
    assert failures(linear.decisions(wrong, QUICK, radio))
    assert failures(linear.against_modulator(wrong, QUICK, radio))


def test_a_wrong_rolloff_is_found(radio):
    right = linear_of("live", "qpsk")
    other = linear_of("live", "qpsk")
    wrong = replace(right, definition=replace(right.definition, rolloff=0.3), make=other.make)
    assert failures(linear.against_modulator(wrong, QUICK, radio))


def test_a_modulation_index_that_is_three_percent_off_is_found(radio):
    right = keyed_of("live", "gmsk")
    index = 1.03 * right.definition.index
    wrong = replace(right, definition=replace(right.definition, index=index), make=right.make)
    assert failures(keyed.against_modulator(wrong, QUICK, radio))


def test_noise_that_is_a_fifth_of_a_decibel_too_strong_is_found():
    right = RECIPES["denomae10"]

    @dataclass(frozen=True)
    class TooStrong(type(right)):
        def item(self, rng, class_index, snr_db):
            item = super().item(rng, class_index, snr_db - 0.2)
            return replace(item, snr_db=snr_db)

    fields = {name: getattr(right, name) for name in right.__dataclass_fields__}
    assert any(
        "noise: power" in line for line in failures(noise.checks(TooStrong(**fields), QUICK))
    )


def test_without_gnu_radio_the_rows_that_need_it_say_why(monkeypatch):
    monkeypatch.setattr(gnu_radio, "MODULE", "gnuradio_that_is_not_there")
    with gnu_radio.GnuRadio() as absent:
        rows = [row for step in steps(("qpsk", "gmsk"), QUICK, absent) for row in step.rows()]
    assert rows
    assert all("No module named" in row.not_run for row in rows)
    assert "not run" in report.text(rows)


def test_a_flowgraph_that_fails_says_why_and_the_next_one_runs(radio):
    with pytest.raises(gnu_radio.DenomaeError, match="modulate_fm"):
        radio.call("modulate_fm", np.zeros(4, np.float32), np.complex64, deviation="wide")
    wave = radio.call("modulate_fm", np.zeros(4, np.float32), np.complex64, deviation=0.1)
    np.testing.assert_allclose(wave, 1.0, atol=1e-3)


def test_the_command_prints_a_table_and_writes_it_and_fails_where_a_row_fails(
    tmp_path, capsys, monkeypatch
):
    assert main(["check-signals", "--quick", "--classes", "ppm", "--output", str(tmp_path)]) == 0
    assert "bit-error rate" in capsys.readouterr().out
    rows = json.loads((tmp_path / "check-signals.json").read_text())
    assert all(row["passed"] for row in rows)
    assert (tmp_path / "check-signals.md").read_text().startswith("| recipe | class |")
    assert (tmp_path / "check-signals-error-rates.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(spread.ppm, "PREAMBLE_PULSES", (0, 2, 7, 10))
    with pytest.raises(SystemExit) as ended:
        main(["check-signals", "--quick", "--classes", "ppm"])
    assert ended.value.code == 1


def test_a_class_that_nobody_has_is_a_users_error(capsys):
    assert main(["check-signals", "--classes", "qam"]) == 2
    assert "no class 'qam'" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_every_class_of_every_recipe_passes_in_full(tmp_path):
    assert main(["check-signals", "--output", str(tmp_path)]) == 0
