# SPDX-License-Identifier: GPL-3.0-or-later
"""The second stage: noisy modalities seen whole, every token of the clean ones counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from denomae.checkpoint import Provenance, load_model, read_config, write_checkpoint
from denomae.errors import DenomaeError
from denomae.modalities import PUBLISHED_MODALITIES
from denomae.model.denoiser import Denoiser, denoised, filtered
from denomae.model.denomae import DenoMAE
from denomae.model.presets import PRESETS
from denomae_training.commands.common import checkpoint_config
from denomae_training.feeds.sample import sample_of
from denomae_training.objectives.denoise import Denoise
from denomae_training.objectives.denomae import Denomae
from denomae_training.objectives.wamim import Wamim
from denomae_training.signals.dataset import make_batch
from denomae_training.signals.recipes import RECIPES

TINY = replace(PRESETS["nano"], width=32, depth=2, heads=2, decoder_width=32, decoder_heads=2)
NOISY = ("noisy_image", "noisy_signal")


@pytest.fixture(scope="module")
def sample():
    return sample_of(make_batch(RECIPES["live11"], 3, first=0, size=4), PUBLISHED_MODALITIES, TINY)


def written(folder: Path, objective, architecture=TINY):
    torch.manual_seed(7)
    kind, model = objective.kept(objective.model(architecture))
    provenance = Provenance(1, 0, 0, "unknown")
    config = checkpoint_config(
        "test", kind, architecture, objective.modalities, RECIPES["live11"], provenance
    )
    write_checkpoint(folder, config, model)
    return model


def test_an_untrained_denoiser_gives_a_signal_back_as_it_came(sample):
    model = Denoiser(TINY, NOISY).eval()
    with torch.no_grad():
        out = denoised(model, sample.views)
    assert list(out) == ["clean_image", "clean_signal"]
    assert out["clean_image"].shape == sample.views["clean_image"].shape
    torch.testing.assert_close(out["clean_signal"], sample.views["noisy_signal"])


def test_the_filter_alone_is_what_is_left_when_the_decoder_says_nothing(sample):
    model = Denoiser(TINY, NOISY).eval()
    leave = model.decoders["noisy_signal"].leave
    torch.nn.init.normal_(leave.weight)
    torch.nn.init.normal_(model.filters["noisy_signal"].taps)
    with torch.no_grad():
        alone, whole = filtered(model, sample.views), denoised(model, sample.views)
        torch.nn.init.zeros_(leave.weight)
        left = denoised(model, sample.views)
    assert list(alone) == ["clean_signal"] and filtered(Denoiser(TINY, NOISY[:1]), {}) == {}
    torch.testing.assert_close(alone["clean_signal"], left["clean_signal"])
    assert not torch.allclose(alone["clean_signal"], whole["clean_signal"], atol=0.1)
    taps = 8 * model.filters["noisy_signal"].taps.detach().numpy()[::-1]
    noisy = sample.views["noisy_signal"].numpy()
    wanted = np.convolve(noisy[2, 1], taps, mode="same")
    np.testing.assert_allclose(alone["clean_signal"][2, 1], wanted, rtol=1e-4, atol=1e-3)


def test_the_loss_is_the_error_of_what_is_denoised_in_units_of_the_noise(sample):
    torch.manual_seed(0)
    objective = Denoise()
    model = objective.model(TINY)
    torch.nn.init.normal_(model.decoders["noisy_signal"].leave.weight)
    with torch.no_grad():
        _, parts = objective.loss(model, sample, torch.Generator(), 0.0)
        out = denoised(model, sample.views)
    clean, noisy = sample.views["clean_signal"], sample.views["noisy_signal"]
    ratios = [
        float((out["clean_signal"][k] - clean[k]).square().sum())
        / max(float((noisy[k] - clean[k]).square().sum()), 0.01 * 1024)
        for k in range(4)
    ]
    assert float(parts["noisy_signal"]) == pytest.approx(sum(ratios) / 4, rel=1e-4)
    image = (out["clean_image"] - sample.views["clean_image"]).square().mean()
    assert float(parts["noisy_image"]) == pytest.approx(float(image), rel=1e-4)


def test_a_pretrained_model_denoises_from_what_is_on_the_air_alone(sample):
    torch.manual_seed(0)
    model = DenoMAE(TINY, PUBLISHED_MODALITIES).eval()
    noisy = {name: sample.views[name] for name in NOISY}
    with torch.no_grad():
        torch.testing.assert_close(denoised(model, sample.views), denoised(model, noisy))
    with pytest.raises(DenomaeError, match="noisy_image"):
        denoised(model, {"noisy_signal": noisy["noisy_signal"]})
    with pytest.raises(DenomaeError, match="nothing noisy"):
        denoised(DenoMAE(TINY, ("noise",)), sample.views)


@pytest.mark.parametrize("start", [Denomae(), Wamim(), Denoise()], ids=lambda s: type(s).__name__)
def test_a_denoiser_starts_from_an_encoder_of_any_kind(tmp_path, start):
    before = written(tmp_path, start)
    names = ("noisy_image",)
    model = Denoise(modalities=names, start=tmp_path).model(TINY)
    source = getattr(before, "encoder", before).state_dict()
    for name, tensor in model.encoder.state_dict().items():
        assert torch.equal(tensor, source[name])


def test_a_frozen_encoder_stays_as_it_was(tmp_path, sample):
    written(tmp_path, Denomae())
    objective = Denoise(start=tmp_path, frozen=True)
    model = objective.model(TINY)
    before = {name: value.clone() for name, value in model.named_parameters()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(2):  # a signal's decoder learns from the second step on
        objective.loss(model, sample, torch.Generator(), 0.0)[0].backward()
        optimizer.step()
    changed = {name for name, value in model.named_parameters() if not value.equal(before[name])}
    decoders = {name for name in before if not name.startswith("encoder.")}
    assert changed == {name for name in decoders if not name.endswith("mask_token")}  # none masked


def _classifier(folder, modalities=NOISY):
    """A checkpoint of an untrained classifier of two classes."""
    from denomae.model.classifier import Classifier

    written(folder, Denoise(modalities=modalities))
    config = replace(
        read_config(folder),
        kind="classifier",
        classes=("am", "fm"),
        families={"am": "a", "fm": "a"},
    )
    model = Classifier(TINY, modalities, 2)
    write_checkpoint(folder, config, model)
    return model


def test_the_head_of_a_frozen_encoder_comes_along_and_stays_as_it_was(tmp_path, sample):
    classifier = _classifier(tmp_path / "start")
    objective = Denoise(reconstructed=NOISY[1:], start=tmp_path / "start", frozen=True)
    assert objective.needs == ("noisy_image", "noisy_signal", "clean_signal")
    model = objective.model(TINY)
    assert list(model.decoders) == ["noisy_signal"]
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=0.1)
    for _ in range(2):
        loss, parts = objective.loss(model, sample, torch.Generator(), 0.0)
        loss.backward()
        optimizer.step()
    assert list(parts) == ["noisy_signal"]
    for part in ("encoder", "head"):
        kept, source = getattr(model, part).state_dict(), getattr(classifier, part).state_dict()
        assert all(torch.equal(kept[name], tensor) for name, tensor in source.items())
    config = objective.record(replace(read_config(tmp_path / "start"), kind="denoiser"))
    assert (config.reconstructed, config.classes) == (("noisy_signal",), ("am", "fm"))
    write_checkpoint(tmp_path / "denoiser", config, model)
    views = {name: sample.views[name] for name in NOISY}
    with torch.no_grad():
        wanted = denoised(model.eval(), views)
        found = denoised(load_model(tmp_path / "denoiser"), views)
    assert list(found) == ["clean_signal"]
    torch.testing.assert_close(found, wanted)


def test_a_head_that_no_longer_fits_stays_behind(tmp_path):
    _classifier(tmp_path)
    for objective in (
        Denoise(start=tmp_path),  # the encoder learns
        Denoise(modalities=NOISY[1:], start=tmp_path, frozen=True),  # it sees less
    ):
        assert objective.model(TINY).head is None
        config = objective.record(replace(read_config(tmp_path), classes=(), families={}))
        assert config.classes == () and config.families == {}


def test_a_denoiser_comes_back_from_its_checkpoint(tmp_path, sample):
    model = written(tmp_path, Denoise()).eval()
    again = load_model(tmp_path)
    with torch.no_grad():
        torch.testing.assert_close(denoised(again, sample.views), denoised(model, sample.views))


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(DenomaeError, match="nobody has on the air"):
        Denoise(modalities=("clean_signal",)).model(TINY)
    with pytest.raises(DenomaeError, match="stay random"):
        Denoise(frozen=True).model(TINY)
    written(tmp_path, Wamim())
    with pytest.raises(DenomaeError, match="not \\['noisy_signal'\\]"):
        Denoise(start=tmp_path).model(TINY)
    with pytest.raises(DenomaeError, match="same preset"):
        Denoise(modalities=("noisy_image",), start=tmp_path).model(replace(TINY, width=64))


def test_a_signal_drawn_as_an_image_does_not_come_back(sample):
    architecture = replace(TINY, signal_form="image")
    model = Denoiser(architecture, ("noisy_signal",))
    with pytest.raises(DenomaeError, match="real part"):
        denoised(model, sample.views)
