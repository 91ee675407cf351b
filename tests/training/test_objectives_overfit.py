# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of objective learns 32 frames nearly by heart, under one mask.

Nearly by heart: with a fifth of the error of who knows the mean of the 32 frames at each place of
the target, and nothing of the frame.
"""

import math
from dataclasses import replace

import pytest
import torch

from denomae.modalities import MODALITIES, PUBLISHED_MODALITIES
from denomae.model.presets import PRESETS
from denomae_training.feeds.sample import sample_of
from denomae_training.objectives.dae import Dae
from denomae_training.objectives.denoise import Denoise
from denomae_training.objectives.denomae import Denomae
from denomae_training.objectives.mae import Mae
from denomae_training.objectives.wamim import Wamim, normalised
from denomae_training.objectives.wavelets import haar_levels
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


IMAGE, SIGNAL = ("noisy_image",), ("noisy_signal",)
WAVELETS = Wamim(
    levels=(2, 3, 4),
    layers=(6, 9, 12),
    weights=(1.0, 1.0, 1.0),
    bands=("details", "details", "details"),
    masked_share=0.5,
)
OBJECTIVES = {
    "denomae": Denomae(modalities=IMAGE + SIGNAL, masked_share=0.5),
    "partly decoded": Mae(masked_share=0.5, decoded_share=0.5),
    "positions": Mae(modalities=IMAGE, masked_share=0.5, patch_position=0.1),
    "wamim": WAVELETS,
    "denoise": Denoise(modalities=IMAGE),
    "dae": Dae(IMAGE),
}


@pytest.fixture(scope="module")
def sample():
    """Frames less their mean, over their deviation, so that no step goes into what all share."""
    long = replace(SMALL, frame_length=1024)
    frames = make_batch(RECIPES["live11"], seed=3, first=0, size=32)
    whole = sample_of(frames, PUBLISHED_MODALITIES, long)
    views = {n: v[..., :32] if v.ndim == 3 else v for n, v in whole.views.items()}
    views = {n: v - v.mean(0) for n, v in views.items()}
    return replace(whole, views={n: v / v.std() for n, v in views.items()})


def error_of_the_mean(objective, name, views):
    """Of a part of the loss, where all that is known is the mean of the frames at each place."""
    if name == "patch_position":
        return math.log(SMALL.token_count("noisy_image"))  # chance
    if isinstance(objective, Wamim):
        level = int(name.split("_")[1])
        target = normalised(haar_levels(views["noisy_image"], 4)[level - 1].coefficients("details"))
    elif isinstance(objective, Mae):
        target = views[objective.targets[name]]
    else:
        target = views[MODALITIES[name].target]
    return float((target - target.mean(0)).square().mean())


@pytest.mark.timeout(400)  # seconds of computing, minutes on a busy machine
@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_an_objective_overfits_32_frames(objective, sample):
    torch.manual_seed(0)
    model = objective.model(SMALL)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    steps = 120
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 6e-3 * min(1, (step + 1) / 20, 1.05 - step / steps)
        loss, parts = objective.loss(model, sample, torch.Generator().manual_seed(0), 0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for name, error in parts.items():
        assert float(error.detach()) < 0.2 * error_of_the_mean(objective, name, sample.views), name
