# SPDX-License-Identifier: GPL-3.0-or-later
"""Encoders that are no ViT: one interface, frames apart from their batch, and their files."""

import dataclasses
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from denomae.checkpoint import write_checkpoint
from denomae.errors import CheckpointError, DenomaeError
from denomae.model.classifier import Classifier
from denomae.model.denomae import DenoMAE
from denomae.model.presets import PRESETS
from denomae.raster import ImageSpec
from denomae_training.commands.common import checkpoint_config
from denomae_training.feeds.sample import sample_of
from denomae_training.finetuning.starting import starting_classifier
from denomae_training.objectives.classification import Classification
from denomae_training.rivals.cnn import PUBLISHED, CnnEncoder, CnnSize, size_for
from denomae_training.rivals.encoders import ENCODERS, make_encoder
from denomae_training.rivals.stored import load_encoder, save_encoder
from denomae_training.signals.dataset import make_batch
from denomae_training.signals.recipes import RECIPES

SMALL = dataclasses.replace(
    PRESETS["nano"],
    image=ImageSpec(32, 32),
    **{"width": 32, "depth": 2, "heads": 2, "decoder_width": 16, "decoder_heads": 2},
)
SIGNAL = ("noisy_signal",)
BOTH = ("noisy_image", "noisy_signal")
KINDS = [("vit", BOTH), ("cnn", SIGNAL), ("conv", BOTH), ("conv", SIGNAL)]


@pytest.fixture(scope="module")
def sample():
    return sample_of(make_batch(RECIPES["denomae10"], 1, 0, 4), BOTH, SMALL)


def _inputs(sample, names):
    return {name: sample.views[name] for name in names}


def _classifier(kind, modalities, classes=10):
    encoder = make_encoder(kind, SMALL, modalities)
    return starting_classifier(encoder, SMALL, modalities, classes, seed=1)


@pytest.mark.parametrize("kind, modalities", KINDS)
def test_every_encoder_gives_tokens_of_its_width_and_stands_before_the_one_head(
    kind, modalities, sample
):
    torch.manual_seed(0)
    model = _classifier(kind, modalities)
    assert type(model.encoder) is ENCODERS[kind] and model.architecture == SMALL
    tokens = model.encoder(_inputs(sample, modalities))
    assert tuple(tokens) == modalities == model.encoder.modalities
    assert all(t.shape[0] == 4 and t.shape[2] == 32 for t in tokens.values())
    assert model(_inputs(sample, modalities)).logits.shape == (4, 10)
    objective = Classification(10, modalities)
    loss, _ = objective.loss(model, sample, torch.Generator(), 0.0)
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("kind, modalities", KINDS)
def test_a_frame_does_not_depend_on_its_batch(kind, modalities, sample):
    torch.manual_seed(0)
    encoder = make_encoder(kind, SMALL, modalities).train()
    inputs = _inputs(sample, modalities)
    others = {n: torch.cat([v[:1], 100 * torch.randn_like(v[1:])]) for n, v in inputs.items()}
    for name, tokens in encoder(inputs).items():
        torch.testing.assert_close(encoder(others)[name][0], tokens[0], rtol=1e-4, atol=1e-5)


def test_the_cnn_is_the_one_described():
    """Channels, kernels and gates as in the paper's table: 202,880 parameters with its two dense
    layers of 128 and 24 classes; ours ends after the first."""
    with torch.device("meta"):
        encoder = CnnEncoder(dataclasses.replace(SMALL, width=128), SIGNAL, PUBLISHED)
    count = sum(parameter.numel() for parameter in encoder.parameters())
    assert count + (128 * 128 + 128) + (128 * 24 + 24) == 202_880
    assert size_for(PRESETS["base"]) == PUBLISHED != size_for(PRESETS["nano"])


def test_the_cnns_token_is_made_of_means_and_variances_over_time():
    """So samples in another order give the same token where kernels are of one sample."""
    torch.manual_seed(0)
    size = CnnSize((8, 8), (1, 1), (1, 1), (1, 1))
    encoder = CnnEncoder(SMALL, SIGNAL, size)
    signal = torch.randn(2, 2, 64)
    mixed = signal[:, :, torch.randperm(64)]
    token = encoder({"noisy_signal": signal})["noisy_signal"]
    torch.testing.assert_close(encoder({"noisy_signal": mixed})["noisy_signal"], token)
    constant = encoder({"noisy_signal": signal.mean(2, keepdim=True).expand_as(signal)})
    assert (constant["noisy_signal"] - token).abs().max() > 0.01


