# SPDX-License-Identifier: GPL-3.0-or-later
"""Colour jitter as the study has it: brightness, contrast, saturation and hue, drawn a picture.

Brightness, contrast and saturation are changed by factors of 0.5 to 1.5. "Hue by factors between
0.9 and 1.1" is taken as a turn by -0.1 to 0.1 of the colour circle, torchvision's unit.
"""

from __future__ import annotations

import torch
from torch import Tensor

from denomae_training.data.source import generator

FACTORS = (0.5, 1.5)
HUE = 0.1  # of a turn


def jittered(images: Tensor, seed: int) -> Tensor:
    """Pictures float32 [N, 3, H, W] in 0..1, each changed in its own way and in its own order.

    The same for the same seed, whatever stands before or behind a picture.
    """
    from torchvision.transforms.v2 import functional as change

    made = torch.empty_like(images)
    for number, image in enumerate(images):
        draw = generator(seed, "jitter", number)
        factors, turn = draw.uniform(*FACTORS, 3), draw.uniform(-HUE, HUE)
        steps = (
            lambda x, f=float(factors[0]): change.adjust_brightness(x, f),
            lambda x, f=float(factors[1]): change.adjust_contrast(x, f),
            lambda x, f=float(factors[2]): change.adjust_saturation(x, f),
            lambda x, f=float(turn): change.adjust_hue(x, f),
        )
        for step in draw.permutation(len(steps)):
            image = steps[step](image)
        made[number] = image
    return made
