# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets made of recordings: CSPB.ML.2018 and annotated SigMF; split by recording, never by frame."""

from __future__ import annotations

import dataclasses
import multiprocessing
import struct
from pathlib import Path

import numpy as np
import pytest
from test_labels import EXAMPLE

from denomae.captures import Annotation, CaptureError, annotate, open_capture, write_sigmf
from denomae.captures.datasets import open_dataset

LENGTH, SAMPLES = 64, 300
KINDS = ["bpsk", "dqpsk", "msk"]
LINE = "{} {} 11 -7.4433467080e-04 9.8977795076e-01 10 9 {:.10e} 0.0"


def signal(number: int) -> np.ndarray:
    return (number + 1j * np.arange(SAMPLES)).astype(np.complex64)


def tim(samples: np.ndarray, kind: int = 2, count: int | None = None) -> bytes:
    return struct.pack("<ii", kind, len(samples) if count is None else count) + samples.tobytes()


@pytest.fixture()
def cspb(tmp_path: Path) -> Path:
    """Thirty signals in two batches, as they are unpacked, and the list beside them."""
    for number in range(1, 31):
        folder = tmp_path / f"Batch_Dir_{1 + number // 16}"
        folder.mkdir(exist_ok=True)
        (folder / f"signal_{number}.tim").write_bytes(tim(signal(number)))
    lines = [LINE.format(n, KINDS[n % 3], n / 4) for n in range(1, 41)]
    (tmp_path / "signal_record_C_2023.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_signals_are_cut_into_frames_with_their_truth(cspb: Path) -> None:
    for path in (cspb, cspb / "signal_record_C_2023.txt"):
        with open_dataset(path, frame_length=LENGTH) as frames:
            assert frames.classes == ("bpsk", "dqpsk", "msk")
            assert frames.our_classes == ("bpsk", "pi4dqpsk", None)
            assert len(frames) == 30 * 4 and frames.notes == ()
            numbers = np.random.default_rng(0).permutation(len(frames))
            for number, frame in zip(numbers, frames.batch(numbers), strict=True):
                which, start = 1 + number // 4, number % 4 * LENGTH
                np.testing.assert_array_equal(frame, signal(which)[start : start + LENGTH])
                assert frames.classes[frames.class_index[number]] == KINDS[which % 3]
                assert frames.snr_db[number] == which / 4
    with open_dataset(cspb, frame_length=SAMPLES) as frames:
        assert len(frames) == 30


def test_frames_of_one_signal_stay_on_one_side(cspb: Path) -> None:
    with open_dataset(cspb, frame_length=LENGTH) as frames:
        assert not frames.captures_are_guessed
        parts = frames.split({"train": 0.7, "validation": 0.1, "test": 0.2}, seed=3)
        other = frames.split({"train": 0.7, "validation": 0.1, "test": 0.2}, seed=4)
    signals = [set((part // 4).tolist()) for part in parts.values()]
    assert [len(each) for each in signals] == [21, 3, 6]
    assert len(set().union(*signals)) == 30
    assert sum(len(part) for part in parts.values()) == 120
    for part in signals:
        assert len({KINDS[(1 + s) % 3] for s in part}) == 3  # each class on each side
    assert not np.array_equal(parts["train"], other["train"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has 0 bytes, wanted a header"),
        (tim(signal(1), kind=3), "begins with 3"),
        (tim(signal(1), kind=1, count=2 * SAMPLES), "holds real samples"),
        (tim(signal(1), count=2**31 - 1), "says that it has 2147483647 samples"),
        (tim(signal(1), count=-1), "says that it has -1 samples"),
        (tim(signal(1))[:-1], "says that it has 300 samples"),
    ],
)
def test_a_signal_that_is_none_is_told_when_it_is_read(
    cspb: Path, content: bytes, words: str
) -> None:
    with open_dataset(cspb, frame_length=LENGTH) as frames:
        (cspb / "Batch_Dir_1" / "signal_2.tim").write_bytes(content)
        assert frames.batch([0])[0, 0] == 1
        with pytest.raises(CaptureError, match=words):
            frames.batch([0, 4])


def test_a_folder_that_is_no_such_set_is_one_sentence(cspb: Path) -> None:
    listed = cspb / "signal_record_C_2023.txt"
    whole = listed.read_text()
    (cspb / "more.txt").touch()
    refused(cspb, "holds 2 .txt files")
    (cspb / "more.txt").unlink()
    for text, words in (
        (whole.replace("25 dqpsk 11", "25 dqpsk"), "line 25: '25 dqpsk -7.44"),
        (whole + "x bpsk 1 1 1 1 1 1 1\n", "line 41"),
        (whole + "99 bpsk 1 1 1 1 1 nan 1\n", "line 41"),
        (whole + "9" * 100_000, "line 41"),
        ("", "none of the 0 signals"),
    ):
        listed.write_text(text)
        refused(cspb, words)
    listed.write_text("\n".join(whole.splitlines()[:20]))
    with open_dataset(cspb, frame_length=LENGTH) as frames:
        assert len(frames) == 80 and "no line for 10 signals" in frames.notes[0]
    listed.write_text(whole)
    refused(cspb, "has a frame of 301 samples", frame_length=SAMPLES + 1)
    refused(cspb, "frame length is 0", frame_length=0)
    (cspb / "Batch_Dir_2" / "signal_1.tim").write_bytes(tim(signal(1)))
    refused(cspb, "signal_1.tim twice")


def refused(path: Path, words: str, frame_length: int = LENGTH) -> None:
    with pytest.raises(CaptureError) as caught:
        open_dataset(path, frame_length=frame_length)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message and len(message) < 600


def test_a_link_out_of_the_folder_is_no_signal(cspb: Path, tmp_path_factory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "signal_2.tim"
    outside.write_bytes(tim(signal(2)))
    (cspb / "Batch_Dir_1" / "signal_2.tim").unlink()
    (cspb / "Batch_Dir_1" / "signal_2.tim").symlink_to(outside)
    with open_dataset(cspb, frame_length=LENGTH) as frames:
        assert len(frames) == 29 * 4


def test_one_signal_is_a_recording_too(cspb: Path) -> None:
    with open_capture(cspb / "Batch_Dir_1" / "signal_7.tim") as capture:
        assert capture.sample_rate_hz is None and capture.sample_count == SAMPLES
        np.testing.assert_array_equal(capture.read(0, SAMPLES), signal(7))
    path = cspb / "real.tim"
    path.write_bytes(tim(np.arange(500, dtype=np.float32), kind=1))
    with open_capture(path) as capture:
        assert capture.datatype.real
        np.testing.assert_array_equal(capture.read(0, 500).real, np.arange(500))
    path.write_bytes(tim(signal(1), kind=9))
    with pytest.raises(CaptureError, match="begins with 9"):
        open_capture(path)


# --- annotated SigMF ---


def test_frames_lie_under_the_annotations_that_name_their_class(tmp_path: Path) -> None:
    numbers = np.arange(1000).astype(np.complex64)
    mine = list(annotate([dataclasses.replace(EXAMPLE, sample_offset=0, sample_count=1000)]))
    marks = [
        Annotation(10, 250, "qpsk"),
        Annotation(400, 300, "mine"),
        Annotation(600, 300, "qpsk"),  # the first 100 samples lie under both
        Annotation(950, None, "noise"),  # too short for a frame
        Annotation(0, 1000, comment="no label"),
        *mine,
    ]
    write_sigmf(tmp_path / "a", numbers, 1e6, annotations=marks)
    write_sigmf(tmp_path / "b", numbers + 1j, 2e6, annotations=[Annotation(0, None, "fm")])
    with open_dataset(tmp_path, frame_length=100) as frames:
        assert frames.classes == ("fm", "mine", "noise", "qpsk")
        assert frames.our_classes == ("fm", None, "noise", "qpsk")
        assert "1 stretches lie under different labels" in frames.notes[0]
        assert "no annotation 'noise' is as long as a frame of 100 samples" in frames.notes[1]
        found = [
            (int(f[0].real), int(f[0].imag), frames.classes[index])
            for f, index, _ in (frames[n] for n in range(len(frames)))
        ]
        assert np.isnan(frames.snr_db).all()
        order = np.random.default_rng(0).permutation(len(frames))
        assert [int(f[0].real) for f in frames.batch(order)] == [found[n][0] for n in order]
        assert frames.counts() == {("fm", None): 10, ("mine", None): 2, ("qpsk", None): 4}
        parts = frames.split({"train": 0.5, "test": 0.5})
    a = [(10, 0, "qpsk"), (110, 0, "qpsk"), (400, 0, "mine"), (500, 0, "mine"), (700, 0, "qpsk")]
    assert found == [*a, (800, 0, "qpsk"), *((n, 1, "fm") for n in range(0, 1000, 100))]
    assert {tuple(part) for part in parts.values()} == {tuple(range(6)), tuple(range(6, 16))}


def test_the_snr_is_what_the_annotations_say_where_they_agree(tmp_path: Path) -> None:
    marks = [
        Annotation(0, 200, "qpsk", snr_db=10.0),
        Annotation(200, 200, "qpsk", snr_db=-3.5),
        Annotation(400, 200, "qpsk"),
        Annotation(600, 200, "fm", snr_db=5.0),
        Annotation(600, 100, "fm", snr_db=6.0),
    ]
    write_sigmf(tmp_path / "a", np.ones(800, np.complex64), None, annotations=marks)
    with open_dataset(tmp_path, frame_length=100) as frames:
        nan = np.nan
        np.testing.assert_array_equal(frames.snr_db, [10, 10, -3.5, -3.5, nan, nan, nan, 5])
        assert frames.counts()["qpsk", -3.5] == 2


def test_a_collection_is_a_set_of_the_recordings_that_it_names(tmp_path: Path) -> None:
    for name in "abc":
        mark = Annotation(0, 200, name)
        write_sigmf(tmp_path / name, np.ones(200, np.complex64), 1e6, annotations=[mark])
    path = tmp_path / "two.sigmf-collection"
    path.write_text('{"collection": {"core:streams": [{"name": "c"}, {"name": "a"}]}}')
    with open_dataset(path, frame_length=100) as frames:
        assert frames.classes == ("a", "c")
        assert frames.class_index.tolist() == [1, 1, 0, 0]


def test_processes_that_were_forked_read_the_right_frames(tmp_path: Path) -> None:
    numbers = np.arange(100_000).astype(np.complex64)
    write_sigmf(tmp_path / "a", numbers, 1e6, annotations=[Annotation(0, None, "fm")])
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    with open_dataset(tmp_path, frame_length=100) as frames:

        def read(seed: int) -> None:
            order = np.random.default_rng(seed).permutation(1000)
            wrong = sum(
                int(np.count_nonzero(frames.batch(order)[:, 0].real != 100 * order))
                for _ in range(20)
            )
            answers.put(wrong)

        frames.batch([0])  # the file is open when they fork
        processes = [fork.Process(target=read, args=(seed,)) for seed in range(3)]
        for process in processes:
            process.start()
        found = [answers.get() for _ in processes]
        for process in processes:
            process.join()
    assert found == [0, 0, 0]


def test_recordings_without_labels_are_no_set(tmp_path: Path) -> None:
    write_sigmf(tmp_path / "a", np.ones(1000, np.complex64), 1e6)
    refused(tmp_path, "none of its 1 recordings has an annotation with a core:label")


# --- what is no set, and what is no recording ---


def test_a_set_is_no_recording_and_the_sentence_says_what_opens_it(tmp_path: Path) -> None:
    for name in ("RML2016.10a_dict.pkl", "GOLD_XYZ_OSC.0001_1024.hdf5"):
        (tmp_path / name).touch()
        with pytest.raises(CaptureError, match="set of labelled frames.*open_dataset"):
            open_capture(tmp_path / name)
    with pytest.raises(CaptureError, match="is a folder.*open_dataset"):
        open_capture(tmp_path)
    (tmp_path / "a.sigmf-collection").write_text("{}")
    with pytest.raises(CaptureError, match="collection of recordings, wanted one of them"):
        open_capture(tmp_path / "a.sigmf-collection")


def test_what_a_set_has_itself_is_not_asked_for(tmp_path: Path) -> None:
    for name, options in (
        ("a.pkl", {"classes": ["x"]}),
        ("a.pkl", {"frame_length": 128}),
        ("a.hdf5", {"frame_length": 1024}),
        (".", {"classes": ["x"]}),
    ):
        with pytest.raises(CaptureError, match="leave it away"):
            open_dataset(tmp_path / name, **options)
    with pytest.raises(CaptureError, match="no set of labelled frames by its name"):
        open_dataset(tmp_path / "a.wav")
