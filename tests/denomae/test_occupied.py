# SPDX-License-Identifier: GPL-3.0-or-later
"""The bandwidth of a frame, and labels that say that a signal is too narrow for the model."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch

from denomae import Engine
from denomae.occupied import occupied_bandwidth

N = 1024


def band(width: float, centre: float, snr_db: float, seed: int, carrier: float = 0.0) -> np.ndarray:
    """Gaussian noise in a band, over white noise, with a carrier of so many times its power."""
    rng = np.random.default_rng(seed)
    bins = np.fft.fft(rng.standard_normal(4 * N) + 1j * rng.standard_normal(4 * N))
    bins[np.abs(np.fft.fftfreq(4 * N)) > width / 2] = 0
    signal = np.fft.ifft(bins)[:N]
    signal /= np.sqrt(np.mean(np.abs(signal) ** 2))
    signal = (signal + np.sqrt(carrier)) / np.sqrt(1 + carrier)
    noise = rng.standard_normal(N) + 1j * rng.standard_normal(N)
    noise *= np.sqrt(10 ** (-snr_db / 10) / 2)
    return (signal * np.exp(2j * np.pi * centre * np.arange(N)) + noise).astype(np.complex64)


@pytest.mark.parametrize("carrier", [0.0, 4.0])
@pytest.mark.parametrize("snr_db", [10.0, 30.0])
@pytest.mark.parametrize("width", [0.03, 0.1, 0.4])
def test_it_is_nine_tenths_of_a_flat_band_wherever_it_lies(width, snr_db, carrier):
    frames = np.stack([band(width, 0.47 - 0.05 * k, snr_db, k, carrier) for k in range(20)])
    found = occupied_bandwidth(torch.from_numpy(frames))
    assert float(found.median()) == pytest.approx(0.9 * width, rel=0.15, abs=0.004)


def test_a_carrier_alone_has_no_bandwidth_and_noise_alone_has_all_of_it():
    carrier = band(0.1, 0.2, 20, 1, carrier=1e6)[None]
    assert occupied_bandwidth(torch.from_numpy(carrier)).item() == 1
    noise = torch.randn(50, N, dtype=torch.complex64, generator=torch.Generator().manual_seed(1))
    assert float(occupied_bandwidth(noise).median()) > 0.8


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(device="cpu", precision="fp32", threads=1)


def qpsk(samples_per_symbol: int, seed: int, snr_db: float = 20.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    count = N // samples_per_symbol + 2
    symbols = np.exp(1j * np.pi / 2 * rng.integers(4, size=count))
    smooth = np.hanning(samples_per_symbol + 2)
    signal = np.convolve(symbols.repeat(samples_per_symbol), smooth / smooth.sum(), "same")[:N]
    noise = rng.standard_normal(N) + 1j * rng.standard_normal(N)
    return (signal + noise * np.sqrt(10 ** (-snr_db / 10) / 2)).astype(np.complex64)


def test_a_label_of_a_signal_slower_than_the_model_knows_says_so_and_the_log_once(engine, caplog):
    slowest = engine.config.samples_per_symbol[1]
    slow = np.stack([qpsk(int(6 * slowest), k) for k in range(8)])
    known = np.stack([qpsk(8, k) for k in range(8)])
    with caplog.at_level(logging.WARNING, "denomae"):
        labels = engine.classify(np.concatenate([slow, known, slow]))
    warned = [any(text.startswith("narrow: ") for text in label.warnings) for label in labels]
    assert not any(warned[8:16])
    assert sum(warned[:8]) >= 7 and sum(warned[16:]) >= 7
    text = next(text for text in labels[0].warnings if text.startswith("narrow"))
    assert f"more than the {slowest:g} samples a symbol" in text and "rate adapter" in text
    assert len([r for r in caplog.records if "narrow" in r.getMessage()]) == 1


def test_frames_of_noise_are_not_called_narrow(engine):
    frames = torch.randn(20, N, dtype=torch.complex64, generator=torch.Generator().manual_seed(2))
    assert all(not label.warnings for label in engine.classify(frames.numpy()))


def test_a_model_that_knows_every_rate_warns_of_none(engine):
    config = replace(engine.config, samples_per_symbol=(1.0, float(N)))
    other = Engine(
        engine._model, config, "0" * 64, torch.device("cpu"), torch.float32, engine.max_batch
    )
    assert all(not label.warnings for label in other.classify(qpsk(96, 1)[None]))
