# SPDX-License-Identifier: GPL-3.0-or-later
"""The study's sets of pictures by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from denomae.errors import DenomaeError
from denomae_training.signals.dataset import split_seed
from denomae_training.study import cifar, idx
from denomae_training.study.jitter import jittered
from denomae_training.study.pictures import PictureSet, digits, split

VALIDATION_SHARE = 0.1  # of what is learnt from


def open_set(data: str, folder: Path | None, seed: int) -> PictureSet:
    """A set of pictures.

    Args:
        folder: where files of MNIST or CIFAR-10 lie; not asked for digits.
        seed: of colour jitter.

    Raises:
        DenomaeError: no folder was given, or its files are not as they must be.
    """
    if data == "digits":
        return digits()
    where = idx.WHERE if data == "mnist" else cifar.WHERE
    if folder is None:
        raise DenomaeError(f"{data} needs files that are not part of this package; {where}")
    if not folder.is_dir():
        raise DenomaeError(f"{folder} is no folder; {where}")
    if data == "mnist":
        classes = tuple("0123456789")
        learnt, test = idx.read_mnist(folder)
    else:
        classes = cifar.CLASSES
        learnt, test = cifar.read_cifar10(folder)
    if data == "cifar10-jitter":
        learnt = replace(learnt, images=jittered(learnt.images, split_seed(seed, "train")))
        test = replace(test, images=jittered(test.images, split_seed(seed, "test")))
    generator = torch.Generator().manual_seed(0)  # the same split, whatever the seed of training
    learnt = learnt.part(torch.randperm(len(learnt), generator=generator))
    return split(data, classes, learnt, test, max(1, round(VALIDATION_SHARE * len(learnt))))
