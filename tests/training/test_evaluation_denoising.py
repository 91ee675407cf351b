# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import json

import numpy as np
import pytest
import torch

from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier
from denomae.model.presets import PRESETS
from denomae_training.evaluation import TestSet
from denomae_training.evaluation.denoising import denoising_report, linear_classes
from denomae_training.evaluation.fidelity import best_scaled, gain_db, psnr_db, squared_error, ssim
from denomae_training.evaluation.noise_modality import blind_noise, noise_conditions
from denomae_training.evaluation.wiener import Wiener, averaged_correlation, correlation_of
from denomae_training.signals.recipes import RECIPES

NANO = dataclasses.replace(PRESETS["nano"], depth=1, width=16, heads=2, head_width=16)
OURS = RECIPES["denomae10"]


def test_a_white_signal_gains_what_its_amplitude_does_and_no_more():
    """The best estimate of x from x + n, both white, is y / (1 + s): its error is s / (1 + s)."""
    white = np.zeros(64)
    white[0] = 1
    for noise_power in (0.1, 1.0, 10.0):
        wiener = Wiener(white, noise_power)
        assert np.allclose(wiener.matrix, np.eye(64) / (1 + noise_power))
        assert wiener.gain_db == pytest.approx(10 * np.log10(1 + noise_power))


def test_a_known_tone_gains_the_length_of_the_frame():
    """A line of unit power in N samples: error s / (N + s) a sample, by the matched filter."""
    tone = np.exp(0.7j * np.arange(128))
    wiener = Wiener(tone, 2.0)
    assert wiener.gain_db == pytest.approx(10 * np.log10(128 + 2.0))
    noisy = (tone + 0)[None].astype(np.complex64)
    assert np.allclose(wiener(noisy), tone * 128 / 130, atol=1e-4)


def test_a_narrow_band_gains_what_its_flat_spectrum_promises_and_frames_gain_it_too():
    """A band of share b with density 1 / b: the error without ends is b s / (1 + b s)."""
    band, noise_power, count = 0.2, 1.0, 512
    wiener = Wiener(np.sinc(band * np.arange(count)), noise_power)
    promised = 10 * np.log10((1 + band * noise_power) / band)
    assert wiener.gain_db == pytest.approx(promised, abs=0.15)
    rng = np.random.default_rng(1)
    spectrum = np.zeros((40, 8 * count), complex)
    inside = np.abs(np.fft.fftfreq(8 * count)) < band / 2
    spectrum[:, inside] = rng.standard_normal((40, inside.sum(), 2)) @ [1, 1j]
    clean = np.fft.ifft(spectrum)[:, :count]
    clean /= np.sqrt(np.mean(np.abs(clean) ** 2))
    noise = rng.standard_normal((40, count, 2)) @ [1, 1j] * np.sqrt(noise_power / 2)
    error = np.mean(np.abs(wiener((clean + noise).astype(np.complex64)) - clean) ** 2)
    assert 10 * np.log10(noise_power / error) == pytest.approx(wiener.gain_db, abs=0.2)


def test_the_closed_form_of_a_class_is_what_its_frames_show():
    for name in ("ook", "4pam", "oqpsk"):
        closed = correlation_of(OURS, name)
        seen = averaged_correlation(OURS, name, 150)
        biased = closed * (1 - np.arange(1024) / 1024)
        assert closed[0] == pytest.approx(1) and np.abs(biased - seen).max() < 0.03, name


def test_psnr_and_ssim_are_those_of_their_formulas():
    """SSIM against its formula, window by window, in NumPy (Wang et al., 2004, eq. 13); at the
    border windows see the image mirrored."""
    generator = torch.Generator().manual_seed(1)
    clean = torch.rand(2, 1, 14, 14, generator=generator)
    found = (clean + 0.2 * torch.randn(clean.shape, generator=generator)).clamp(0, 1)
    error = np.mean((found - clean).numpy() ** 2, axis=(1, 2, 3))
    assert psnr_db(found, clean).numpy() == pytest.approx(-10 * np.log10(error), abs=1e-3)
    place = np.arange(11) - 5
    bell = np.exp(-(place**2) / (2 * 1.5**2))
    window = np.outer(bell, bell) / bell.sum() ** 2
    mirrored = [
        np.pad(v[:, 0].numpy(), ((0, 0), (5, 5), (5, 5)), "reflect") for v in (found, clean)
    ]
    for a, b, measured in zip(*mirrored, ssim(found, clean), strict=True):
        values = []
        for y, x in np.ndindex(14, 14):
            p, q = a[y : y + 11, x : x + 11], b[y : y + 11, x : x + 11]
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * p * p).sum() - mp**2, (window * q * q).sum() - mq**2
            both = (window * p * q).sum() - mp * mq
            c1, c2 = 0.01**2, 0.03**2
            values.append((2 * mp * mq + c1) * (2 * both + c2)
                          / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))  # fmt: skip
        assert float(measured) == pytest.approx(np.mean(values), abs=1e-4)


