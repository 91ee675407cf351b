# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of objective learns 32 frames nearly by heart, under one mask."""

from dataclasses import replace

import pytest
import torch

from denomae.modalities import MODALITIES
from denomae.model.presets import PRESETS
from denomae_training.feeds.sample import sample_of
from denomae_training.objectives.denoise import Denoise
from denomae_training.objectives.denomae import Denomae
from denomae_training.objectives.mae import Mae
from denomae_training.objectives.wamim import Wamim
from denomae_training.signals.dataset import make_batch
from denomae_training.signals.recipes import RECIPES

NANO = PRESETS["nano"]
# Few tokens, so that two blocks can hold 32 frames: 4 of 16 px an image, 4 of 8 samples a signal.
SMALL = replace(
    NANO,
    frame_length=32,
    signal_patch=8,
    image=replace(NANO.image, height=32, width=32),
    width=64,
    depth=2,
    heads=2,
    decoder_heads=2,
)


@pytest.fixture(scope="module")
def sample():
    long = replace(SMALL, frame_length=1024)
    frames = make_batch(RECIPES["live11"], seed=3, first=0, size=32)
    whole = sample_of(frames, tuple(MODALITIES), long)
    views = {n: v[..., :32] if v.ndim == 3 else v for n, v in whole.views.items()}
    return replace(whole, views=views)


@pytest.mark.timeout(400)  # seconds of computing, minutes on a busy machine
@pytest.mark.parametrize(
    "objective",
    [
        Denomae(modalities=("noisy_image", "noisy_signal"), masked_share=0.5),
        Mae(masked_share=0.5, decoded_share=0.5),
        Wamim(masked_share=0.5),
        Denoise(),
    ],
    ids=lambda objective: type(objective).__name__,
)
def test_an_objective_overfits_32_frames(objective, sample):
    torch.manual_seed(0)
    model = objective.model(SMALL)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    steps, losses = 150, []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 3e-3 * min(1, step / 20, 1.05 - step / steps)
        loss, _ = objective.loss(model, sample, torch.Generator().manual_seed(0), 0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.06 * losses[0]
