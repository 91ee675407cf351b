# SPDX-License-Identifier: GPL-3.0-or-later
"""What the constellation image of a frame shows, as a picture: one row a kind of samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from denomae.modalities import unit_power
from denomae.raster import ImageSpec, constellation_image
from denomae.raster.shown import shown_samples
from denomae_training.checks.figure import new_figure, save
from denomae_training.data.source import generator
from denomae_training.signals.recipes.live import LIVE

KINDS = ("raw", "differential", "corrected", "synchronised")
SHOWN = ("bpsk", "qpsk", "8psk", "16apsk", "32apsk", "16qam", "64qam", "2fsk", "ofdm")
PIXELS = 128


def draw_images(snr_db: float, seed: int, path: Path) -> None:
    """Images of a frame of each class of `SHOWN`: of `live`, with all of its impairments but bursts
    shorter than a frame, and at 3 to 8 samples a symbol.

    Raises:
        DenomaeError: there is no matplotlib.
    """
    burst = replace(LIVE.burst, share=0.0)
    recipe = replace(LIVE, burst=burst, samples_per_symbol=(3.0, 8.0))
    frames = np.stack(
        [
            recipe.item(generator(seed, "shown", k), recipe.classes.index(name), snr_db).noisy
            for k, name in enumerate(SHOWN)
        ]
    )
    samples = unit_power(torch.from_numpy(frames))
    figure = new_figure((1.05 * len(SHOWN) + 0.9, 1.05 * len(KINDS) + 0.4))
    grid = figure.subplots(len(KINDS), len(SHOWN))
    for row, kind in zip(grid, KINDS, strict=True):
        spec = replace(ImageSpec(), height=PIXELS, width=PIXELS, samples=kind)
        images = constellation_image(shown_samples(samples, spec), spec)
        for axes, image, name in zip(row, images, SHOWN, strict=True):
            axes.imshow(image.sqrt().permute(1, 2, 0).numpy())  # a root, that few samples show too
            axes.set_xticks([])
            axes.set_yticks([])
            if kind == KINDS[0]:
                axes.set_title(name, fontsize=9)
        row[0].set_ylabel(kind, fontsize=9)
    save(figure, path)
