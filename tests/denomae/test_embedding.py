# SPDX-License-Identifier: GPL-3.0-or-later
"""An embedding is the mean of the tokens that the model itself gives, however it is computed."""

import gc
import weakref

import numpy as np
import pytest
import torch

from denomae import Engine
from denomae.checkpoint import SHIPPED, load_model, read_config
from denomae.errors import DenomaeError
from denomae.modalities import build


@pytest.fixture(scope="module")
def engine(nano_checkpoint) -> Engine:
    return Engine.load(nano_checkpoint, device="cpu", precision="fp32", batch_size=8, threads=1)


def _frames(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 1024, 2), dtype=np.float32).view(np.complex64)[..., 0]


def _by_hand(folder, frames: np.ndarray) -> np.ndarray:
    """The encoder called on its own, outside of every engine."""
    config = read_config(folder)
    encoder = load_model(folder, config).eval().encoder
    unit = torch.from_numpy(frames / np.sqrt(np.mean(np.abs(frames) ** 2, axis=1, keepdims=True)))
    with torch.inference_mode():
        tokens = encoder(build({"noisy": unit}, config.modalities, config.architecture.image))
    every = np.concatenate([part.numpy() for part in tokens.values()], axis=1)
    return every.astype(np.float64).mean(1)


@pytest.mark.parametrize("count", [1, 8, 21])
def test_it_is_the_mean_of_all_tokens(engine, nano_checkpoint, count):
    frames = 3 * _frames(count)
    embeddings = engine.embed(frames)
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (count, engine.config.architecture.width)
    np.testing.assert_allclose(embeddings, _by_hand(nano_checkpoint, frames), atol=2e-5)


def test_that_of_the_shipped_model_tells_its_recorded_frames_apart():
    frames = np.load(SHIPPED / "recorded.npy")[:6]
    embeddings = Engine.load(device="cpu", precision="fp32", batch_size=4).embed(frames)
    np.testing.assert_allclose(embeddings, _by_hand(SHIPPED, frames), atol=1e-4)
    apart = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)
    assert apart[np.triu_indices(6, 1)].min() > 1e-2


def test_the_head_makes_of_it_what_classify_says(engine):
    frames = _frames(5)
    head = engine._model.head
    with torch.inference_mode():
        features = head.activation(head.hidden(head.norm(torch.from_numpy(engine.embed(frames)))))
        shares = head.classes(features).softmax(1).numpy()
    said = [list(label.probabilities.values()) for label in engine.classify(frames)]
    np.testing.assert_allclose(shares, said, atol=1e-5)


def test_in_bf16_it_is_nearly_the_same(nano_checkpoint):
    frames = _frames(6)
    engine = Engine.load(nano_checkpoint, device="cpu", precision="bf16", batch_size=4, threads=1)
    exact = _by_hand(nano_checkpoint, frames)
    assert np.abs(engine.embed(frames) - exact).max() < 0.05 * np.abs(exact).max()


def test_no_frames_have_no_embeddings(engine):
    assert engine.embed(np.empty((0, 1024), np.complex64)).shape == (
        0,
        engine.config.architecture.width,
    )


@pytest.mark.parametrize(
    "frames, said",
    [
        (np.zeros((2, 1024), np.complex64), "nothing but zeros"),
        (np.full((2, 1024), np.nan, np.complex64), "NaN"),
        (_frames(2)[:, :1000], "wanted complex64 of shape"),
        (_frames(2).astype(np.complex128), "complex128"),
    ],
)
def test_frames_that_cannot_be_embedded_are_refused(engine, frames, said):
    with pytest.raises(DenomaeError, match=said):
        engine.embed(frames)


def test_an_engine_that_embedded_is_freed_by_its_last_reference(nano_checkpoint):
    gc.collect()
    gc.disable()
    try:
        engine = Engine.load(nano_checkpoint, device="cpu", batch_size=2, threads=1)
        engine.warm_up_embedding()
        weights = weakref.ref(engine._model)
        del engine
        assert weights() is None
    finally:
        gc.enable()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that PyTorch can use")
def test_a_gpu_gives_the_cpus_with_and_without_graphs_between_labels(nano_checkpoint):
    frames = _frames(21)
    exact = _by_hand(nano_checkpoint, frames)
    engine = Engine.load(nano_checkpoint, device="cuda", precision="fp32", batch_size=8)
    labels = [label.label for label in engine.classify(frames)]
    np.testing.assert_allclose(engine.embed(frames), exact, atol=1e-2)
    engine.warm_up()
    engine.warm_up_embedding()
    for _ in range(3):
        np.testing.assert_allclose(engine.embed(frames), exact, atol=1e-2)
        assert [label.label for label in engine.classify(frames)] == labels
