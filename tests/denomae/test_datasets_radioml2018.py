# SPDX-License-Identifier: GPL-3.0-or-later
"""RadioML 2018.01A, written in its layout, and HDF5 files that promise what they do not hold."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from denomae.captures import CaptureError
from denomae.captures.datasets import open_dataset

h5py = pytest.importorskip("h5py")

# The order of the file's columns, as those who compared it with the signals found it.
TRUE_ORDER = (
    "OOK 4ASK 8ASK BPSK QPSK 8PSK 16PSK 32PSK 16APSK 32APSK 64APSK 128APSK 16QAM 32QAM 64QAM 128QAM"
    " 256QAM AM-SSB-WC AM-SSB-SC AM-DSB-WC AM-DSB-SC FM GMSK OQPSK"
).split()
# What classes.txt beside the file says, which is wrong from its first name on.
SHIPPED_LIST = """classes = ['32PSK', '16APSK', '32QAM', 'FM', 'GMSK', '32APSK', 'OQPSK', '8ASK',
 'BPSK', '8PSK', 'AM-SSB-SC', '4ASK', '16PSK', '64APSK', '128QAM', '128APSK', 'AM-DSB-SC',
 'AM-SSB-WC', '64QAM', 'QPSK', '256QAM', 'AM-DSB-WC', 'OOK', '16QAM']"""
PER_CELL, RATIOS, LENGTH = 40, (-20, 30), 1024
COUNT = PER_CELL * len(RATIOS) * len(TRUE_ORDER)


def frame(number: int) -> np.ndarray:
    """The frame of that number: its first sample says which it is."""
    samples = np.full(LENGTH, 0.25 - 0.5j, np.complex64)
    samples[0] = number
    return samples


def write(folder: Path, **options: object) -> Path:
    """A small file as DeepSig wrote the large one: sorted by class, then by SNR."""
    path = folder / "GOLD_XYZ_OSC.0001_1024.hdf5"
    x = np.stack([frame(n) for n in range(COUNT)]).view(np.float32).reshape(COUNT, LENGTH, 2)
    classes = np.repeat(np.arange(24), PER_CELL * len(RATIOS))
    ratios = np.tile(np.repeat(RATIOS, PER_CELL), 24)
    with h5py.File(path, "w") as file:
        file.create_dataset("X", data=x, **options)
        file.create_dataset("Y", data=np.eye(24, dtype=np.int64)[classes])
        file.create_dataset("Z", data=ratios[:, None].astype(np.int64))
    (folder / "classes.txt").write_text(SHIPPED_LIST)
    return path


@pytest.mark.parametrize(
    "options", [{}, {"chunks": (16, LENGTH, 2), "compression": "gzip", "shuffle": True}]
)
def test_frames_come_by_number_with_the_true_class(tmp_path: Path, options: dict) -> None:
    with open_dataset(write(tmp_path, **options)) as frames:
        assert (len(frames), frames.frame_length) == (COUNT, LENGTH)
        assert list(frames.classes) == TRUE_ORDER
        numbers = np.random.default_rng(4).permutation(COUNT)[:300]
        numbers = np.concatenate([numbers, [7, 7, 8, 9, COUNT - 1, 0]])
        batch = frames.batch(numbers)
        assert batch.dtype == np.complex64
        np.testing.assert_array_equal(batch, np.stack([frame(n) for n in numbers]))
        # The very first frames are OOK, whatever the list beside the file says.
        assert frames.classes[frames.class_index[0]] == "OOK"
        assert frames.our_classes[:4] == ("ook", "4ask", None, "bpsk")
        counts = frames.counts()
        assert counts == {(name, float(s)): PER_CELL for name in TRUE_ORDER for s in RATIOS}


def test_every_side_of_a_split_has_every_class_at_every_snr(tmp_path: Path) -> None:
    with open_dataset(write(tmp_path)) as frames:
        parts = frames.split({"train": 0.8, "test": 0.2})
        for part in parts.values():
            assert len(frames.counts(part)) == 48
        # A slice of the file is one class: what a split must never be.
        assert len(set(frames.class_index[: COUNT // 24])) == 1
    for cell in range(COUNT // PER_CELL):
        train, test = (part[part // PER_CELL == cell] for part in parts.values())
        assert test.min() - train.max() > PER_CELL // 20  # a block lies between them


def test_a_forked_process_opens_the_file_anew(tmp_path: Path) -> None:
    with open_dataset(write(tmp_path)) as frames:
        frames.batch([0])
        read, send = os.pipe()
        child = os.fork()
        if not child:
            try:
                os.write(send, b"y" if frames.batch([5])[0, 0] == 5 else b"n")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert os.read(read, 1) == b"y"
        assert frames.batch([6])[0, 0] == 6
        os.close(read), os.close(send)


def test_another_file_of_that_form_names_its_classes(tmp_path: Path) -> None:
    path = tmp_path / "own.h5"
    with h5py.File(path, "w") as file:
        file["X"] = np.zeros((6, 16, 2), np.float64)
        file["Y"] = np.eye(3, dtype=np.float32)[[2, 0, 1, 1, 0, 2]]
        file["Z"] = np.arange(6.0)
    with pytest.raises(CaptureError, match="Y has 3 columns.*name the classes"):
        open_dataset(path)
    with open_dataset(path, classes=["QPSK", "mine", "FM"]) as frames:
        assert frames.class_index.tolist() == [2, 0, 1, 1, 0, 2]
        assert frames.our_classes == ("qpsk", None, "fm")
        assert frames.snr_db.tolist() == [0, 1, 2, 3, 4, 5]
    for classes in (["a", "b"], ["a", "a", "b"]):
        with pytest.raises(CaptureError):
            open_dataset(path, classes=classes)


Y, Z = ((4, 24), {}), ((4, 1), {})
VAST = 2**57
BAD = {
    "no X": ({"Y": Y, "Z": Z}, "no such thing as X"),
    "no Z": ({"X": ((4, 8, 2), {}), "Y": Y}, "no such thing as Z"),
    "two axes": ({"X": ((4, 8), {}), "Y": Y, "Z": Z}, "X has the shape (4, 8), wanted 3 axes"),
    "three parts": ({"X": ((4, 8, 3), {}), "Y": Y, "Z": Z}, "X has the shape [4, 8, 3]"),
    "fewer labels": (
        {"X": ((4, 8, 2), {}), "Y": ((3, 24), {}), "Z": Z},
        "Y has the shape [3, 24], wanted [4, 24]",
    ),
    "no length": ({"X": ((4, 0, 2), {}), "Y": Y, "Z": Z}, "4 frames of 0 samples"),
    "text": ({"X": ((4, 8, 2), {"dtype": "S4"}), "Y": Y, "Z": Z}, "X holds |S4, wanted numbers"),
    "2**60 numbers": (
        {"X": ((VAST, 4, 2), {}), "Y": Y, "Z": Z},
        f"X claims {VAST * 32} bytes, but 0 are stored",
    ),
    "2**60 numbers in pieces": (
        {
            "X": ((VAST, 4, 2), {"chunks": (1, 4, 2)}),
            "Y": ((VAST, 24), {"chunks": (1, 24)}),
            "Z": ((VAST,), {"chunks": (1,)}),
        },
        f"{VAST} frames of 4 samples, wanted at most",
    ),
    "a piece of a gigabyte": (
        {"X": ((2**20, 512, 2), {"chunks": (2**18, 512, 2)}), "Y": Y, "Z": Z},
        "stored in pieces of 1073741824 bytes",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("datasets", "words"), BAD.values(), ids=BAD.keys())
def test_a_file_that_promises_what_it_has_not_is_one_sentence(
    tmp_path: Path, datasets: dict, words: str
) -> None:
    path = tmp_path / "bad.hdf5"
    with h5py.File(path, "w") as file:
        # Contents for what is small, so that only what is meant is wrong.
        for key, (shape, options) in datasets.items():
            made = file.create_dataset(key, shape, **{"dtype": "f4", **options})
            if made.size < 10_000 and made.dtype.kind == "f":
                made[...] = 1
    refused(path, words)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b'{"classes": ["a"]}', "Y has the shape [1920, 24], wanted [1920, 1]"),
        (b'{"classes": [1, 2]}', "are no list of names"),
        (b'{"classes": {"a": 1}}', "are no list of names"),
        (b"[1]", "cannot be read as HDF5"),
        (b"[" * 9000, "cannot be read as HDF5"),
        (b"", "cannot be read as HDF5"),
        (b"\xff\xfe", "cannot be read as HDF5"),
    ],
)
def test_a_file_that_names_its_classes_wrongly_is_refused(
    tmp_path: Path, value: bytes, words: str
) -> None:
    path = write(tmp_path)
    with h5py.File(path, "r+") as file:
        file.attrs["denomae"] = np.bytes_(value)
    refused(path, words)


def test_somebody_elses_attribute_of_that_name_is_ignored(tmp_path: Path) -> None:
    path = write(tmp_path)
    for value in ("text of any length", 5, np.zeros(100), np.array([b"a", b"b"])):
        with h5py.File(path, "r+") as file:
            file.attrs["denomae"] = value
        with open_dataset(path) as frames:
            assert frames.kind == "RadioML 2018" and frames.captures_are_guessed


def refused(path: Path, words: str) -> None:
    tracemalloc.start()
    with pytest.raises(CaptureError) as caught:
        open_dataset(path)
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    tracemalloc.stop()
    message = str(caught.value)
    assert words in message and path.name in message
    assert "\n" not in message and len(message) < 400


def test_nothing_outside_the_file_is_opened(tmp_path: Path) -> None:
    outside = tmp_path / "outside.bin"
    outside.write_bytes(b"\1" * 4 * 4 * 8 * 2)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["X"] = np.ones((4, 8, 2), np.float32)
    path = tmp_path / "bad.hdf5"

    def rest(file: object) -> None:
        file["Y"] = np.eye(24, dtype=np.int8)[:4]
        file["Z"] = np.zeros((4, 1), np.float32)

    with h5py.File(path, "w") as file:
        rest(file)
        external = [(str(outside), 0, outside.stat().st_size)]
        file.create_dataset("X", (4, 8, 2), "f4", external=external)
    refused(path, "X lies in other files")
    with h5py.File(path, "w") as file:
        rest(file)
        layout = h5py.VirtualLayout((4, 8, 2), "f4")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "X", (4, 8, 2))
        file.create_virtual_dataset("X", layout)
    refused(path, "X lies in other files")
    for link in (h5py.ExternalLink("other.h5", "X"), h5py.SoftLink("/Y")):
        with h5py.File(path, "w") as file:
            rest(file)
            file["X"] = link
        refused(path, "a link to elsewhere as X")
    with h5py.File(path, "w") as file:
        rest(file)
        file.create_group("X")
    refused(path, "X is a group")


def test_what_is_no_hdf5_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "no.hdf5"
    for content in (b"", b"hello", b"\x89HDF\r\n\x1a\n" + b"\xff" * 500):
        path.write_bytes(content)
        refused(path, "cannot be read as HDF5")
    whole = write(tmp_path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(path, "cannot be read as HDF5")
    with pytest.raises(CaptureError, match="does not exist"):
        open_dataset(tmp_path / "nothing.hdf5")
    (tmp_path / "folder.hdf5").mkdir()
    with pytest.raises(CaptureError):
        open_dataset(tmp_path / "folder.hdf5")


def test_a_row_that_names_no_class_or_two_is_told(tmp_path: Path) -> None:
    path = write(tmp_path)
    for column, words in ((3, "names 2 classes"), (0, "names 0 classes")):
        with h5py.File(path, "r+") as file:
            file["Y"][5, 3] = 1 if column else 0
            file["Y"][5, 0] = 1 if column else 0
        with open_dataset(path) as frames:
            with pytest.raises(CaptureError, match=f"row 5 of Y {words}"):
                frames.class_index.sum()


def test_without_h5py_the_library_works_and_one_sentence_says_what_is_missing(
    tmp_path: Path,
) -> None:
    path = write(tmp_path)
    program = (
        "import sys; sys.modules['h5py'] = None\n"
        "from denomae.captures import CaptureError\n"
        "from denomae.captures.datasets import open_dataset\n"
        f"try: open_dataset({str(path)!r})\n"
        "except CaptureError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "h5py is missing here" in done.stdout and done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_file_of_20_gb_opens_and_reads_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.hdf5"
    count = 2_555_904
    with h5py.File(path, "w") as file:
        place = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        place.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        place.set_fill_time(h5py.h5d.FILL_TIME_NEVER)  # a hole, no disk
        for key, shape, kind in (
            ("X", (count, 1024, 2), h5py.h5t.NATIVE_FLOAT),
            ("Y", (count, 24), h5py.h5t.NATIVE_INT64),
            ("Z", (count, 1), h5py.h5t.NATIVE_INT64),
        ):
            h5py.h5d.create(file.id, key.encode(), kind, h5py.h5s.create_simple(shape), dcpl=place)
        file["X"][count - 1, :, 0] = 1
        file["Y"][:1000, 0] = 1
    assert path.stat().st_size > 20e9
    tracemalloc.start()
    with open_dataset(path) as frames:
        numbers = np.random.default_rng(0).integers(0, count, 200)
        assert not frames.batch(numbers).any()
        assert (frames.batch([count - 1]) == 1).all()
        with pytest.raises(CaptureError, match="row 1000 of Y names 0 classes"):
            frames.class_index.sum()
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * 2**20


def small(folder: Path, pieces: bool) -> bytes:
    packed = {"chunks": (8, 16, 2), "compression": "gzip"} if pieces else {}
    path = folder / "small.hdf5"
    with h5py.File(path, "w") as file:
        file.create_dataset("X", data=np.ones((48, 16, 2), np.float32), **packed)
        file["Y"] = np.eye(24, dtype=np.int64)[np.arange(48) // 2]
        file["Z"] = np.zeros((48, 1), np.int64)
    return path.read_bytes()


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_gives_frames_or_one_sentence(tmp_path: Path, data: st.DataObject) -> None:
    changed = bytearray(small(tmp_path, data.draw(st.booleans())))
    written = np.flatnonzero(np.frombuffer(changed, np.uint8)).tolist()  # not the holes
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.sampled_from(written))
        changed[at] = data.draw(st.sampled_from([0, 1, 2, 127, 128, 255]))
    path = tmp_path / "damaged.hdf5"
    path.write_bytes(changed[: data.draw(st.sampled_from([len(changed)] * 9 + [4000]))])
    try:
        with open_dataset(path) as frames:
            assert len(frames.class_index) == len(frames)
            frames.batch(range(min(len(frames), 48)))
    except CaptureError as error:
        assert "\n" not in str(error) and len(str(error)) < 400 and path.name in str(error)
