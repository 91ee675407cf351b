# SPDX-License-Identifier: GPL-3.0-or-later
"""The published generator, to the letter of what is known of it, and frames of unequal length."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from denomae.model.denomae import DenoMAE
from denomae.model.presets import PRESETS
from denomae.raster import constellation_image
from denomae_training.feeds.sample import sample_of, training_modalities
from denomae_training.objectives.denomae import Denomae
from denomae_training.signals.dataset import Batch, batches, make_batch
from denomae_training.signals.recipe import synthesize
from denomae_training.signals.recipes import RECIPES
from denomae_training.signals.recipes.paper10 import gmsk_filter, gmsk_phase

PUBLISHED, NO_POWER = RECIPES["paper10"], RECIPES["paper10_no_power"]
NANO = PRESETS["nano"]
IMAGES_AND_SIGNALS = ("noisy_image", "noisy_signal", "clean_image", "clean_signal", "noise")


def _items(recipe, name, count, snr_db=(0.0, 0.0)):
    index = recipe.classes.index(name)
    snr = np.random.default_rng(0).uniform(*snr_db, count)
    return [recipe.item(np.random.default_rng([index, n]), index, snr[n]) for n in range(count)]


def _mixed_batch(recipe, size=40) -> Batch:
    """Items that have both lengths among them."""
    batch = make_batch(recipe, 3, 0, size)
    assert set(torch.isfinite(batch.waveforms["noisy"]).sum(1).tolist()) == {1024, 8192}
    return batch


def _row_of(batch: Batch, recipe, name: str) -> int:
    return batch.class_index.tolist().index(recipe.classes.index(name))


@pytest.mark.parametrize(
    "name, power",
    [("ook", 0.5), ("4ask", 5), ("8ask", 21), ("oqpsk", math.exp(math.pi / 2)), ("cpfsk", 1),
     ("gfsk", 1), ("4pam", 5), ("dqpsk", 1), ("16pam", 85), ("gmsk", 1)],
)  # fmt: skip
def test_each_published_class_has_its_own_power(name, power):
    measured = [np.mean(np.abs(item.clean) ** 2) for item in _items(PUBLISHED, name, 50)]
    # a frame's power varies with its symbols by at most 1/32 of its mean; the mean of 50 by 1/226
    assert np.mean(measured) == pytest.approx(power, rel=0.02)


def test_the_published_oqpsk_is_dqpsk_2_193_times_as_strong():
    assert np.allclose(PUBLISHED.points("oqpsk"), 2.1933 * PUBLISHED.points("dqpsk"), atol=1e-4)


@pytest.mark.parametrize("one, other", [("4ask", "4pam"), ("cpfsk", "gfsk")])
@pytest.mark.parametrize("recipe", [PUBLISHED, NO_POWER], ids=lambda recipe: recipe.name)
def test_two_pairs_of_classes_are_one_waveform(recipe, one, other):
    a = recipe.item(np.random.default_rng(1), recipe.classes.index(one), 3.0)
    b = recipe.item(np.random.default_rng(1), recipe.classes.index(other), 3.0)
    assert np.array_equal(a.noisy, b.noisy) and np.array_equal(a.clean, b.clean)


@pytest.mark.parametrize("name", NO_POWER.classes)
def test_without_power_every_frame_has_unit_power(name):
    for item in _items(NO_POWER, name, 5):
        assert np.mean(np.abs(item.clean) ** 2) == pytest.approx(1, rel=1e-5)


def test_without_power_oqpsk_lies_between_the_points_of_dqpsk():
    item = _items(NO_POWER, "oqpsk", 1)[0]
    eighths = np.angle(item.clean * np.exp(-1j * item.drawn["phase_slope"] * np.arange(1024)))
    eighths = eighths / (np.pi / 4)
    assert set(np.round(eighths)) == {-3, -1, 1, 3}
    np.testing.assert_allclose(eighths, np.round(eighths), atol=2e-3)


@pytest.mark.parametrize("recipe", [PUBLISHED, NO_POWER], ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("name", ["ook", "16pam", "gmsk"])
def test_the_noise_follows_the_power_of_its_own_frame(recipe, name):
    items = _items(recipe, name, 60, snr_db=(-10, 10))
    ratio_db = [
        10 * math.log10(np.mean(np.abs(item.clean) ** 2) / np.mean(np.abs(item.noise) ** 2))
        - item.snr_db
        for item in items
    ]
    deviation = 4.34 / math.sqrt(len(items[0].noise))  # of a frame's noise power, in dB
    assert abs(np.mean(ratio_db)) < 5 * deviation / math.sqrt(len(items))
    assert np.std(ratio_db) < 1.5 * deviation
    assert np.array_equal(items[0].noisy, items[0].clean + items[0].noise)


def test_the_phase_jitters_and_drifts_as_published():
    slopes = []
    for item in _items(PUBLISHED, "dqpsk", 200):
        turned = np.unwrap(np.angle(item.clean**4)) / 4
        slope, start = np.polyfit(np.arange(1024), turned, 1)
        left = turned - slope * np.arange(1024) - start
        assert slope == pytest.approx(item.drawn["phase_slope"], abs=1e-7)
        assert np.std(left) == pytest.approx(1e-4, rel=0.15)
        slopes.append(slope)
    assert np.std(slopes) == pytest.approx(1e-4, rel=0.25)


def test_the_published_gmsk_turns_by_a_quarter_a_sample_while_its_bits_are_one():
    bits = np.array([0] * 12 + [1] * 12 + [0] * 12)
    step = np.diff(gmsk_phase(bits))
    assert step[18 * 8] == pytest.approx(np.pi / 2, rel=0.02)
    assert abs(step[6 * 8]) < 0.02 and abs(step[30 * 8]) < 0.02
    # a bit on its own: two whole turns, and no memory of it in the phase
    alone = np.zeros(24, dtype=int)
    alone[12] = 1
    assert gmsk_phase(alone)[-1] == pytest.approx(4 * np.pi)
    assert len(gmsk_filter()) == 65 and gmsk_filter().sum() == pytest.approx(1)


def test_only_gmsk_frames_are_longer():
    lengths = {name: len(_items(PUBLISHED, name, 1)[0].noisy) for name in PUBLISHED.classes}
    assert lengths.pop("gmsk") == 8192 and set(lengths.values()) == {1024}


def test_in_a_batch_shorter_frames_end_in_nan_and_nothing_else_does():
    batch = _mixed_batch(PUBLISHED)
    for number in (_row_of(batch, PUBLISHED, "gmsk"), _row_of(batch, PUBLISHED, "ook")):
        item = synthesize(PUBLISHED, 3, number)
        row = batch.waveforms["noisy"][number].numpy()
        assert np.array_equal(row[: len(item.noisy)], item.noisy)
        assert np.isnan(row[len(item.noisy) :].real).all()
    assert torch.isfinite(batch.signals["noisy"]).all()


@pytest.mark.parametrize("name", ["gmsk", "8ask"])
@pytest.mark.parametrize("recipe", [PUBLISHED, NO_POWER], ids=lambda recipe: recipe.name)
def test_an_image_shows_every_sample_of_its_frame_and_no_padding(recipe, name):
    batch = _mixed_batch(recipe)
    number = _row_of(batch, recipe, name)
    drawn = training_modalities(batch, ("noisy_image", "clean_image"), NANO)
    item = synthesize(recipe, 3, number)
    scale = 1.0
    if recipe is NO_POWER:
        scale = np.mean(np.abs(item.noisy.astype(complex)) ** 2) ** -0.5
    for waveform, image in (("noisy", "noisy_image"), ("clean", "clean_image")):
        alone = torch.from_numpy((scale * getattr(item, waveform)).astype(np.complex64))[None]
        torch.testing.assert_close(
            drawn[image][number], constellation_image(alone, NANO.image)[0], atol=1e-4, rtol=0
        )


def test_the_published_signals_show_the_real_part_at_its_own_power():
    batch = _mixed_batch(PUBLISHED)
    built = training_modalities(batch, IMAGES_AND_SIGNALS, NANO)
    assert tuple(built) == IMAGES_AND_SIGNALS
    number = _row_of(batch, PUBLISHED, "16pam")
    item = synthesize(PUBLISHED, 3, number)
    assert np.array_equal(built["noisy_signal"][number, 0].numpy(), item.noisy.real)
    assert built["clean_signal"][number, 0].abs().max() > 14.9
    for name in ("noisy_signal", "clean_signal", "noise"):
        assert built[name].shape == (len(batch), 2, 1024) and not built[name][:, 1].any()


def test_a_switch_shows_both_parts():
    both = dataclasses.replace(NO_POWER, signals="both")
    signal = training_modalities(_mixed_batch(both), ("noisy_signal",), NANO)["noisy_signal"]
    assert (signal[:, 1].square().mean(1) > 0.01).all()


def test_a_long_frame_is_interpolated_end_to_end():
    both = dataclasses.replace(PUBLISHED, signals="both")
    ramp = (np.arange(8192) * (1 - 2j)).astype(np.complex64)
    np.testing.assert_allclose(both.signal(ramp), np.linspace(0, 8191, 1024) * (1 - 2j), rtol=1e-6)
    assert np.array_equal(PUBLISHED.signal(ramp).imag, np.zeros(1024))


def test_frames_of_unequal_length_do_not_depend_on_workers_and_can_be_learnt_from():
    alone = list(batches(NO_POWER, 5, 10, first=1, end=3, workers=0))
    helped = list(batches(NO_POWER, 5, 10, first=1, end=3, workers=1))
    for one, other in zip(alone, helped, strict=True):
        assert torch.equal(one.signals["noisy"], other.signals["noisy"])
        torch.testing.assert_close(
            one.waveforms["clean"], other.waveforms["clean"], equal_nan=True, rtol=0, atol=0
        )
    torch.manual_seed(0)
    model = DenoMAE(NANO, IMAGES_AND_SIGNALS)
    objective = Denomae(IMAGES_AND_SIGNALS)
    sample = sample_of(alone[0], objective.needs, NANO)
    loss, _ = objective.loss(model, sample, torch.Generator().manual_seed(1), 0.0)
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
