# SPDX-License-Identifier: GPL-3.0-or-later
"""RadioML 2016 in every form of pickle that wrote it, and pickles that somebody made to do harm."""

from __future__ import annotations

import os
import pickle
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from denomae.captures import CaptureError
from denomae.captures.datasets import open_dataset

FRAMES, LENGTH = 25, 128
CELLS = [("QPSK", -2), ("QPSK", 18), ("8PSK", -2), ("AM-SSB", -20), ("PAM4", 0)]
ARRAYS = {
    cell: np.random.default_rng(number).standard_normal((FRAMES, 2, LENGTH)).astype(np.float32)
    for number, cell in enumerate(CELLS)
}


def by_python_2(arrays: dict) -> bytes:
    """What cPickle of Python 2.7 writes by default (protocol 0), operation by operation.

    Taken from the operations that the documentation of `pickletools` lists; the memo's numbers
    count as cPickle counts them. Python 2's repr of a str is that of bytes without its b.
    """
    memo = 0

    def put() -> bytes:
        nonlocal memo
        memo += 1
        return b"p%d\n" % memo

    def text(value: bytes) -> bytes:
        return b"S" + repr(value)[1:].encode("ascii") + b"\n" + put()

    done = [b"(d" + put()]
    for (name, snr), array in arrays.items():
        out = b"(" + text(name.encode()) + b"I%d\nt" % snr + put()
        out += b"cnumpy.core.multiarray\n_reconstruct\n" + put()
        out += b"(cnumpy\nndarray\n" + put() + b"(I0\nt" + put() + text(b"b") + b"t" + put()
        out += b"R" + put() + b"(I1\n(" + b"".join(b"I%d\n" % n for n in array.shape) + b"t" + put()
        out += b"cnumpy\ndtype\n" + put() + b"(" + text(array.dtype.str[1:].encode())
        out += b"I0\nI1\nt" + put() + b"R" + put()
        out += b"(I3\n" + text(b"<") + b"NNNI-1\nI-1\nI0\nt" + put() + b"bI00\n"
        out += text(array.tobytes()) + b"t" + put() + b"bs"
        done.append(out)
    return b"".join(done) + b"."


FORMS = {"by Python 2": by_python_2(ARRAYS)}
FORMS |= {f"protocol {p}": pickle.dumps(ARRAYS, p) for p in (2, 3, 4)}


def write(folder: Path, content: bytes) -> Path:
    path = folder / "RML2016.10a_dict.pkl"
    path.write_bytes(content)
    return path


def test_the_text_of_python_2_is_a_pickle_that_python_itself_reads_alike() -> None:
    loaded = pickle.loads(by_python_2(ARRAYS), encoding="latin1")
    assert list(loaded) == CELLS
    for cell, array in ARRAYS.items():
        np.testing.assert_array_equal(loaded[cell], array)


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS.keys())
def test_every_frame_comes_with_its_class_and_snr(tmp_path: Path, content: bytes) -> None:
    with open_dataset(write(tmp_path, content)) as frames:
        assert (len(frames), frames.frame_length) == (FRAMES * len(CELLS), LENGTH)
        assert frames.classes == ("8PSK", "AM-SSB", "PAM4", "QPSK")
        assert frames.our_classes == ("8psk", None, None, "qpsk")
        order = np.random.default_rng(0).permutation(len(frames))
        order = np.append(order, order[:5])  # a frame may be asked for twice
        batch = frames.batch(order)
        assert batch.dtype == np.complex64 and batch.shape == (len(order), LENGTH)
        ranks: dict = {}
        truth = {}
        for number in range(len(frames)):
            cell = (frames.classes[frames.class_index[number]], int(frames.snr_db[number]))
            rank = ranks[cell] = ranks.get(cell, -1) + 1
            truth[number] = ARRAYS[cell][rank, 0] + 1j * ARRAYS[cell][rank, 1]
        for frame, number in zip(batch, order.tolist(), strict=True):
            np.testing.assert_array_equal(frame, truth[number])
        one, class_index, snr_db = frames[len(frames) - 1]
        np.testing.assert_array_equal(one, truth[len(frames) - 1])
        assert (frames.classes[class_index], snr_db) == ("QPSK", 18.0)
        assert frames.counts()["PAM4", 0.0] == FRAMES


