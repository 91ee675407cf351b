# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import shutil

import numpy as np
import pytest
import torch

from denomae import Engine
from denomae.checkpoint import (
    SHIPPED,
    Refusal,
    load_model,
    read_config,
    write_checkpoint,
)
from denomae.engine import check_recorded_answers
from denomae.errors import CheckpointError, DenomaeError, DeviceError
from denomae.forward import Forward
from denomae.labels import Label, Place
from denomae.model.presets import PRESETS
from denomae.refusal import refuses, scorer


@pytest.fixture(scope="module")
def engine(nano_checkpoint) -> Engine:
    return Engine.load(nano_checkpoint, device="cpu", precision="fp32", batch_size=8, threads=1)


def _frames(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, 1024, 2), dtype=np.float32).view(np.complex64)[..., 0]


def test_each_frame_gets_a_label_of_the_schema(engine):
    labels = engine.classify(_frames(19))
    assert len(labels) == 19
    for i, label in enumerate(labels):
        assert Label.from_json(label.to_json()).to_dict() == label.to_dict()
        assert (label.sequence, label.sample_offset, label.sample_count) == (i, 1024 * i, 1024)
        assert label.label == max(label.probabilities, key=label.probabilities.get)
        assert sum(label.probabilities.values()) == pytest.approx(1, abs=1e-5)
        sums = {
            f: sum(p for c, p in label.probabilities.items() if engine.families[c] == f)
            for f in engine.families.values()
        }
        assert label.family == max(sums, key=sums.get)
        assert label.family_confidence == pytest.approx(sums[label.family], abs=1e-5)


def test_a_label_does_not_depend_on_the_batch_it_came_in(engine):
    frames = _frames(20)
    together = engine.classify(frames)
    alone = [engine.classify(frame[None])[0] for frame in frames]
    for one, other in zip(together, alone, strict=True):
        assert one.label == other.label
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


@pytest.mark.parametrize("gain", [1e-36, 1e-30, 1e-3, 1e3, 1e30, 1e37])
def test_a_label_does_not_depend_on_the_gain(engine, gain):
    frames = _frames(4)
    for one, other in zip(
        engine.classify(frames), engine.classify(frames * np.float32(gain)), strict=True
    ):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-3)


def test_places_reach_the_labels(engine):
    place = Place(2**40 + 3, 1024, "2026-01-01T00:00:00.000000001Z", 433.92e6, 2e6)
    label = engine.classify(_frames(1), [place])[0]
    found = (
        label.sample_offset,
        label.sample_count,
        label.time,
        label.center_frequency_hz,
        label.sample_rate_hz,
    )
    assert found == (2**40 + 3, 1024, "2026-01-01T00:00:00.000000001Z", 433.92e6, 2e6)
    with pytest.raises(DenomaeError, match="2 frames came with 1 places"):
        engine.classify(_frames(2), [place])


def test_no_label_is_invented_for_a_frame_that_holds_none(engine):
    frames = _frames(3)
    frames[1, 7] = complex("nan")
    with pytest.raises(DenomaeError, match=r"frame 1 holds NaN or infinite samples \(1 of 3"):
        engine.classify(frames)
    frames[1] = 0
    with pytest.raises(DenomaeError, match="frame 1 holds nothing but zeros"):
        engine.classify(frames)
    with pytest.raises(DenomaeError, match=r"complex128 of shape \[3, 1024\]; wanted complex64"):
        engine.classify(frames.astype(complex))
    with pytest.raises(DenomaeError, match=r"shape \[3, 1000\]; wanted .*1024"):
        engine.classify(frames[:, :1000])
    assert engine.classify(frames[:0]) == []


def test_the_faintest_samples_give_a_label_with_numbers(engine):
    frames = np.zeros((1, 1024), np.complex64)
    frames[0, 5] = 1e-45  # the smallest float32 above 0
    label = engine.classify(frames)[0]
    assert 0 < label.confidence <= 1 and 0 < label.family_confidence <= 1


def test_a_model_that_gives_no_numbers_gives_no_label(nano_checkpoint):
    broken = Engine.load(nano_checkpoint, device="cpu", precision="fp32", threads=1)
    with torch.no_grad():
        broken._model.head.classes.bias.fill_(float("nan"))
    with pytest.raises(DenomaeError, match="probabilities that are no numbers"):
        broken.classify(_frames(1))


def test_samples_at_full_scale_are_warned_of(engine):
    frames = np.stack([_frames(1)[0], _frames(1)[0] * np.float32(0.2)])
    frames[0].real = np.clip(frames[0].real, -1, 1)
    frames[0].imag = np.clip(frames[0].imag, -1, 1)
    clipped, clean = engine.classify(frames)
    assert "clipping" in clipped.warnings[0] and clean.warnings == ()


