# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of recordings and mixtures: the right class, the right side, the same frame each time."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from denomae.captures import Annotation, write_sigmf
from denomae.errors import DenomaeError
from denomae.modalities import LIVE_MODALITIES
from denomae.model.classifier import Classifier
from denomae.model.presets import PRESETS
from denomae_training.data.recordings import Recordings
from denomae_training.data.source import Mixed, Recorded, Source, Synthesized
from denomae_training.feeds.sample import sample_of
from denomae_training.objectives.classification import Classification
from denomae_training.signals.dataset import batches, make_batch
from denomae_training.signals.recipes import RECIPES

LIVE = RECIPES["live"]
LENGTH = LIVE.frame_length
RECORDINGS = 12
# Of each recording: seven frames of fm, two of qpsk, one of what depends on the recording.
SPANS = [("fm", 0, 7), ("qpsk", 7, 2)]


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """The first number of each frame is 1000 * recording + the frame's place in it."""
    for number in range(RECORDINGS):
        samples = np.ones((10, LENGTH), np.complex64)
        samples[:, 0] = 1000 * number + np.arange(10)
        spans = [*SPANS, ("bpsk" if number % 2 else "noise", 9, 1)]
        marks = [
            Annotation(LENGTH * start, LENGTH * count, label, snr_db=None if start else 10.0)
            for label, start, count in spans
        ]
        write_sigmf(tmp_path / f"r{number:02}", samples.reshape(-1), 1e6, annotations=marks)
    return tmp_path


def place_of(frame: np.ndarray) -> tuple[int, int]:
    """The recording and the place in it of a frame."""
    return divmod(int(frame[0].real), 1000)


def label_at(recording: int, place: int) -> str:
    if place == 9:
        return "bpsk" if recording % 2 else "noise"
    return "fm" if place < 7 else "qpsk"


def test_every_frame_of_a_side_has_its_label_and_no_recording_is_on_two_sides(folder) -> None:
    recordings = Recordings(folder, LIVE)
    seen: dict[str, set[int]] = {}
    frames = 0
    for side in ("train", "validation", "test"):
        source = recordings.side(side)
        found = set()
        for batch in source.each(7):
            assert set(batch.waveforms) == {"noisy"} and batch.signals is None
            for frame, index, snr in zip(
                batch.waveforms["noisy"].numpy(), batch.class_index, batch.snr_db, strict=True
            ):
                recording, place = place_of(frame)
                assert LIVE.classes[index] == label_at(recording, place)
                assert snr == 10 if place < 7 else torch.isnan(snr)
                found.add((recording, place))
        assert len(found) == len(source) == 10 * len({recording for recording, _ in found})
        seen[side] = {recording for recording, _ in found}
        frames += len(found)
    assert frames == 10 * RECORDINGS and sum(map(len, seen.values())) == RECORDINGS
    assert [len(part) for part in seen.values()] == [8, 2, 2]
    others = Recordings(folder, LIVE, split_seed=1).sides["test"]
    assert not np.array_equal(others, recordings.sides["test"])


def test_a_drawn_frame_is_of_each_class_equally_often_and_of_its_side(folder) -> None:
    recordings = Recordings(folder, LIVE)
    source = recordings.side("train")
    items = source.items(3, range(4000))
    own = {place_of(f) for b in source.each(50) for f in b.waveforms["noisy"].numpy()}
    assert {place_of(item.noisy) for item in items} == own
    counts = np.bincount([item.class_index for item in items], minlength=len(LIVE.classes))
    drawn = counts[[LIVE.classes.index(name) for name in ("fm", "qpsk", "bpsk", "noise")]]
    assert drawn.sum() == 4000 and np.all(np.abs(drawn - 1000) < 5 * np.sqrt(750))
    assert source.classes == {"fm", "qpsk", "bpsk", "noise"}
    weighted = replace(LIVE, class_weights=tuple(float(n == "fm") for n in LIVE.classes))
    only = Recordings(folder, weighted).side("train").items(3, range(50))
    assert {LIVE.classes[item.class_index] for item in only} == {"fm"}


