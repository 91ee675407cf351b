# SPDX-License-Identifier: GPL-3.0-or-later
"""A classifier that looks at a part of its tokens: which they are, and that all is all."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from denomae import Engine
from denomae.checkpoint import load_model, read_config, write_checkpoint
from denomae.errors import CheckpointError
from denomae.modalities import build
from denomae.model.sparse import Kept, visible_tokens


@pytest.fixture(scope="module")
def frames() -> torch.Tensor:
    rng = np.random.default_rng(3)
    points = np.exp(0.5j * np.pi * rng.integers(0, 4, (5, 1024)))  # a mostly empty image
    points = points + 0.1 * (rng.standard_normal((5, 1024, 2)) @ [1, 1j])
    return torch.from_numpy(points.astype(np.complex64))


@pytest.fixture(scope="module")
def model(nano_checkpoint):
    return load_model(nano_checkpoint)


@pytest.fixture(scope="module")
def inputs(frames, model):
    return build({"noisy": frames}, model.encoder.modalities, model.architecture.image)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_an_images_kept_patches_are_those_with_the_most_in_them(inputs, model, share):
    visible = visible_tokens(inputs, model.architecture, Kept(share, 3))
    images, patch = inputs["noisy_image"].numpy(), model.architecture.image_patch
    across = images.shape[3] // patch
    for image, kept in zip(images, visible["noisy_image"].tolist(), strict=True):
        mass = []
        for row in range(across):
            for column in range(across):
                rows = slice(row * patch, (row + 1) * patch)
                columns = slice(column * patch, (column + 1) * patch)
                mass.append(image[:, rows, columns].sum())
        wanted = sorted(np.argsort(mass)[::-1][: round(share * len(mass))].tolist())
        assert kept == wanted
    assert visible["noisy_signal"].tolist() == [list(range(0, 64, 3))] * len(images)


@torch.no_grad()
def test_keeping_all_is_what_it_was_and_what_is_left_out_is_not_seen(inputs, model):
    everything = {
        name: torch.arange(model.architecture.token_count(name)).expand(5, -1) for name in inputs
    }
    before = model(inputs, everything)
    torch.testing.assert_close(model(inputs).logits, before.logits, atol=1e-6, rtol=0)
    model.kept = Kept(0.25, 2)
    try:
        sparse = model(inputs)
        assert (sparse.logits - before.logits).abs().max() > 1e-5
        changed = {name: values.clone() for name, values in inputs.items()}
        changed["noisy_signal"][:, :, 16:32] += 1.0  # the second patch, which is left out
        torch.testing.assert_close(model(changed).logits, sparse.logits, atol=0, rtol=0)
        changed["noisy_signal"][:, :, 32:48] += 1.0
        assert (model(changed).logits - sparse.logits).abs().max() > 1e-5
    finally:
        model.kept = Kept()


def test_a_checkpoint_says_which_tokens_its_engine_looks_at(nano_checkpoint, frames, tmp_path):
    config = dataclasses.replace(read_config(nano_checkpoint), kept=Kept(0.5, 2))
    write_checkpoint(tmp_path, config, load_model(nano_checkpoint))
    sparse = Engine.load(tmp_path, device="cpu", precision="fp32", threads=1)
    assert sparse.config.kept == Kept(0.5, 2)
    found = sparse.probabilities(frames.numpy())[0]
    whole = Engine.load(nano_checkpoint, device="cpu", precision="fp32", threads=1)
    assert not np.allclose(found, whole.probabilities(frames.numpy())[0], atol=1e-6)
    assert not np.allclose(sparse.embed(frames.numpy()), whole.embed(frames.numpy()), atol=1e-6)


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({"image_share": 0.0, "signal_every": 1}, "kept.image_share: found 0.0"),
        ({"image_share": 1.0, "signal_every": 65}, "kept.signal_every: found 65"),
    ],
)
def test_a_share_that_cannot_be_is_named(nano_checkpoint, tmp_path, kept, said):
    write_checkpoint(tmp_path, read_config(nano_checkpoint), load_model(nano_checkpoint))
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"kept": kept}))
    with pytest.raises(CheckpointError, match=said):
        read_config(tmp_path)


def test_a_checkpoint_from_before_keeps_all(nano_checkpoint, tmp_path):
    write_checkpoint(tmp_path, read_config(nano_checkpoint), load_model(nano_checkpoint))
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    del config["kept"]
    path.write_text(json.dumps(config))
    assert read_config(tmp_path).kept.all