def test_a_label_below_the_threshold_is_unknown(engine):
    frames = _frames(4)
    try:
        engine.threshold = 1.1
        assert {label.verdict for label in engine.classify(frames)} == {"unknown"}
        engine.threshold = 0.0
        assert "unknown" not in {label.verdict for label in engine.classify(frames)}
    finally:
        engine.threshold = 0.0


@pytest.mark.parametrize("score", ["probability", "logit", "energy", "distance"])
def test_a_strong_frame_that_looks_unfamiliar_is_unknown_and_a_weak_one_is_not(
    nano_checkpoint, tmp_path, score
):
    config = read_config(nano_checkpoint)
    frames = _frames(8)
    model = load_model(nano_checkpoint)
    views = Forward(model, config, torch.device("cpu"), torch.float32).inputs(
        torch.from_numpy(frames)
    )
    with torch.inference_mode():
        verdict = model(views)
    rng = np.random.default_rng(3)
    wide = len(config.classes) - 1
    rows = tuple(tuple(row) for row in rng.normal(size=(wide, wide)).round(3).tolist())
    more = (rows[:4], rows) if score == "distance" else ((), ())
    values = scorer(Refusal(score, 0.0, 0.0, *more), config.calibration.temperature)(verdict.logits)
    middle, snr_db = values.median().item() + 1e-6, verdict.snr_db
    is_noise = verdict.logits.argmax(1) == config.classes.index("noise")

    def verdicts(threshold: float, from_db: float) -> list[str]:
        refusal = Refusal(score, threshold, from_db, *more)
        changed = dataclasses.replace(
            config, calibration=dataclasses.replace(config.calibration, refusal=refusal)
        )
        write_checkpoint(tmp_path / "with", changed, load_model(nano_checkpoint))
        loaded = Engine.load(tmp_path / "with", device="cpu", precision="fp32", threads=1)
        return [label.verdict for label in loaded.classify(frames)]

    unfamiliar = (values < middle) & ~is_noise
    assert unfamiliar.any()
    assert [v == "unknown" for v in verdicts(middle, -100.0)] == unfamiliar.tolist()
    assert "unknown" not in verdicts(middle, 100.0)
    between = snr_db[unfamiliar].min().item() + 1e-4
    wanted = unfamiliar & (snr_db >= between)
    assert [v == "unknown" for v in verdicts(middle, between)] == wanted.tolist()


def test_noise_is_never_refused_for_its_score_but_for_being_unsure():
    refusal = Refusal("energy", 5.0, 0.0)
    unknown = refuses(
        refusal,
        0.4,
        np.array([0.9, 0.9, 0.3, 0.9]),
        np.array([1.0, 1.0, 1.0, 6.0]),
        np.array([10.0, 10.0, 10.0, 10.0]),
        np.array([True, False, True, False]),
    )
    assert unknown.tolist() == [False, True, True, False]


def test_a_device_that_is_not_there_is_an_error(nano_checkpoint):
    if not torch.cuda.is_available():
        with pytest.raises(
            DeviceError, match="the device cuda is not there .*found: 0.*choose cpu or auto"
        ):
            Engine.load(nano_checkpoint, device="cuda")
    with pytest.raises(DeviceError, match="no device is called 'toaster'"):
        Engine.load(nano_checkpoint, device="toaster")
    with pytest.raises(DeviceError, match="no precision is called 'fp8'"):
        Engine.load(nano_checkpoint, device="cpu", precision="fp8")


def test_a_missing_checkpoint_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        Engine.load(tmp_path / "nowhere")


def test_the_shipped_model_gives_its_recorded_answers():
    same, recorded = check_recorded_answers(Engine.load(device="cpu"))
    assert same == recorded >= 20


def test_other_weights_do_not_give_the_recorded_answers(engine, tmp_path):
    for name in ("recorded.json", "recorded.npy"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    same, recorded = check_recorded_answers(engine, tmp_path)
    assert same < recorded / 2


def test_an_untrained_engine_labels_frames_and_depends_on_its_seed_alone():
    def answers(seed: int) -> list[float]:
        engine = Engine.untrained(
            PRESETS["nano"], classes=3, device="cpu", precision="fp32", threads=1, seed=seed
        )
        assert engine.classes == ("class 0", "class 1", "class 2")
        return [label.confidence for label in engine.classify(_frames(2))]

    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = answers(1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert first == answers(1) != answers(2)


def test_the_shipped_model_is_small():
    assert (SHIPPED / "model.safetensors").stat().st_size <= 16 * 2**20