def mixture(folder: Path, weights: tuple[float, float] = (1, 3)) -> Source:
    return Mixed([Recordings(folder, LIVE).side("train"), Synthesized(LIVE)], weights)


def test_an_item_depends_on_its_seed_and_its_number_alone(folder) -> None:
    source = mixture(folder)
    whole = source.items(5, range(40))
    for index in (0, 13, 39):
        alone = mixture(folder).items(5, [index])[0]
        np.testing.assert_array_equal(alone.noisy, whole[index].noisy)
        assert alone.class_index == whole[index].class_index
    backwards = source.items(5, list(range(40))[::-1])[::-1]
    for one, other in zip(whole, backwards, strict=True):
        np.testing.assert_array_equal(one.noisy, other.noisy)
    other_seed = source.items(6, range(40))
    assert any(len(a.noisy) != len(b.noisy) or (a.noisy != b.noisy).any()
               for a, b in zip(whole, other_seed, strict=True))  # fmt: skip


def test_batches_are_the_same_whatever_the_workers_and_from_whichever_a_run_goes_on(folder) -> None:
    source = mixture(folder)
    wanted = list(batches(source, 5, 6, first=0, end=9, workers=0))
    helped = list(batches(source, 5, 6, first=4, end=9, workers=2))
    travelled = pickle.loads(pickle.dumps(source))  # as to a worker that is not forked
    again = [travelled.batch(5, 6 * number, 6) for number in range(4, 9)]
    for one, two, three in zip(wanted[4:], helped, again, strict=True):
        for other in (two, three):
            assert torch.equal(one.waveforms["noisy"], other.waveforms["noisy"])
            assert torch.equal(one.class_index, other.class_index)
            torch.testing.assert_close(one.snr_db, other.snr_db, equal_nan=True, rtol=0, atol=0)


def test_the_weights_are_how_often_each_source_is_drawn(folder) -> None:
    items = mixture(folder, (1, 3)).items(2, range(2000))
    recorded = sum(isinstance(item, Recorded) for item in items)
    assert abs(recorded - 500) < 5 * np.sqrt(2000 * 0.25 * 0.75)


def test_synthesis_as_a_source_is_the_recipe_itself() -> None:
    ours, theirs = Synthesized(LIVE).batch(5, 8, 4), make_batch(LIVE, 5, 8, 4)
    for name in ("noisy", "clean", "noise"):
        assert torch.equal(ours.waveforms[name], theirs.waveforms[name])


def test_a_classifier_learns_from_a_mixture(folder) -> None:
    torch.manual_seed(0)
    model = Classifier(PRESETS["nano"], LIVE_MODALITIES, len(LIVE.classes))
    batch = mixture(folder, (1, 1)).batch(1, 0, 6)
    assert torch.isnan(batch.snr_db).any()
    objective = Classification(len(LIVE.classes))
    sample = sample_of(batch, objective.needs, PRESETS["nano"])
    loss, _ = objective.loss(model, sample, torch.Generator().manual_seed(0), 0.0)
    loss.backward()
    assert torch.isfinite(loss)


# --- what cannot be trained on ---


def refused(path: Path, *words: str, recipe: str = "live", **options: object) -> None:
    with pytest.raises(DenomaeError) as caught:
        Recordings(path, RECIPES[recipe], **options)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message and len(message) < 600


def add(folder: Path, name: str, label: str, frames: float) -> None:
    count = int(frames * LENGTH)
    marks = [Annotation(0, count, label)]
    write_sigmf(folder / name, np.ones(count, np.complex64), 1e6, annotations=marks)


def test_labels_that_the_recipe_does_not_know_are_named_or_left_out(folder: Path) -> None:
    add(folder, "x", "my-radio", 5)
    refused(folder, "has the labels my-radio, which the recipe live does not know")
    recordings = Recordings(folder, LIVE, leave_out_unknown=True)
    assert any("frames of my-radio are left out" in note for note in recordings.notes)
    assert sum(map(len, recordings.sides.values())) == 10 * RECORDINGS
    refused(folder, "no frame of a class of the recipe", recipe="denomae10", leave_out_unknown=True)


