# SPDX-License-Identifier: GPL-3.0-or-later
"""The denoising engine: the model's answer at the frame's own power, and what it gained."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from denomae import DenoisingEngine, DenomaeError, Engine
from denomae.checkpoint import SHIPPED, SHIPPED_DENOISER, load_model, read_config
from denomae.denoising import MOST_GAIN_DB, gain_db
from denomae.errors import CheckpointError
from denomae.modalities import build
from denomae.model.denoiser import denoised

N = 1024


def frames_of(count, seed=0):
    parts = np.random.default_rng(seed).standard_normal((count, N, 2), dtype=np.float32)
    return parts.view(np.complex64)[..., 0] / np.sqrt(2, dtype=np.float32)


@pytest.fixture(scope="module")
def engine(nano_denoiser) -> DenoisingEngine:
    return DenoisingEngine.load(
        nano_denoiser, device="cpu", precision="fp32", batch_size=4, threads=1
    )


def test_the_answer_is_the_models_at_the_power_of_the_frame(engine, nano_denoiser):
    frames = frames_of(6)
    frames /= np.sqrt(np.mean(np.abs(frames) ** 2, 1, keepdims=True))
    model, config = load_model(nano_denoiser), read_config(nano_denoiser)
    views = build({"noisy": torch.from_numpy(frames)}, config.modalities, config.architecture.image)
    with torch.no_grad():
        wanted = denoised(model, views)["clean_signal"].numpy()
    assert np.abs(wanted[:, 0] + 1j * wanted[:, 1] - frames).max() > 0.1  # it is no identity
    powers = np.array([1, 1e-15, 3e-6, 0.5, 7, 1e15], np.float32)[:, None]
    answer = engine.denoise(frames * powers)
    assert answer.dtype == np.complex64 and answer.shape == (6, N)
    np.testing.assert_allclose(answer / powers, wanted[:, 0] + 1j * wanted[:, 1], atol=2e-5)
    assert engine.denoise(frames[:0]).shape == (0, N)


def test_bf16_gives_the_same_to_its_precision(engine, nano_denoiser):
    coarse = DenoisingEngine.load(nano_denoiser, device="cpu", precision="bf16", threads=1)
    frames = frames_of(5)
    exact = engine.denoise(frames)
    error = np.mean(np.abs(coarse.denoise(frames) - exact) ** 2)
    assert 0 < error < 1e-3 * np.mean(np.abs(exact - frames) ** 2)


def test_the_shipped_one_is_the_shipped_classifiers_encoder_with_a_decoder():
    classifier, denoiser = load_model(SHIPPED), load_model(SHIPPED_DENOISER)
    ours, its = denoiser.encoder.state_dict(), classifier.encoder.state_dict()
    assert ours.keys() == its.keys()
    assert all(torch.equal(ours[name], its[name]) for name in its)


def test_the_shipped_one_makes_frequency_modulation_cleaner_that_it_never_saw():
    """A carrier beside the middle that a tone modulates, at 3 dB."""
    rng = np.random.default_rng(3)
    time = np.arange(16 * N)
    clean = np.exp(1j * (2.5 * np.sin(0.04 * np.pi * time) + 0.02 * np.pi * time))
    noise = rng.standard_normal((16 * N, 2)) @ [1, 1j] * np.sqrt(0.25)
    frames = (clean + noise).astype(np.complex64).reshape(16, N)
    engine = DenoisingEngine.load(device="cpu", threads=1)
    left = engine.denoise(frames).ravel() - clean
    gain = 10 * np.log10(np.mean(np.abs(noise) ** 2) / np.mean(np.abs(left) ** 2))
    told = [estimate.gain_db for estimate in engine.estimates(frames)]
    assert gain > 3
    assert 1 < np.median(told) < gain + 0.5  # it is no perfect estimate, so it knows of less


def test_the_head_of_the_classifier_estimates_the_snr(engine):
    found = engine.estimates(frames_of(5))
    assert len(found) == 5 and len({round(e.snr_in_db, 6) for e in found}) == 5
    np.testing.assert_array_equal(
        np.stack([e.samples for e in found]), engine.denoise(frames_of(5))
    )


def test_without_a_head_nobody_knows_the_snr(nano_denoiser, tmp_path):
    from dataclasses import replace

    from denomae.checkpoint import write_checkpoint
    from denomae.model.denoiser import Denoiser

    config = replace(read_config(nano_denoiser), classes=(), families={}, reconstructed=())
    write_checkpoint(tmp_path, config, Denoiser(config.architecture, config.modalities))
    engine = DenoisingEngine.load(tmp_path, device="cpu", precision="fp32", threads=1)
    frames = frames_of(2)
    for frame, estimate in zip(frames, engine.estimates(frames), strict=True):
        assert (estimate.snr_in_db, estimate.gain_db) == (None, None)
        np.testing.assert_allclose(estimate.samples, frame, atol=1e-5)  # nothing is learnt yet


def test_the_gain_of_a_wiener_filter_is_told_without_the_signal():
    rng = np.random.default_rng(3)
    spectrum = np.where(np.arange(N) < N // 8, 8.0, 0.0)  # of the signal, which has unit power
    for snr_db in (-5.0, 0.0, 12.0):
        noise_power = 10 ** (-snr_db / 10)
        signal = np.fft.ifft(np.sqrt(spectrum * N) * (rng.standard_normal((200, N, 2)) @ [1, 1j]))
        signal /= np.sqrt(2)
        noise = np.sqrt(noise_power / 2) * (rng.standard_normal((200, N, 2)) @ [1, 1j])
        noisy = signal + noise
        share = spectrum / (spectrum + noise_power)
        estimate = np.fft.ifft(share * np.fft.fft(noisy))
        wanted = 10 * np.log10(noise_power / np.mean(np.abs(estimate - signal) ** 2))
        told = gain_db(noisy.reshape(1, -1), estimate.reshape(1, -1), np.array([snr_db]))
        assert wanted > 8.9 and told[0] == pytest.approx(wanted, abs=0.3)


def test_a_gain_that_means_nothing_is_not_told():
    frames = frames_of(4)
    estimates = np.stack([frames[0], 0 * frames[1], frames[2], (1 - 1e-8) * frames[3]])
    told = gain_db(frames, estimates, np.array([10.0, 10.0, np.nan, -300.0]))
    assert told[0] == 0  # nothing was taken away
    assert np.isnan(told[1])  # more than there was
    assert np.isnan(told[2])  # nobody knows how much there was
    assert 0 <= told[3] <= MOST_GAIN_DB


def test_what_cannot_be_is_refused(engine, nano_checkpoint, nano_denoiser, tmp_path):
    with pytest.raises(CheckpointError, match="classifier checkpoint without a denoiser"):
        DenoisingEngine.load(nano_checkpoint)
    with pytest.raises(CheckpointError, match="denoiser checkpoint without a classifier"):
        Engine.load(nano_denoiser)
    for frames in (np.zeros((1, N), np.complex64), np.ones((1, 7), np.complex64), np.ones((1, N))):
        with pytest.raises(DenomaeError):
            engine.denoise(frames)
    for change in (
        {"reconstructed": ["noise"]},
        {"classes": ["bpsk", "bpsk"]},
        {"reconstructed": ["noisy_image", "noisy_signal"]},  # which the weights do not have
    ):
        data = json.loads((nano_denoiser / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps({**data, **change}))
        (tmp_path / "model.safetensors").write_bytes(
            (nano_denoiser / "model.safetensors").read_bytes()
        )
        with pytest.raises(CheckpointError):
            DenoisingEngine.load(tmp_path)


def test_a_denoiser_of_images_has_no_samples_to_give(nano_denoiser, tmp_path):
    from dataclasses import replace

    from denomae.checkpoint import write_checkpoint
    from denomae.model.denoiser import Denoiser

    config = replace(
        read_config(nano_denoiser), reconstructed=("noisy_image",), classes=(), families={}
    )
    model = Denoiser(config.architecture, config.modalities, config.reconstructed)
    write_checkpoint(tmp_path, config, model)
    with pytest.raises(CheckpointError, match="gives no I/Q signal back"):
        DenoisingEngine.load(tmp_path)
    with pytest.raises(DenomaeError, match="does not see"):
        Denoiser(config.architecture, ("noisy_signal",), ("noisy_image",))