def test_a_signal_is_compared_on_the_range_of_its_clean_part_at_any_scale():
    generator = torch.Generator().manual_seed(2)
    clean = torch.randn(3, 2, 64, generator=generator)
    found = clean + 0.1 * torch.randn(3, 2, 64, generator=generator)
    peak = clean.abs().amax((1, 2))
    error = (found - clean).square().mean((1, 2))
    wanted = 10 * torch.log10((2 * peak) ** 2 / error)
    assert torch.allclose(psnr_db(found, clean), wanted, atol=1e-3)
    assert torch.allclose(psnr_db(7 * found, 7 * clean), wanted, atol=1e-3)
    same, near = ssim(clean, clean), ssim(found, clean)
    parts = []
    for part in range(2):  # I, and Q, by the formula over windows of 11 samples, on a range of 2
        a, b = ((v[0, part] / peak[0]).numpy() for v in (found, clean))
        windows = [np.lib.stride_tricks.sliding_window_view(np.pad(v, 5, "reflect"), 11)
                   for v in (a, b)]  # fmt: skip
        (ma, mb), (va, vb) = [w.mean(1) for w in windows], [w.var(1) for w in windows]
        both = (windows[0] * windows[1]).mean(1) - ma * mb
        c1, c2 = 0.02**2, 0.06**2
        parts.append((2 * ma * mb + c1) * (2 * both + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2)))
    assert float(near[0]) == pytest.approx(np.mean(parts), abs=1e-4)
    assert torch.allclose(same, torch.ones(3), atol=1e-5)
    assert (near < 0.999).all() and (near > 0.5).all() and near.shape == (3,)
    assert torch.allclose(ssim(7 * found, 7 * clean), near, atol=1e-4)


def test_the_best_amplitude_takes_a_wrong_one_away():
    clean = torch.randn(4, 2, 32, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(best_scaled(0.3 * clean, clean), clean, atol=1e-6)
    assert torch.equal(best_scaled(torch.zeros_like(clean), clean), torch.zeros_like(clean))


def test_the_report_of_half_the_signal_is_known():
    """y / 2 at 0 dB has the error (|x|² + |n|²) / 4, half of the noise: 3 dB."""
    seen = []

    def halved(views):
        seen.append(set(views))
        return {"clean_signal": views["noisy_signal"] / 2, "clean_image": views["noisy_image"]}

    few = dataclasses.replace(OURS, classes=("4pam", "dqpsk", "gmsk"))
    report = denoising_report(
        halved, few, NANO, (0.0,), frames=8,
        filtered=lambda views: {"clean_signal": 0.9 * views["noisy_signal"]},
    )  # fmt: skip
    json.dumps(report, allow_nan=False)
    rows = {row["classes"]: row for row in report["rows"]}
    assert list(rows) == ["4pam", "dqpsk", "gmsk", "linear", "all"]
    assert report["linear"] == ["4pam", "dqpsk"] and rows["linear"]["frames"] == 16
    # 0.9 y: the error is 0.01 |x|² + 0.81 |n|²
    assert all(row["filter_gain_db"] == pytest.approx(0.86, abs=0.1) for row in rows.values())
    assert seen == [{"noisy_signal", "noisy_image"}] * 3  # nothing clean is ever shown
    for row in rows.values():
        assert row["gain_db"] == pytest.approx(3.01, abs=0.2)
        assert row["image_psnr_db"] == row["image_psnr_noisy_db"]
        assert row["wiener_gain_db"] == pytest.approx(row["wiener_theory_db"], abs=0.5)
        assert row["wiener_gain_db"] > 8


def test_a_denoiser_of_something_else_is_refused():
    with pytest.raises(DenomaeError, match="gave 'noise' of shape"):
        denoising_report(lambda v: {"noise": v["noisy_signal"]}, OURS, NANO, (0.0,), frames=1)


def test_the_linear_classes_are_those_behind_a_pulse():
    assert linear_classes(OURS) == ("ook", "4ask", "8ask", "oqpsk", "4pam", "dqpsk", "16pam")
    assert linear_classes(RECIPES["live"]) == ()


def test_the_blind_estimate_of_the_noise_is_close_to_it():
    built = TestSet(OURS, 1, 20, (0.0, 10.0)).build(("noisy_signal", "clean_signal", "noise"), NANO)
    views = next(built.each(20)).views
    noise = blind_noise(views["noisy_signal"])
    left = gain_db(squared_error(views["noise"], 0 * noise), squared_error(noise, views["noise"]))
    assert left > 5  # dB: the error, which is that of the clean estimate, is far below the noise
    assert torch.allclose(blind_noise(3 * views["noisy_signal"]), 3 * noise, atol=1e-3)


def test_each_condition_shows_the_model_what_its_name_says():
    built = TestSet(OURS, 1, 20, (0.0, 10.0)).build(("noisy_signal", "noise"), NANO)
    shown = []

    class Watched(Classifier):
        def forward(self, inputs, visible=None):
            shown.append({name: values.clone() for name, values in inputs.items()})
            return super().forward(inputs, visible)

    model = Watched(NANO, ("noisy_signal", "noise"), 10)
    reports = noise_conditions(
        model, built, denoise=lambda views: {"clean_signal": views["noisy_signal"] / 2}
    )
    assert list(reports) == ["true", "absent", "zero", "estimated", "denoised"]
    truth = next(built.each(20)).views
    true, absent, zero, estimated, denoised = shown
    assert torch.equal(true["noise"], truth["noise"]) and set(absent) == {"noisy_signal"}
    assert not zero["noise"].any()
    assert torch.equal(estimated["noise"], blind_noise(truth["noisy_signal"]))
    assert torch.equal(denoised["noise"], truth["noisy_signal"] / 2)
    assert all(torch.equal(inputs["noisy_signal"], truth["noisy_signal"]) for inputs in shown)
    assert [row["frames"] for row in reports["absent"]["rows"]] == [10, 10]


def test_a_model_without_the_noise_has_no_conditions():
    built = TestSet(OURS, 1, 10, (0.0,)).build(("noisy_signal",), NANO)
    with pytest.raises(DenomaeError, match="wanted `noise` and at least one other"):
        noise_conditions(Classifier(NANO, ("noisy_signal",), 10), built)
