# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of MNIST and CIFAR-10 on small files in those formats, whole and damaged."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from study_files import cifar_records, idx_bytes, write_cifar, write_mnist

from denomae.errors import DenomaeError
from denomae_training.cli import main
from denomae_training.study.cifar import read_cifar10
from denomae_training.study.idx import read_mnist
from denomae_training.study.jitter import jittered
from denomae_training.study.pictures import Pictures, digits, split
from denomae_training.study.sets import open_set


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_comes_as_it_was_written(tmp_path, zipped):
    write_mnist(tmp_path, zipped=zipped)
    train, test = read_mnist(tmp_path)
    assert train.images.shape == (60, 1, 28, 28)
    assert len(test) == 20
    assert torch.equal(train.class_index, torch.arange(60) % 10)
    assert float(train.images[13, 0, 10, 10]) == pytest.approx((20 * 3 + 10) / 255)
    assert float(train.images[13, 0, 0, 0]) == pytest.approx(13 / 255)


@pytest.mark.parametrize("pickled", [False, True])
def test_cifar_comes_as_it_was_written(tmp_path, pickled):
    write_cifar(tmp_path, pickled=pickled)
    train, test = read_cifar10(tmp_path)
    assert train.images.shape == (100, 3, 32, 32)
    records = cifar_records(20, 1)  # the second batch
    assert train.class_index[20:40].tolist() == records[:, 0].tolist()
    assert train.images[27, 2, 31, 30] == records[7, 1 + 3 * 1024 - 2] / np.float32(255)
    assert len(test) == 20


def damaged_idx(head: bytes, content: bytes):
    def write(folder: Path) -> None:
        (folder / "train-images-idx3-ubyte").write_bytes(head + content)

    return write


def labels_of(values: list[int]):
    def write(folder: Path) -> None:
        (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.array(values, np.uint8)))

    return write


HEAD = struct.pack(">HBB3I", 0, 8, 3, 60, 28, 28)
MNIST_FAULTS = {
    "an end in the head": (damaged_idx(HEAD[:9], b""), "ends after 9 bytes, wanted an IDX head"),
    "an end in the pictures": (damaged_idx(HEAD, b"x" * 99), "has 99 of the 47040 bytes"),
    "bytes behind": (damaged_idx(HEAD, b"x" * 47041), "has more than the 47040 bytes"),
    "floats": (damaged_idx(b"\0\0\x0d\3" + HEAD[4:], b""), "begins with 00 00 0d 03"),
    "labels for pictures": (
        damaged_idx(idx_bytes(np.zeros(60)), b"\0" * 20), "wanted 00 00 08 03"),
    "a size that is no set's": (
        damaged_idx(struct.pack(">HBB3I", 0, 8, 3, *[2**32 - 1] * 3), b""), "claims"),
    "other pictures": (
        damaged_idx(struct.pack(">HBB3I", 0, 8, 3, 60, 14, 14), b"x" * 60 * 196), "14 x 14"),
    "too few labels": (labels_of([1] * 59), "60 pictures and .* 59 labels"),
    "a label out of range": (labels_of([1] * 40 + [10] * 20), "label 40 is 10, wanted 0 to 9"),
}  # fmt: skip


@pytest.mark.parametrize("fault", MNIST_FAULTS)
def test_damaged_mnist_is_refused_in_one_sentence(tmp_path, fault):
    write, words = MNIST_FAULTS[fault]
    write_mnist(tmp_path)
    write(tmp_path)
    with pytest.raises(DenomaeError, match=words):
        read_mnist(tmp_path)


def test_a_damaged_archive_is_refused(tmp_path):
    write_mnist(tmp_path, zipped=True)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DenomaeError, match="cannot be unpacked"):
        read_mnist(tmp_path)


class Program:
    def __reduce__(self):
        return eval, ("open('ran', 'w')",)


def batch(**changes) -> bytes:
    records = cifar_records(20)
    data = {"labels": records[:, 0].tolist(), "data": np.ascontiguousarray(records[:, 1:])}
    return pickle.dumps(data | changes, protocol=2)


