# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of symbols: rate, timing and carrier found blindly on signals whose symbols are known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from denomae.raster import ImageSpec, constellation_image
from denomae.raster.shown import shown_samples
from denomae.raster.synchronised import blind_timing, moving_mean

N = 1024
SPEC = dataclasses.replace(ImageSpec(), samples="synchronised")
POINTS = {
    "bpsk": np.array([1, -1]),
    "qpsk": np.exp(2j * np.pi * np.arange(4) / 4),
    "8psk": np.exp(2j * np.pi * np.arange(8) / 8),
    "16qam": np.array([a + 1j * b for a in (-3, -1, 1, 3) for b in (-3, -1, 1, 3)]) / 10**0.5,
}


def pulse(time: np.ndarray, rolloff: float) -> np.ndarray:
    """Root raised cosine, time in symbols; nowhere at its singular points."""
    time = time + 1e-6
    top = np.sin(np.pi * time * (1 - rolloff))
    top += 4 * rolloff * time * np.cos(np.pi * time * (1 + rolloff))
    return top / (np.pi * time * (1 - (4 * rolloff * time) ** 2))


def received(
    name: str, sps: float, snr_db: float, seed: int, offset: float = 0.013, rolloff: float = 0.35
) -> np.ndarray:
    """A frame of shaped symbols at any timing and phase, and white noise: complex64 [N]."""
    rng = np.random.default_rng(seed)
    count = int(N / sps) + 24
    symbols = rng.choice(POINTS[name], count)
    begin = rng.random() - 12
    time = np.arange(N)[:, None] / sps - (np.arange(count) + begin)
    signal = np.where(np.abs(time) < 12, pulse(time, rolloff), 0) @ symbols
    signal /= np.sqrt(np.mean(np.abs(signal) ** 2))
    signal = signal * np.exp(2j * np.pi * (offset * np.arange(N) + rng.random()))
    noise = rng.standard_normal((2, N)) * np.sqrt(10 ** (-snr_db / 10) / 2)
    return (signal + noise[0] + 1j * noise[1]).astype(np.complex64)


def several(name: str, sps: float, snr_db: float, count: int = 12, **options) -> torch.Tensor:
    return torch.from_numpy(
        np.stack([received(name, sps, snr_db, seed, **options) for seed in range(count)])
    )


def error(found: np.ndarray, name: str) -> float:
    """Root mean square distance to the nearest point, at the best of 16 phases of a quarter."""
    best = np.inf
    for turn in np.exp(2j * np.pi * np.arange(16) / 64):
        away = np.abs(found[:, None] * turn - POINTS[name]).min(1)
        best = min(best, float(np.sqrt(np.mean(away**2))))
    return best


@pytest.mark.parametrize("name", list(POINTS))
@pytest.mark.parametrize("sps", [2.3, 4.37, 7.9])
def test_symbols_of_strong_frames_lie_at_their_points(name, sps):
    shown = shown_samples(several(name, sps, 30), SPEC).numpy()
    read = [frame for frame in shown if np.isnan(frame).any()]  # else no symbol rate was found
    good = 0
    for frame in read:
        found = frame[np.isfinite(frame)]
        assert len(found) == pytest.approx(N / sps, abs=2)
        assert np.mean(np.abs(found) ** 2) == pytest.approx(1, abs=0.01)
        good += error(found[4:-4], name) < 0.12
    assert len(read) >= 8 and good >= len(read) - 1


def test_the_symbol_rate_is_found_at_10_db_and_noise_or_a_constant_envelope_has_none():
    for sps in (2.3, 4.37, 12.6):
        timing = blind_timing(several("8psk", sps, 10, 20, rolloff=0.4))
        right = timing.found & ((1 / timing.rate - sps).abs() < sps**2 / N)
        assert right.float().mean() >= (0.9 if sps < 8 else 0.5), sps
    noise = torch.randn(1000, N, dtype=torch.complex64, generator=torch.Generator().manual_seed(1))
    found = blind_timing(noise).found
    assert found.float().mean() <= 0.03
    fm = torch.polar(torch.ones(N), 30 * torch.sin(torch.arange(N) / 60))[None]
    assert torch.equal(shown_samples(fm, SPEC), fm)
    assert torch.equal(shown_samples(noise, SPEC)[~found], noise[~found])


def test_neither_offset_nor_phase_nor_power_changes_the_image():
    """But for the turns that bring a constellation onto itself."""
    for offset in (-0.02, 0.0, 0.03):
        frames = several("qpsk", 4.37, 25, 4, offset=offset)
        image = constellation_image(shown_samples(3e-3 * frames, SPEC), SPEC)
        again = constellation_image(shown_samples(frames, SPEC), SPEC)
        assert (image - again).abs().mean() < 0.01
        corner = image[:, 0, :16, :16].amax() / image[:, 0].amax()
        assert corner < 0.2  # four points on the axes, none of which smears


def test_a_clean_frame_is_read_as_its_noisy_one():
    noisy, clean = several("16qam", 4.37, 15), several("16qam", 4.37, 200)
    shown = shown_samples(clean, SPEC, noisy)
    own = shown_samples(noisy, SPEC)
    assert torch.equal(torch.isfinite(shown.real), torch.isfinite(own.real))
    both = torch.isfinite(own.real)
    apart = (shown - own)[both].abs().square().mean() / own[both].abs().square().mean()
    assert apart < 0.04  # the noise alone, behind the matched filter


def test_what_is_nothing_or_no_number_stays_finite_or_is_not_shown():
    frames = several("qpsk", 4.37, 20, 3)
    frames[0] = 0
    frames[1, 700:] = complex(float("nan"), 0)
    image = constellation_image(shown_samples(frames, SPEC), SPEC)
    assert torch.isfinite(image).all()


def test_a_moving_mean_is_the_mean_of_neighbours():
    values = torch.rand(3, 200, generator=torch.Generator().manual_seed(2)) ** 8 * 1e6
    wanted = F.avg_pool1d(values[:, None], 65, 1)[:, 0]
    torch.testing.assert_close(moving_mean(values, 65), wanted, rtol=1e-4, atol=1e-2)