def test_a_class_without_a_frame_is_named(folder: Path) -> None:
    add(folder, "x", "ofdm", 0.9)
    refused(folder, "names the classes ofdm and has no frame of 1024 samples of them")


def test_a_class_that_would_not_be_learnt_is_named_and_one_not_tested_is_noted(folder) -> None:
    add(folder, "x", "ofdm", 5)
    outcomes = {"refused": 0, "noted": 0}
    for seed in range(30):
        try:
            notes = Recordings(folder, LIVE, split_seed=seed).notes
        except DenomaeError as error:
            assert "has frames of ofdm, but none on the side 'train'" in str(error)
            outcomes["refused"] += 1
        else:
            assert any("'test' has no frame of" in note and "ofdm" in note for note in notes)
            outcomes["noted"] += 1
    assert all(outcomes.values())


def test_a_side_that_would_be_empty_is_named(tmp_path: Path) -> None:
    for number in range(2):
        add(tmp_path, f"r{number}", "fm", 3)
    refused(tmp_path, "has 2 recordings, too few to divide", "would have no frame")
    with pytest.raises(DenomaeError, match="no side 'dev'"):
        Recordings(tmp_path, LIVE, {"train": 0.5, "test": 0.5}).side("dev")


def test_recordings_do_not_mix_with_a_recipe_that_tells_classes_by_their_power(folder) -> None:
    refused(folder, "paper10 leaves each class its own power", recipe="paper10")


def test_a_mixture_that_cannot_be_is_one_sentence(folder: Path) -> None:
    train = Recordings(folder, LIVE).side("train")
    for sources, weights, words in (
        ([train, Synthesized(LIVE)], [1], "have the weights"),
        ([train, Synthesized(LIVE)], [1, 0], "a number above 0"),
        ([train, Synthesized(LIVE)], [1, float("nan")], "a number above 0"),
        ([train, Synthesized(RECIPES["live11"])], [1, 1], "do not mix"),
        ([train], [1], "no source has a frame of carrier, am, ssb, ook"),
    ):
        with pytest.raises(DenomaeError, match=words):
            Mixed(sources, weights)


def test_a_frame_with_nan_is_named_when_it_is_read(tmp_path: Path) -> None:
    for number in range(8):
        samples = np.ones(LENGTH, np.complex64)
        samples[5] = np.nan if number == 3 else 1
        marks = [Annotation(0, None, "fm")]
        write_sigmf(tmp_path / f"r{number}", samples, 1e6, annotations=marks)
    recordings = Recordings(tmp_path, LIVE)
    with pytest.raises(DenomaeError, match="frame 3 holds NaN"):
        for side in recordings.sides:
            list(recordings.side(side).each(10))


# --- public sets ---


def test_radioml_2018_is_learnt_under_the_names_of_its_recipe(tmp_path: Path) -> None:
    """All 24 classes of radioml24, and under live those that are the same waveform."""
    frames = 24 * 40
    hot = np.repeat(np.eye(24, dtype=np.int64), 40, axis=0)
    with h5py.File(tmp_path / "r.hdf5", "w") as file:
        file["X"] = np.zeros((frames, LENGTH, 2), np.float32)
        file["Y"], file["Z"] = hot, np.zeros((frames, 1), np.int64)
    mine = Recordings(tmp_path / "r.hdf5", RECIPES["radioml24"])
    np.testing.assert_array_equal(mine.class_index, np.repeat(np.arange(24), 40))
    refused(tmp_path / "r.hdf5", "has the labels 8ASK, 16PSK")
    live = Recordings(tmp_path / "r.hdf5", LIVE, leave_out_unknown=True)
    assert np.unique(live.class_index[live.class_index >= 0]).size == 15
    assert LIVE.classes[live.class_index[18 * 40]] == "ssb"


def test_another_frame_length_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "r.hdf5", "w") as file:
        file["X"] = np.zeros((24, 128, 2), np.float32)
        file["Y"], file["Z"] = np.eye(24), np.zeros((24, 1))
    refused(tmp_path / "r.hdf5", "has frames of 128 samples, and the recipe live of 1024")