CIFAR_FAULTS = {
    "a program": (batch(filenames=Program()), "it names .*eval.* nothing of it was run"),
    "a cut": (batch()[:5000], "wanted a batch of CIFAR-10's Python version"),
    "floats": (batch(data=np.zeros((20, 3072))), "wanted u1"),
    "three axes": (batch(data=np.zeros((20, 3, 1024), np.uint8)), "two axes"),
    "small pictures": (batch(data=np.zeros((20, 300), np.uint8)), "20 x 300 and 20 labels"),
    "too few labels": (batch(labels=[1, 2]), "20 x 3072 and 2 labels"),
    "words for labels": (batch(labels=["cat"] * 20), "labels that are no numbers"),
    "a label out of range": (batch(labels=[3] * 19 + [11]), "label 19 is 11, wanted 0 to 9"),
    "no labels": (pickle.dumps({"data": np.zeros((2, 3072), np.uint8)}, 2), "a list 'labels'"),
}


@pytest.mark.parametrize("fault", CIFAR_FAULTS)
def test_a_pickled_batch_is_read_as_data_and_refused_in_one_sentence(tmp_path, monkeypatch, fault):
    monkeypatch.chdir(tmp_path)
    content, words = CIFAR_FAULTS[fault]
    write_cifar(tmp_path, pickled=True)
    (tmp_path / "data_batch_1").write_bytes(content)
    with pytest.raises(DenomaeError, match=words):
        read_cifar10(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_binary_batch_of_another_size_is_refused(tmp_path):
    write_cifar(tmp_path)
    path = tmp_path / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DenomaeError, match="61459 bytes, wanted 1 to 50000 records of 3073"):
        read_cifar10(tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [("mnist", "yann.lecun.com"), ("cifar10", "cs.toronto.edu"), ("cifar10-jitter", "--folder")],
)
def test_files_that_are_not_there_are_said_to_be_where(tmp_path, capsys, data, words):
    for extra in ([], ["--folder", str(tmp_path)], ["--folder", str(tmp_path / "none")]):
        work = ["--work", str(tmp_path / "work"), "--machine.threads", "1"]
        assert main(["study", "--data", data, *extra, *work]) == 2
        said = capsys.readouterr().err
        assert said.startswith("denomae-train: ")
        assert said.count("\n") == 1
        assert words in said


def test_a_set_is_cut_into_parts_that_share_no_picture(tmp_path):
    write_mnist(tmp_path, train=250)
    found = open_set("mnist", tmp_path, 1)
    places = [found.train.images[:, 0, 0, 0], found.validation.images[:, 0, 0, 0]]
    together = sorted((255 * torch.cat(places)).round().int().tolist())
    assert together == list(range(250))
    assert len(found.validation) == 25


def test_a_class_with_too_few_pictures_is_named(tmp_path):
    pictures = Pictures(torch.zeros(12, 1, 8, 8), torch.tensor([0] * 6 + [1] + [0] * 5))
    with pytest.raises(DenomaeError, match="the class 'one' has 1 pictures in the part 'train'"):
        split("set", ("zero", "one"), pictures, pictures, 2)
    many = Pictures(torch.zeros(12, 1, 8, 8), torch.arange(12) % 2)
    few = Pictures(torch.zeros(3, 1, 8, 8), torch.tensor([0, 1, 0]))
    with pytest.raises(DenomaeError, match="1 pictures in the part 'test', wanted at least 2"):
        split("set", ("zero", "one"), many, few, 4)  # a cluster of one has no radius
    with pytest.raises(DenomaeError, match="class 1 has 1 pictures, wanted 2 of each class"):
        pictures.balanced(2, 2)


def test_digits_are_always_there():
    found = digits()
    assert (len(found.train), len(found.validation), len(found.test)) == (1097, 300, 400)
    assert found.shape == (1, 8, 8)
    assert 0 <= float(found.test.images.min()) < float(found.test.images.max()) == 1


def test_jitter_is_of_the_picture_alone_and_of_the_seed():
    images = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    made = jittered(images, 5)
    assert made.shape == images.shape
    assert 0 <= float(made.min()) <= float(made.max()) <= 1
    assert not torch.allclose(made, images, atol=0.02)
    assert torch.equal(jittered(images[:2], 5), made[:2])
    assert not torch.equal(jittered(images, 6), made)


def test_jitter_leaves_black_black_and_keeps_brightness_within_its_factors():
    made = jittered(torch.cat([torch.zeros(5, 3, 4, 4), torch.full((20, 3, 4, 4), 0.5)]), 1)
    assert torch.equal(made[:5], torch.zeros(5, 3, 4, 4))
    grey = made[5:].flatten(1).mean(1)  # contrast, saturation and hue leave an even grey as it is
    assert 0.25 - 1e-3 <= float(grey.min()) < 0.4
    assert 0.6 < float(grey.max()) <= 0.75 + 1e-3
