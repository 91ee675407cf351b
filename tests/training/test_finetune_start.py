# SPDX-License-Identifier: GPL-3.0-or-later
"""What fine-tuning begins with: an encoder's modalities, a wider head, a recipe of more classes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from denomae.checkpoint import read_config
from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES
from denomae.model.classifier import Head
from denomae.model.denomae import DenoMAE
from denomae.model.presets import PRESETS
from denomae.model.sparse import Kept
from denomae_training.cli import main
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


def test_a_checkpoint_records_what_its_images_show_and_which_tokens_are_looked_at(tmp_path, capsys):
    few = [
        "--recipe", "denomae10", "--schedule.frames", "8", "--schedule.batch-size", "4",
        "--schedule.warmup-frames", "0", "--machine.threads", "1", "--machine.workers", "0",
        "--machine.no-tensorboard",
    ]  # fmt: skip
    first, second = tmp_path / "first", tmp_path / "second"
    corrected = ["--images", "corrected", "objective:denomae", "--objective.masked-share", "0.5"]
    assert main(["pretrain", "--output", str(first), *few, *corrected]) == 0
    start = ["--output", str(second), "--start", str(first / "checkpoint")]
    tuned = [*start, *few, "--validation-frames", "10", "--report-frames", "0"]
    assert main(["finetune", *tuned, "--images", "differential"]) == 2
    assert "trained on images of corrected samples" in capsys.readouterr().err
    assert main(["finetune", *tuned]) == 0
    image = read_config(second / "checkpoint").architecture.image
    assert (image.samples, image.lag) == ("corrected", 1)
    assert read_config(second / "checkpoint").kept == Kept(), "all, unless asked"
    third = ["--output", str(tmp_path / "third"), "--start", str(second / "checkpoint")]
    tuned = [*third, *few, "--validation-frames", "10", "--report-frames", "0"]
    assert main(["finetune", *tuned, "--image-share", "1.5"]) == 2
    assert "image_share is 1.5; wanted a share above 0" in capsys.readouterr().err
    assert main(["finetune", *tuned, "--image-share", "0.5", "--mode", "head"]) == 2
    assert "with the mode head, which takes all" in capsys.readouterr().err
    assert main(["finetune", *tuned, "--image-share", "0.5", "--signal-every", "2"]) == 0
    assert read_config(tmp_path / "third" / "checkpoint").kept == Kept(0.5, 2)
    assert main(["pretrain", "--output", str(tmp_path / "x"), *few, "--image-lag", "1024"]) == 2
    assert "image_lag is 1024; wanted 1 to 1023" in capsys.readouterr().err
