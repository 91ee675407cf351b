# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver adds is no part of the signal: its DC, and the images of a signal that it clips.
What looks alike and is the signal's own stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_rate_adapter import INTERVAL, adapted, mappings

from denomae.captures import open_capture

pytestmark = pytest.mark.timeout(120)

CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "captures"
COUNT = 16 * INTERVAL
T = np.arange(COUNT)
BURSTS = (T % 20000 > 8000) & (T % 20000 < 14000)
PAUSE = 14500, 15500, 20000  # samples of each period that are a pause, and the period
SAMPLES_PER_SYMBOL = {
    "ask.complex": 300,
    "enocean.complex": 40,
    "fsk.complex": 100,
    "homematic.complex32s": 100,
    "ook_overshoot.complex16s": 500,
}


def white(count: int = COUNT):
    """Noise of power 1."""
    rng = np.random.default_rng(2)
    return (rng.standard_normal(count) + 1j * rng.standard_normal(count)) / np.sqrt(2)


def bits(sps: int):
    return np.repeat(np.random.default_rng(1).integers(0, 2, COUNT // sps + 1), sps)[:COUNT]


def tone(cycles):
    """Of these cycles a sample."""
    return np.exp(2j * np.pi * np.cumsum(cycles))


def message(width: int):
    """Noise of about 1 / width cycles a sample, at most 1."""
    drawn = np.random.default_rng(3).standard_normal(COUNT)
    smooth = np.convolve(drawn, np.hanning(width), "same")
    return smooth / np.abs(smooth).max()


def unshifted(out, mapping):
    """Places in the input of a mapping's samples, and these with their frequency put back."""
    begin, ratio, shift, origin = mapping
    since = np.arange(len(out) - begin) / ratio
    return origin + since, out[begin:] * np.exp(2j * np.pi * shift * since)


def in_pauses(out, told) -> complex:
    """Mean of what comes out in the pauses of the last mapping."""
    places, back = unshifted(out, told[-1])
    first, last, period = PAUSE
    quiet = (places % period > first) & (places % period < last) & (places > 3 * INTERVAL)
    assert quiet.sum() > 10
    return np.mean(back[quiet])


def same_mapping(told, wanted) -> bool:
    (ratio, shift), (ratio_wanted, shift_wanted) = told[-1][1:3], wanted[-1][1:3]
    near = abs(np.log(ratio / ratio_wanted)) < np.log(1.25)
    return near and abs(shift - shift_wanted) < 0.1 * 0.12 * ratio_wanted


@pytest.mark.parametrize("level", [0.1, 0.4, 1.5])
@pytest.mark.parametrize(("sps", "snr_db", "shift"), [(8, 10, 0.0), (40, 20, 0.002), (200, 30, 0)])
def test_dc_is_neither_followed_nor_left_whatever_its_level(sps, snr_db, shift, level):
    amplitude = 10 ** (snr_db / 20)
    samples = amplitude * bits(sps) * BURSTS * np.exp(2j * np.pi * shift * T + 0.3j) + white()
    dc = level * amplitude * np.exp(1.9j)
    clean, told_clean, _ = adapted(samples.astype(np.complex64), remove_dc=False)
    out, told, adapter = adapted((samples + dc).astype(np.complex64))
    kept, told_kept, _ = adapted((samples + dc).astype(np.complex64), remove_dc=False)
    assert adapter.remove_dc()
    told, told_clean, told_kept = (mappings(tags) for tags in (told, told_clean, told_kept))
    assert same_mapping(told, told_clean)
    left = in_pauses(out, told) - in_pauses(clean, told_clean)
    assert abs(left) < max(0.03 * abs(dc), 0.05)
    if same_mapping(told_kept, told_clean):  # where it is not even followed, it is there
        assert abs(in_pauses(kept, told_kept) - dc) < 0.2 * abs(dc)


@pytest.mark.parametrize(
    "signal",
    [
        pytest.param(bits(8), id="ook"),
        pytest.param(bits(300), id="slow ook"),
        pytest.param(bits(40) * BURSTS, id="ook with pauses"),
        pytest.param(bits(300) * BURSTS, id="slow ook with pauses"),
        pytest.param(0.4 + 0.6 * bits(300), id="slow ask"),
        pytest.param(0.4 + 0.6 * bits(3000), id="ask slower than a window"),
        pytest.param(bits(3000) * (T > INTERVAL), id="ook slower than a window"),
        pytest.param(1 + 0.3 * message(60), id="am"),
        pytest.param(1 + 0.9 * message(60), id="am of 90 %"),
        pytest.param((1 + 0.5 * message(60)) * BURSTS, id="am with pauses"),
        pytest.param(tone(np.where(bits(300), 0.0, 0.02)), id="fsk with its mark at 0 Hz"),
        pytest.param(tone(np.where(bits(1000), 0.0, 0.01)), id="slow fsk"),
        pytest.param(tone(np.full(COUNT, 2e-5)), id="carrier a little beside 0 Hz"),
    ],
)
@pytest.mark.parametrize("snr_db", [10, 30])
def test_what_a_signal_has_of_its_own_at_0_hz_stays(signal, snr_db):
    amplitude = 10 ** (snr_db / 20)
    samples = (amplitude * np.exp(0.3j) * signal + white()).astype(np.complex64)
    out, told, _ = adapted(samples)
    wanted, told_wanted, _ = adapted(samples, remove_dc=False)
    told, told_wanted = mappings(told), mappings(told_wanted)
    assert len(told) == len(told_wanted)
    for one, other in zip(told, told_wanted, strict=True):
        assert same_mapping([one], [other])
    assert np.mean(out) == pytest.approx(np.mean(wanted), rel=0.02, abs=0.02 * amplitude)
    assert np.mean(np.abs(out) ** 2) == pytest.approx(np.mean(np.abs(wanted) ** 2), rel=0.02)


def test_a_carrier_that_stood_alone_is_given_back_when_it_is_modulated():
    begin = 6 * INTERVAL
    samples = 10 * np.exp(0.3j) * (1 + 0.5 * message(60) * (T > begin)) + white()
    out, tags, _ = adapted(samples.astype(np.complex64))
    assert len(mappings(tags)) == 2  # the first is 1 to 1: of what stands alone there is none
    places, back = unshifted(out, mappings(tags)[-1])
    assert np.mean(back[places > 8 * INTERVAL]) == pytest.approx(10 * np.exp(0.3j), rel=0.02)


def clipped(samples, drive: float):
    """Through a converter of 8 bits that takes -1 to 127/128."""
    steps = [
        np.clip(np.round(128 * drive * part), -128, 127) for part in (samples.real, samples.imag)
    ]
    return ((steps[0] + 1j * steps[1]) / 128).astype(np.complex64)


@pytest.mark.parametrize("drive", [1.3, 2.0, 8.0])
@pytest.mark.parametrize(
    ("sps", "shift", "snr_db"),
    [(20, 0.03, 20), (100, 0.017, 30), (100, -0.11, 15), (500, 0.017, 20), (500, 0.017, 30)],
)
def test_a_keyed_carrier_that_is_clipped_is_as_wide_as_before(sps, shift, snr_db, drive):
    samples = bits(sps) * np.exp(2j * np.pi * shift * T) + 10 ** (-snr_db / 20) * white()
    wanted = mappings(adapted(clipped(samples, 0.5))[1])[-1]
    told = mappings(adapted(clipped(samples, drive))[1])[-1]
    assert 0.55 < told[1] / wanted[1] < 1.25
    assert abs(told[2] - shift) < 0.25 * 0.12 * wanted[1]


def test_both_tones_of_a_clipped_pair_are_followed():
    samples = tone(0.03 + (2 * bits(100) - 1) / 100) + 0.1 * white()
    wanted = mappings(adapted(clipped(samples, 0.5))[1])[-1]
    told = mappings(adapted(clipped(samples, 5.0))[1])[-1]
    assert told[1:3] == pytest.approx(wanted[1:3], rel=0.1)


def test_chunks_of_any_size_give_the_same_samples_with_dc_and_clipping():
    samples = bits(40) * BURSTS * np.exp(2j * np.pi * 0.003 * T) + 0.1 * white() + 0.2j
    samples = clipped(samples[: 8 * INTERVAL], 1.5)
    whole, tags, _ = adapted(samples)
    for chunk in (7, 1000):
        out, others, _ = adapted(samples, chunk=chunk)
        np.testing.assert_array_equal(out, whole)
        assert mappings(others) == mappings(tags)


def test_dc_is_kept_from_when_it_is_said():
    samples = (white() + 5).astype(np.complex64)
    out, _, adapter = adapted(samples, adapting=False)
    assert abs(out.mean()) < 0.01
    adapter.set_remove_dc(False)
    assert not adapter.remove_dc()
    out, _, _ = adapted(samples, adapting=False, remove_dc=False)
    np.testing.assert_array_equal(out, samples[: len(out)])


@pytest.mark.parametrize("name", SAMPLES_PER_SYMBOL)
def test_a_real_recording_comes_out_at_a_rate_that_a_model_knows(name):
    path = CAPTURES / name
    if not path.is_file():
        pytest.skip(f"the recordings in {CAPTURES} are not here")
    with open_capture(path) as capture:
        samples = capture.read(0, capture.sample_count)
    _, tags, _ = adapted(np.concatenate([samples, samples[-2 * INTERVAL :]]))
    assert 5 < SAMPLES_PER_SYMBOL[name] * mappings(tags)[-1][1] < 40
