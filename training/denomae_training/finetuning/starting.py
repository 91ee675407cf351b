# SPDX-License-Identifier: GPL-3.0-or-later
"""The classifier that training begins with: an encoder that was, and a head that knows no less."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import nn

from denomae.errors import DenomaeError
from denomae.model.classifier import Classifier, Head
from denomae.model.encoder import Encoder
from denomae.model.presets import Architecture


def starting_classifier(
    encoder: nn.Module | None,
    architecture: Architecture,
    modalities: tuple[str, ...],
    classes: int,
    seed: int,
    head: Head | None = None,
) -> Classifier:
    """A classifier of some modalities; what it is given is copied, and what it lacks is drawn.

    Args:
        encoder: of these modalities or more: its embeddings of others are left behind. A rival
            network, which is no `Encoder`, is taken whole. None: from scratch.
        head: of as many classes; None: a new one.
        seed: of new weights.

    Raises:
        DenomaeError: the encoder does not know a modality, or is of another architecture.
    """
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
        torch.manual_seed(seed)
        model = Classifier(architecture, modalities, classes)
    if encoder is not None:
        missing = [name for name in model.encoder.modalities if name not in encoder.modalities]
        if missing:
            raise DenomaeError(
                f"the encoder to start from does not know {missing}; it was trained on "
                f"{list(encoder.modalities)}: wanted some of these, or another encoder"
            )
        if encoder.architecture != architecture:
            raise DenomaeError(
                "the encoder to start from is of another architecture than wanted; fine-tune it "
                "with its own"
            )
        if isinstance(encoder, Encoder):
            given = encoder.state_dict()
            model.encoder.load_state_dict(
                {name: given[name] for name in model.encoder.state_dict()}
            )
        else:
            model.encoder = copy.deepcopy(encoder).requires_grad_(True)
    if head is not None:
        model.head.load_state_dict(head.state_dict())
    return model


def widened(head: Head, before: Sequence[str], after: Sequence[str]) -> Head:
    """A head of more classes: the rows of those it knew stay as they are, to the bit.

    A new class begins at the mean of all rows. Its score is then the mean of the scores, which is
    never the largest: until the first step every frame is named as before.

    Args:
        before: the head's classes.
        after: all of these, and others, in any order.

    Raises:
        DenomaeError: a class would be lost.
    """
    lost = [name for name in before if name not in after]
    if lost:
        raise DenomaeError(f"the model knows {lost}, which the new classes {list(after)} lack")
    wide = copy.deepcopy(head)
    wide.classes = nn.Linear(head.classes.in_features, len(after))
    with torch.no_grad():
        for given, wanted in (
            (head.classes.weight, wide.classes.weight),
            (head.classes.bias, wide.classes.bias),
        ):
            wanted.copy_(given.mean(0, keepdim=True).expand_as(wanted))
            for row, name in enumerate(before):
                wanted[after.index(name)] = given[row]
    return wide
