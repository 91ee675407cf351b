# SPDX-License-Identifier: GPL-3.0-or-later
"""The convolutional denoiser: what it sees, what it is asked for, and that it can learn it."""

import dataclasses
import json

import pytest
import torch

from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES
from denomae.model.presets import PRESETS
from denomae.raster import ImageSpec
from denomae_training.cli import main
from denomae_training.feeds.sample import Sample, sample_of
from denomae_training.objectives.dae import Dae
from denomae_training.rivals.conv import ConvEncoder
from denomae_training.rivals.stored import load_encoder, save_encoder
from denomae_training.signals.dataset import make_batch
from denomae_training.signals.recipes import RECIPES

SMALL = dataclasses.replace(PRESETS["nano"], image=ImageSpec(32, 32), width=32, frame_length=1024)


def _sample(objective, size=4):
    return sample_of(make_batch(RECIPES["denomae10"], 1, 0, size), objective.needs, SMALL)


def _loss(objective, model, sample):
    return objective.loss(model, sample, torch.Generator().manual_seed(0), 0.0)


@pytest.mark.parametrize("modalities", [("noisy_image",), ("noisy_signal",), LIVE_MODALITIES])
def test_it_gives_each_modality_without_noise_and_in_its_own_shape(modalities):
    torch.manual_seed(0)
    objective = Dae(modalities)
    assert set(objective.needs) == {*modalities} | {n.replace("noisy", "clean") for n in modalities}
    sample, model = _sample(objective), objective.model(SMALL)
    found = model({name: sample.views[name] for name in modalities})
    assert {n: v.shape for n, v in found.items()} == {
        n: sample.views[n.replace("noisy", "clean")].shape for n in modalities
    }
    _, parts = _loss(objective, model, sample)
    assert list(parts) == list(modalities)


def test_the_error_counts_every_pixel_of_the_clean_image_and_nothing_else():
    objective = Dae()
    sample = _sample(objective)

    class Answer(torch.nn.Module):
        def forward(self, inputs):
            assert list(inputs) == ["noisy_image"]
            wrong = sample.views["clean_image"].clone()
            wrong[1, 2, 31, 0] += 3
            return {"noisy_image": wrong}

    loss, parts = _loss(objective, Answer(), sample)
    assert loss.item() == pytest.approx(9 / (4 * 3 * 32 * 32), rel=1e-4)
    assert parts["noisy_image"] == loss


def test_two_halves_of_a_batch_give_the_whole_batchs_loss():
    torch.manual_seed(0)
    objective = Dae(LIVE_MODALITIES)
    sample, model = _sample(objective), objective.model(SMALL)

    def rows(part):
        views = {name: values[part] for name, values in sample.views.items()}
        return Sample(views, sample.class_index[part], sample.snr_db[part], part, 4)

    halves = [_loss(objective, model, rows(part))[0] for part in (slice(0, 2), slice(2, 4))]
    whole = _loss(objective, model, sample)[0]
    torch.testing.assert_close(torch.stack(halves).mean(), whole)


@pytest.mark.parametrize("modality", LIVE_MODALITIES)
def test_it_learns_a_few_frames_by_heart(modality):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    objective = Dae((modality,))
    sample, model = _sample(objective), objective.model(SMALL)
    first = _loss(objective, model, sample)[0].item()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(120):
        optimizer.zero_grad()
        loss, _ = _loss(objective, model, sample)
        loss.backward()
        optimizer.step()
    clean = sample.views[modality.replace("noisy", "clean")]
    assert loss < 0.1 * clean.var() and loss < 0.2 * first


def test_the_command_leaves_its_encoder_for_others_to_start_from(tmp_path):
    arguments = ["pretrain", "--output", str(tmp_path), "--recipe", "denomae10"]
    schedule = ["--schedule.frames", "8", "--schedule.batch-size", "4"]
    machine = ["--machine.workers", "0", "--machine.threads", "1", "--machine.device", "cpu"]
    assert main([*arguments, *schedule, *machine, "objective:dae"]) == 0
    encoder = load_encoder(tmp_path / "encoder")
    assert isinstance(encoder, ConvEncoder) and encoder.modalities == ("noisy_image",)
    assert encoder.architecture == PRESETS["nano"]


def test_its_encoder_is_probed_by_the_command_and_makes_no_checkpoint(tmp_path, capsys):
    torch.manual_seed(0)
    save_encoder(tmp_path / "encoder", Dae(LIVE_MODALITIES).model(SMALL).encoder)
    few = ["--labels", "20", "--validation-frames", "10", "--report-frames", "100"]
    command = [
        "finetune", "--output", str(tmp_path / "out"), "--start", str(tmp_path / "encoder"),
        "--recipe", "denomae10", "--modalities", "image", *few,
        "--machine.workers", "0", "--machine.threads", "1", "--machine.device", "cpu",
    ]  # fmt: skip
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "no ViT, and no checkpoint runs such a one live; wanted --mode linear" in said
    assert not (tmp_path / "out").exists()
    pytest.importorskip("sklearn")
    assert main([*command, "--mode", "linear"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["frames"] == 100 and 0 <= report["accuracy"] <= 1
    assert not (tmp_path / "out" / "checkpoint").exists()


def test_an_image_that_does_not_halve_three_times_is_refused():
    odd = dataclasses.replace(SMALL, image=ImageSpec(36, 36))
    with pytest.raises(DenomaeError, match="noisy_image is 36 x 36; .* wants multiples of 8"):
        Dae().model(odd)
