# SPDX-License-Identifier: GPL-3.0-or-later
"""What fine-tuning begins with: an encoder's modalities, a wider head, a recipe of more classes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES
from denomae.model.classifier import Head
from denomae.model.denomae import DenoMAE
from denomae.model.presets import PRESETS
from denomae_training.data.source import Synthesized
from denomae_training.finetuning.starting import starting_classifier, widened
from denomae_training.finetuning.tuning import modality_names
from denomae_training.signals.extended import with_classes
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes import RECIPES

TEN = RECIPES["denomae10"]
PICO = dataclasses.replace(
    PRESETS["nano"], depth=1, width=32, heads=2, head_width=32, decoder_width=16, decoder_heads=2
)


def test_an_encoder_of_other_modalities_is_a_sentence() -> None:
    encoder = DenoMAE(PICO, ("noisy_image",)).encoder
    with pytest.raises(DenomaeError, match=r"does not know \['noisy_signal'\]"):
        starting_classifier(encoder, PICO, LIVE_MODALITIES, 10, seed=1)
    assert modality_names(["both", "noise"]) == ("noisy_image", "noisy_signal", "noise")
    with pytest.raises(DenomaeError, match="wanted one of"):
        modality_names(["picture"])


def test_a_wider_head_keeps_its_rows_to_the_bit_and_names_every_frame_as_before() -> None:
    torch.manual_seed(2)
    head = Head(PICO, 3)
    torch.nn.init.normal_(head.classes.weight, std=10)
    torch.nn.init.normal_(head.classes.bias)
    wide = widened(head, ("a", "b", "c"), ("a", "b", "c", "new", "newer"))
    assert torch.equal(wide.classes.weight[:3], head.classes.weight)
    assert torch.equal(wide.classes.bias[:3], head.classes.bias)
    tokens = torch.randn(500, 4, PICO.width)
    ours, theirs = wide(tokens), head(tokens)
    assert torch.equal(ours.logits.argmax(1), theirs.logits.argmax(1))
    assert torch.equal(ours.snr_db, theirs.snr_db)
    assert len(theirs.logits.argmax(1).unique()) == 3
    moved = widened(head, ("a", "b", "c"), ("c", "x", "a", "b"))
    assert torch.equal(moved.classes.weight[0], head.classes.weight[2])
    with pytest.raises(DenomaeError, match=r"the model knows \['b'\]"):
        widened(head, ("a", "b", "c"), ("a", "c"))


def test_a_recipe_with_more_classes_makes_the_same_frames() -> None:
    wide = with_classes(with_classes(TEN, {"morse": None}), {"64apsk": None, "hum": "analog"})
    assert wide.classes == (*TEN.classes, "morse", "64apsk", "hum") and wide.name == TEN.name
    own = {name: wide.families[name] for name in wide.classes[10:]}
    assert own == {"morse": "other", "64apsk": "qam", "hum": "analog"}
    for number in range(5):
        one, other = (synthesize(recipe, 3, number) for recipe in (TEN, wide))
        np.testing.assert_array_equal(one.noisy, other.noisy)
        assert one.class_index == other.class_index
    assert Synthesized(wide).classes == set(TEN.classes)
    with pytest.raises(DenomaeError, match="has the class gmsk already"):
        with_classes(wide, {"gmsk": None})