def test_the_cnn_learns_a_few_frames_by_heart():
    torch.manual_seed(0)
    batch = sample_of(make_batch(RECIPES["denomae10"], 2, 0, 8), SIGNAL, SMALL)
    model = _classifier("cnn", SIGNAL)
    objective = Classification(10, SIGNAL)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(100):
        loss, parts = objective.loss(model, batch, torch.Generator(), 0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert parts["accuracy"] == 1


@pytest.mark.parametrize(
    "kind, modalities, said",
    [
        ("resnext", SIGNAL, "no encoder 'resnext'; wanted one of .'vit', 'cnn', 'conv'."),
        ("cnn", BOTH, "the CNN reads one signal, found .*; wanted noisy_signal"),
        ("cnn", ("noisy_image",), "the CNN reads one signal, found .*'noisy_image'"),
    ],
)
def test_what_an_encoder_cannot_read_is_refused(kind, modalities, said):
    with pytest.raises(DenomaeError, match=said):
        make_encoder(kind, SMALL, modalities)


@pytest.mark.parametrize("kind", ["cnn", "conv"])
def test_a_convolution_refuses_to_leave_tokens_out_and_modalities_it_does_not_know(kind, sample):
    encoder = make_encoder(kind, SMALL, SIGNAL)
    with pytest.raises(DenomaeError, match="wanted a visible share of 1"):
        encoder(_inputs(sample, SIGNAL), {"noisy_signal": torch.zeros(4, 1, dtype=torch.int64)})
    with pytest.raises(DenomaeError, match="this encoder knows .'noisy_signal'., not .'noisy_im"):
        encoder(_inputs(sample, ("noisy_image",)))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    save_encoder(folder, make_encoder("cnn", SMALL, SIGNAL))
    return folder


@pytest.mark.parametrize("kind, modalities", [("cnn", SIGNAL), ("conv", BOTH)])
def test_an_encoder_comes_back_as_it_was_written(kind, modalities, tmp_path, sample):
    encoder = make_encoder(kind, SMALL, modalities).eval()
    save_encoder(tmp_path, encoder)
    found = load_encoder(tmp_path)
    assert type(found) is ENCODERS[kind] and not found.training
    assert (found.modalities, found.architecture) == (modalities, SMALL)
    assert all(parameter.requires_grad for parameter in found.parameters())
    inputs = _inputs(sample, modalities)
    for name, tokens in encoder(inputs).items():
        assert torch.equal(found(inputs)[name], tokens)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "encoder.json",
        "encoder.safetensors",
    ]


@pytest.mark.parametrize("kind", ["pretrained", "classifier"])
def test_a_checkpoints_encoder_is_taken_too(kind, tmp_path):
    from denomae.checkpoint import Provenance

    made = DenoMAE(SMALL, BOTH) if kind == "pretrained" else Classifier(SMALL, BOTH, 10)
    provenance = Provenance(1, 0, 0, "unknown")
    recipe = RECIPES["denomae10"]
    config = checkpoint_config("test", kind, SMALL, BOTH, recipe, provenance)
    write_checkpoint(tmp_path, config, made)
    found = load_encoder(tmp_path).state_dict()
    assert found.keys() == made.encoder.state_dict().keys()
    assert all(torch.equal(found[name], t) for name, t in made.encoder.state_dict().items())


def test_a_vit_is_stored_as_a_checkpoint_only(tmp_path):
    with pytest.raises(DenomaeError, match="a ViT is stored as a checkpoint"):
        save_encoder(tmp_path, make_encoder("vit", SMALL, BOTH))


def _record(change):
    def edit(folder):
        path = folder / "encoder.json"
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return edit


def _tensors(change):
    def edit(folder):
        tensors = load_file(folder / "encoder.safetensors")
        change(tensors)
        save_file(tensors, folder / "encoder.safetensors")

    return edit


@pytest.mark.parametrize(
    "edit, said",
    [
        (_record(lambda d: d.update(format="x/1")), "format: found 'x/1', wanted 'denomae.encod"),
        (_record(lambda d: d.update(kind="vit")), "kind: found 'vit', wanted one of"),
        (_record(lambda d: d.pop("size")), "the field 'size' is missing"),
        (_record(lambda d: d.update(modalities=["heat"])), "encoder.json: modalities are .'heat'"),
        (_record(lambda d: d.update(modalities=["noisy_image"])), "the CNN reads one signal"),
        (_record(lambda d: d["architecture"].update(width=0)), "architecture.width: found .0., wa"),
        (_record(lambda d: d["architecture"].update(width=64)), r"found the shape \[32, 128\]"),
        (_record(lambda d: d["size"].update(kernels=[7])), "size: found lists of unequal length"),
        (_record(lambda d: d["size"]["kernels"].__setitem__(0, 10**9)), "size.kernels: found"),
        (_record(lambda d: d.update(weights_sha256="0")), "does not belong to its encoder.json"),
        (lambda f: (f / "encoder.json").write_text("{"), "encoder.json is not JSON"),
        (lambda f: (f / "encoder.safetensors").unlink(), "holds no encoder.safetensors"),
        (lambda f: (f / "encoder.safetensors").write_bytes(b"x" * 99), "not a whole safetensors"),
        (_tensors(lambda t: t.pop("dense.bias")), "the tensor 'dense.bias' is missing"),
        (_tensors(lambda t: t.update(more=torch.zeros(1))), "found the tensor 'more'"),
        (_tensors(lambda t: t["dense.bias"].fill_(float("nan"))), "found NaN or infinity"),
        (shutil.rmtree, "no checkpoint at"),
        (lambda f: (f / "encoder.json").unlink(), "holds neither encoder.json nor config.json"),
    ],
)  # fmt: skip
def test_a_damaged_encoder_is_refused_in_one_sentence(edit, said, stored, tmp_path):
    folder = shutil.copytree(stored, tmp_path / "copy")
    edit(folder)
    with pytest.raises(CheckpointError, match=said) as error:
        load_encoder(folder)
    assert str(folder) in str(error.value) and "\n" not in str(error.value)