def test_float64_and_unequal_cells_are_read(tmp_path: Path) -> None:
    arrays = {
        ("WBFM", 2): np.ones((3, 2, 8)),
        ("WBFM", 4): np.zeros((0, 2, 8)),
        ("GFSK", 2.5): np.full((5, 2, 8), 2.0, ">f4"),
    }
    with open_dataset(write(tmp_path, pickle.dumps(arrays, 3))) as frames:
        assert len(frames) == 8
        np.testing.assert_array_equal(frames.batch([7, 0]), [[1 + 1j] * 8, [2 + 2j] * 8])
        assert frames.counts() == {("GFSK", 2.5): 5, ("WBFM", 2.0): 3}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS.keys())
def test_a_forked_process_reads_the_same_frames(tmp_path: Path, content: bytes) -> None:
    with open_dataset(write(tmp_path, content)) as frames:
        wanted = frames.batch(range(len(frames)))
        read, send = os.pipe()
        child = os.fork()
        if not child:  # the child
            try:
                same = all((frames.batch([n])[0] == wanted[n]).all() for n in range(len(frames)))
                os.write(send, b"y" if same else b"n")
            finally:
                os._exit(0)
        for number in reversed(range(len(frames))):
            np.testing.assert_array_equal(frames.batch([number])[0], wanted[number])
        os.waitpid(child, 0)
        assert os.read(read, 1) == b"y"
        os.close(read), os.close(send)


def test_opening_takes_little_memory_whatever_the_size(tmp_path: Path) -> None:
    big = {("QPSK", snr): np.ones((4000, 2, 128), np.float32) for snr in range(8)}
    for content in (by_python_2(big), pickle.dumps(big, 2)):
        path = write(tmp_path, content)
        del content
        tracemalloc.start()
        with open_dataset(path) as frames:
            opened = tracemalloc.get_traced_memory()[1]
            frames.batch([0, 17, 31_999])
            peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert opened < 2**20
        assert peak < 10 * (4000 * 2 * 128 * 4)  # one cell, as text and as numbers


# --- the split ---


def test_neighbours_are_never_on_two_sides(tmp_path: Path) -> None:
    arrays = {(c, s): np.ones((1000, 2, 4), np.float32) for c in ("QPSK", "BPSK") for s in (0, 2)}
    with open_dataset(write(tmp_path, pickle.dumps(arrays, 4))) as frames:
        assert frames.captures_are_guessed
        parts = frames.split({"train": 0.7, "validation": 0.1, "test": 0.2})
        again = frames.split({"train": 0.7, "validation": 0.1, "test": 0.2}, seed=9)
        for name, part in parts.items():
            np.testing.assert_array_equal(part, again[name])  # in order: no seed in it
            counts = frames.counts(part)
            assert len(counts) == 4 and len(set(counts.values())) == 1
        side = np.full(len(frames), -1)
        for number, part in enumerate(parts.values()):
            assert (side[part] == -1).all()
            side[part] = number
    sizes = [len(part) for part in parts.values()]
    assert sizes == [2600, 200, 800]  # of each cell's 20 blocks 13, 1 and 4, and 2 left out
    for cell in side.reshape(4, 1000):
        changes = np.flatnonzero(np.diff(cell))
        assert len(changes) == 4  # train, left out, validation, left out, test
        assert (np.diff(changes) >= 50).all()


