# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae-train prove`, and what feeds it: GNU Radio's signals and real recordings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from denomae.errors import DenomaeError
from denomae_training.checks.gnu_radio import GnuRadio
from denomae_training.cli import main
from denomae_training.proof.gnu_radio import MADE, transmission
from denomae_training.proof.recordings import (
    continued,
    cut,
    frames_of,
    own_noise,
    recordings,
    stretches,
)
from denomae_training.proof.refusal import FROM_FEATURES, FROM_LOGITS
from denomae_training.signals.recipes import RECIPES

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "captures"
FEW = ["--counts.known", "66", "--counts.unknown", "8", "--counts.empty", "22",
       "--counts.calibration", "220", "--counts.strong", "6", "--machine.threads", "1"]  # fmt: skip


@pytest.fixture(scope="module")
def gnu_radio():
    with GnuRadio() as process:
        if process.missing:
            pytest.skip(process.missing)
        yield process


def test_gnu_radio_makes_every_class_of_live():
    assert set(MADE) == set(RECIPES["live"].classes)


@pytest.mark.parametrize("name", ["qpsk", "32apsk", "ssb", "fm", "ofdm", "chirp", "ppm", "gfsk"])
def test_a_transmission_has_the_snr_that_is_asked_for_and_is_the_same_again(gnu_radio, name):
    grid = (0.0, 10.0)
    one = transmission(gnu_radio, name, 1, 5, grid, 1024)
    np.testing.assert_array_equal(one, transmission(gnu_radio, name, 1, 5, grid, 1024))
    clean = transmission(gnu_radio, name, 1, 5, (200.0, 200.0), 1024)
    assert one.shape == (2, 1024) and one.dtype == np.complex64
    for frame, signal, snr_db in zip(one, clean, grid, strict=True):
        noise = np.mean(np.abs(frame - signal) ** 2)
        assert np.mean(np.abs(signal) ** 2) == pytest.approx(1, abs=1e-3)
        assert -10 * np.log10(noise) == pytest.approx(snr_db, abs=0.5)
    assert not np.array_equal(one, transmission(gnu_radio, name, 1, 6, grid, 1024))


@pytest.mark.parametrize("name", sorted(set(MADE) - {"noise", "ppm", "ofdm"}))
def test_the_first_frame_begins_behind_all_transients(gnu_radio, name):
    """On average over transmissions every part of a frame is equally strong."""
    frames = [transmission(gnu_radio, name, 2, index, (200.0,), 1024)[0] for index in range(6)]
    power = np.mean(np.abs(np.stack(frames)).reshape(6, 4, 256) ** 2, axis=(0, 2))
    assert power.min() > 0.6 and power.max() < 1.5


def test_fading_changes_a_transmission_and_leaves_its_power(gnu_radio):
    plain, faded = (
        transmission(gnu_radio, "qpsk", 1, 5, (200.0,), 1024, faded) for faded in (False, True)
    )
    assert np.mean(np.abs(faded) ** 2) == pytest.approx(1, abs=1e-3)
    # at the best delay: the model's filter of echoes has one
    likeness = np.abs(np.correlate(faded[0], plain[0, 64:-64], "valid")).max() / 896
    assert 0.5 < likeness < 0.999


def _keyed(noise_only: int, bursts: int, length: int, gap: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    burst = np.concatenate([np.repeat(rng.integers(2, size=length // 20) * 1.0, 20)])
    parts = [np.zeros(noise_only)]
    for _ in range(bursts):
        parts += [burst, np.zeros(gap)]
    clean = np.concatenate(parts)
    noise = 0.02 * (rng.standard_normal(len(clean)) + 1j * rng.standard_normal(len(clean)))
    return (clean + noise).astype(np.complex64)


def test_frames_are_cut_where_the_bursts_are():
    samples = _keyed(3000, 3, 2560, 4000)
    found = stretches(samples, 1024)
    assert len(found) == 3
    for number, stretch in enumerate(found):
        begin = 3000 + number * 6560
        assert abs(stretch.begin - begin) <= 256 and abs(stretch.end - begin - 2560) <= 256
    frames = cut(samples, 1024)
    assert all(np.mean(np.abs(frame) ** 2) > 0.1 for frame in frames)
    assert 3 * 10 <= len(frames) <= 3 * 16


def test_a_burst_shorter_than_a_frame_stands_whole_in_each_of_its_frames():
    samples = _keyed(4000, 1, 400, 4000)
    energy = np.sum(np.abs(samples[4000:4400]) ** 2)
    frames = cut(samples, 1024)
    assert len(frames) >= 4
    for frame in frames:
        assert np.sum(np.abs(frame) ** 2) == pytest.approx(energy, rel=0.05)
    short = samples[3900:4450]  # less than a frame in all: its own noise goes on
    assert len(cut(short, 1024)) >= 4


def test_what_has_no_pauses_is_one_stretch_and_gets_no_noise():
    rng = np.random.default_rng(2)
    steady = np.exp(1j * np.cumsum(rng.normal(0, 0.1, 5000))).astype(np.complex64)
    assert not len(own_noise(steady)) and continued(steady, 8192) is steady
    (stretch,) = stretches(steady, 1024)
    assert (stretch.begin, stretch.end) == (0, 5000)
    assert len(cut(steady, 1024)) == (5000 - 1024) // 128 + 1


def test_a_folder_without_known_recordings_is_one_sentence(tmp_path):
    with pytest.raises(DenomaeError, match="holds none of the recordings whose family is known"):
        recordings(tmp_path)


def test_real_recordings_give_frames_behind_the_rate_adapter_that_are_the_same_again(gnu_radio):
    if not CAPTURES.is_dir():
        pytest.skip(f"the recordings in {CAPTURES} are not here")
    for name in ("ask.complex", "enocean.complex"):
        frames = frames_of(CAPTURES / name, gnu_radio, 1024)
        assert len(frames) >= 3 and np.isfinite(frames.view(np.float32)).all()
        np.testing.assert_array_equal(frames, frames_of(CAPTURES / name, gnu_radio, 1024))


def test_the_command_writes_its_record_its_page_and_its_pictures_and_goes_on(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("<!-- table: scores proof -->\n<!-- end -->\n")
    command = ["prove", "--output", str(tmp_path / "out"), "--parts", "unknowns", "calibration",
               "--page", str(page), *FEW]  # fmt: skip
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "noise against signals at 0 dB" in shown and "recording" not in shown
    record = json.loads((tmp_path / "out" / "metrics.json").read_text())
    scores = record["parts"]["unknowns"]["scores"]
    assert set(scores) == {*FROM_LOGITS, *FROM_FEATURES}
    assert all(0 <= area <= 1 for row in scores.values() for area in row["auroc"].values())
    assert record["parts"]["calibration"]["all"]["frames"] == 220
    assert "| energy |" in page.read_text()
    for name in ("unknowns", "reliability", "snr"):
        assert (tmp_path / "out" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    before = (tmp_path / "out" / "unknowns.json").stat().st_mtime_ns
    assert main(command) == 0
    assert (tmp_path / "out" / "unknowns.json").stat().st_mtime_ns == before
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    "change, said",
    [
        (["--counts.known", "0"], "counts.known is 0; wanted 1 or more"),
        (["--seed", "-1"], "seed is -1"),
        (["--captures", "/nowhere", "--parts", "recordings"], "holds none of the recordings"),
    ],
)
def test_what_cannot_be_proved_is_one_sentence(tmp_path, change, said, capsys):
    if "--captures" in change:
        with GnuRadio() as process:
            if process.missing:
                pytest.skip(process.missing)
    assert main(["prove", "--output", str(tmp_path), *change]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
