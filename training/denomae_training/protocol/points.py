# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run of a protocol is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from denomae_training.objectives.objective import Objective

TIERS = ("cpu", "gpu", "full")  # each holds those before it
Kind = Literal["classify", "forest", "noise", "denoise", "denoise-whole"]


@dataclass(frozen=True)
class Pretrained:
    """What an encoder learns without labels.

    Attributes:
        name: of its folder, together with the seed.
        frames: in the set that it sees again and again.
    """

    name: str
    objective: Objective
    frames: int


@dataclass(frozen=True)
class Point:
    """One row of the results.

    Attributes:
        id: its file's name.
        method: see `report.result.Result`.
        title: in words that a table can show, without the seed.
        parts: the questions that it helps to answer, see `report.result.PARTS`.
        tier: who can afford it, one of `TIERS`.
        pretrained: None: from scratch.
        encoder: see `rivals.encoders`.
        inputs: modalities that the classifier looks at.
        kind: what is measured: a fine-tuned classifier; a random forest; a classifier that is given
            the noise as well; the denoising stage, behind a frozen encoder or of the whole model.
    """

    id: str
    method: str
    title: str
    parts: tuple[str, ...]
    tier: str
    seed: int
    inputs: tuple[str, ...]
    labels: int
    pretrained: Pretrained | None = None
    encoder: str = "vit"
    kind: Kind = "classify"