def test_shares_that_are_none_and_sides_without_frames_are_refused(tmp_path: Path) -> None:
    arrays = {("QPSK", 0): np.ones((2, 2, 4), np.float32)}
    with open_dataset(write(tmp_path, pickle.dumps(arrays, 2))) as frames:
        for shares in ({}, {"a": 0.9, "b": 0.2}, {"a": 0.0}, {"a": -0.5, "b": 1.0}):
            with pytest.raises(CaptureError, match="wanted each above 0, together 1"):
                frames.split(shares)
        with pytest.raises(CaptureError, match="too few .* would have no frame"):
            frames.split({"train": 0.5, "test": 0.5})
        assert len(frames.split({"all": 1.0})["all"]) == 2


# --- pickles made to do harm ---


class Harm:
    """Pickled, this is an order to make a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_a_program_runs_nothing(tmp_path: Path, protocol: int) -> None:
    target = tmp_path / "done"
    for content in (Harm(target), {("QPSK", 0): Harm(target)}, [Harm(target)]):
        path = write(tmp_path, pickle.dumps(content, protocol))
        with pytest.raises(CaptureError):
            open_dataset(path)
        assert not target.exists()
    pickle.loads(path.read_bytes())
    assert target.exists()  # so that the test could have failed


GOOD = by_python_2({("QPSK", 0): np.ones((1, 2, 4), np.float32)})
BINARY = pickle.dumps({("QPSK", 0): np.ones((100, 2, 4), np.float32)}, 4)
SYSTEM = b"cposix\nsystem\n(S'true'\ntR."
BAD = {
    "empty": (b"", "at byte 0: 1 bytes are wanted, 0 are left"),
    "text": (b"hello", "operation b'h'|number 101|left"),
    "os.system": (SYSTEM, "names posix.system"),
    "builtins.eval": (GOOD.replace(b"numpy\ndtype", b"builtins\neval"), "names builtins.eval"),
    "a dotted name": (GOOD.replace(b"ndarray", b"ndarray.tofile"), "names numpy.ndarray.tofile"),
    "an instance": (b"(i__main__\nX\n.", "operation b'i'"),
    "an object": (b"\x80\x02cnumpy\nndarray\n)\x81.", "operation b'\\x81'"),
    "an extension": (b"\x80\x02\x82\x01.", "operation b'\\x82'"),
    "a persistent name": (b"Pname\n.", "operation b'P'"),
    "an out-of-band buffer": (b"\x80\x05\x97.", "protocol is 5"),
    "calls what it built": (GOOD[:-1] + b"(tR.", "it calls dict"),
    "calls an array": (b"cnumpy\nndarray\n(I4\ntR.", "calls ndarray with 1 arguments"),
    "no dictionary": (b"I5\n.", "it holds int"),
    "numbers in it": (b"(S'a'\nI5\nd.", "its key a holds int"),
    "nothing in it": (b"(d.", "holds no array"),
    "an endless text": (b"S'" + b"x" * 10_000, "a text without an end"),
    "an endless name": (b"c" + b"x" * 10_000, "longer than a name"),
    "a long number": (b"I" + b"9" * 200 + b"\n.", "number is too long"),
    "a longer number": (b"\x80\x02\x8a\xff" + b"\1" * 255 + b".", "number is too long"),
    "bytes beyond the end": (b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x", "bytes are wanted"),
    "text beyond the end": (b"\x80\x02X" + struct.pack("<I", 2**32 - 1) + b"x", "are wanted"),
    "a memo far away": (b"I1\nr\xff\xff\xff\xff" + b"j\xfe\xff\xff\xff.", "never put aside"),
    "an empty stack": (b"0000.", "operation b'0'"),
    "nothing to take": (b"\x80\x02\x86.", "too little lies on its stack"),
    "no mark": (b"I1\nt.", "a mark is missing"),
    "a deep nest": (b"I1\n" + b"\x85" * 50_000 + b".", "it holds tuple"),
    "objects": (GOOD.replace(b"S'f4'", b"S'O'"), "numbers are 'O'"),
    "records": (GOOD.replace(b"S'f4'", b"S'V8'"), "numbers are 'V8'"),
    "huge numbers": (GOOD.replace(b"S'f4'", b"S'f16'"), "numbers are 'f16'"),
    "two axes": (GOOD.replace(b"I1\nI2\nI4\nt", b"I2\nI4\nt"), "three axes"),
    "one part": (GOOD.replace(b"I1\nI2\nI4\nt", b"I2\nI1\nI4\nt"), "wanted [frames, 2, samples]"),
    "negative": (GOOD.replace(b"I1\nI2\nI4\nt", b"I-1\nI2\nI4\nt"), "shape ['-1', '2', '4']"),
    "2**60 frames": (GOOD.replace(b"I1\nI2\nI4\nt", b"I1152921504606846976\nI2\nI4\nt"), "shape"),
    "a terabyte": (GOOD.replace(b"I1\nI2\nI4\nt", b"I99999999\nI2\nI4\nt"), "at most 268435456"),
    "more than there is": (GOOD.replace(b"I1\nI2\nI4\nt", b"I90\nI2\nI4\nt"), "claims 2880 bytes"),
    "more than a binary has": (BINARY.replace(b"Kd", b"Ke"), "claims 3232 bytes, but 3200"),
    "by columns": (GOOD.replace(b"bI00\n", b"bI01\n"), "column by column"),
    "another key": (GOOD.replace(b"(S'QPSK'\np2\nI0\nt", b"(S'QPSK'\np2\nt"), "has the key"),
    "a key of numbers": (GOOD.replace(b"S'QPSK'", b"I7"), "has the key (7, 0)"),
    "an infinite SNR": (GOOD.replace(b"I0\ntp3", b"Finf\ntp3"), "has the key"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "words"), BAD.values(), ids=BAD.keys())
def test_what_is_no_set_is_one_sentence_and_takes_no_memory(
    tmp_path: Path, content: bytes, words: str
) -> None:
    assert content not in (GOOD, BINARY)
    path = write(tmp_path, content)
    tracemalloc.start()
    with pytest.raises(CaptureError) as caught:
        open_dataset(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    message = str(caught.value)
    assert any(word in message for word in words.split("|"))
    assert "RML2016" in message and "\n" not in message and len(message) < 400
    assert peak < 20 * 2**20


def test_contents_that_are_no_numbers_are_told_when_they_are_read(tmp_path: Path) -> None:
    content = GOOD.replace(b"\\x00\\x00\\x80?", b"\\x00\\x00\\x80?????", 1)
    with open_dataset(write(tmp_path, content)) as frames:
        with pytest.raises(CaptureError, match="have 36 bytes, wanted 32"):
            frames.batch([0])


@pytest.mark.parametrize("numbers", [[5], [-1], [0.5], [[0]], ["a"]])
def test_a_frame_that_is_not_there_is_refused(tmp_path: Path, numbers: list) -> None:
    with open_dataset(write(tmp_path, GOOD)) as frames:
        with pytest.raises(CaptureError, match="which has 1|wanted integers"):
            frames.batch(numbers)
        assert frames.batch([]).shape == (0, 4)
        assert len(list(frames)) == 1


@pytest.mark.filterwarnings("ignore:invalid escape")
@settings(max_examples=800, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_pickle_gives_frames_or_one_sentence(tmp_path: Path, data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from([GOOD, BINARY, pickle.dumps(pickle.loads(BINARY), 2)]))
    changed = bytearray(raw[: data.draw(st.sampled_from([len(raw)] * 3 + [len(raw) // 2]))])
    interesting = list({*raw[:300], 0, 1, 255, *b"RcbsdtISTUX.\x80\x8e\x93\x94\x95"})
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, min(len(changed), 400) - 1))
        changed[at] = data.draw(st.sampled_from(interesting))
    path = write(tmp_path, bytes(changed))
    tracemalloc.start()
    try:
        with open_dataset(path) as frames:
            frames.batch(range(min(len(frames), 10)))
            assert len(frames.class_index) == len(frames.snr_db) == len(frames) < 10_000
    except CaptureError as error:
        assert "\n" not in str(error) and len(str(error)) < 400
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 * 2**20
