# SPDX-License-Identifier: GPL-3.0-or-later
"""Labelled pictures that a study is made on, cut into what is learnt from, chosen by, tested on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from denomae.errors import DenomaeError

DIGITS_TEST, DIGITS_VALIDATION = 400, 300


@dataclass(frozen=True)
class Pictures:
    """Images float32 [N, C, H, W] in 0..1, and classes int64 [N].

    Attributes:
        clean: what a denoiser must give, as `images`; None: the images are clean, and the objective
            adds its own noise.
    """

    images: Tensor
    class_index: Tensor
    clean: Tensor | None = None

    def __len__(self) -> int:
        return len(self.class_index)

    @property
    def goal(self) -> Tensor:
        return self.images if self.clean is None else self.clean

    def part(self, which: slice | Tensor) -> Pictures:
        clean = None if self.clean is None else self.clean[which]
        return Pictures(self.images[which], self.class_index[which], clean)

    def balanced(self, each: int, class_count: int) -> Pictures:
        """The first `each` pictures of every class, class by class.

        Raises:
            DenomaeError: a class has fewer.
        """
        places = []
        for number in range(class_count):
            found = torch.nonzero(self.class_index == number)[:, 0]
            if len(found) < each:
                raise DenomaeError(
                    f"class {number} has {len(found)} pictures, wanted {each} of each class; ask "
                    "for fewer, or give a larger set"
                )
            places.append(found[:each])
        return self.part(torch.cat(places))


@dataclass(frozen=True)
class PictureSet:
    """A named set in three parts that share no picture.

    Attributes:
        train: what everything is learnt from, with and without labels.
        validation: what rates, penalties and steps are chosen by.
        test: asked once, for the figures that are reported.
    """

    name: str
    classes: tuple[str, ...]
    train: Pictures
    validation: Pictures
    test: Pictures

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        return tuple(self.train.images.shape[1:])


def checked_labels(class_index: Tensor, class_count: int, where: str) -> Tensor:
    """The labels as int64.

    Raises:
        DenomaeError: one of them is no class, or a class has none.
    """
    labels = class_index.long()
    outside = (labels < 0) | (labels >= class_count)
    if outside.any():
        place = int(outside.nonzero()[0, 0])
        raise DenomaeError(
            f"{where}: label {place} is {int(labels[place])}, wanted 0 to {class_count - 1}; the "
            "file is damaged, or it is another set's"
        )
    return labels


def split(
    name: str, classes: tuple[str, ...], learnt: Pictures, test: Pictures, validation: int
) -> PictureSet:
    """A set whose last `validation` pictures to learn from are held back to choose by.

    Raises:
        DenomaeError: a class has fewer than two pictures to learn from or to test on, or none to
            choose by.
    """
    if not 0 < validation < len(learnt):
        raise DenomaeError(
            f"{name} has {len(learnt)} pictures to learn from and {validation} of them were to be "
            "held back; wanted at least one, and fewer than there are"
        )
    cut = len(learnt) - validation
    made = PictureSet(name, classes, learnt.part(slice(cut)), learnt.part(slice(cut, None)), test)
    for part, least in (("train", 2), ("validation", 1), ("test", 2)):
        counts = torch.bincount(getattr(made, part).class_index, minlength=len(classes))
        if int(counts.min()) < least:
            number = int(counts.argmin())
            raise DenomaeError(
                f"{name}: the class {classes[number]!r} has {int(counts[number])} pictures in the "
                f"part {part!r}, wanted at least {least}; give more pictures"
            )
    return made


def digits() -> PictureSet:
    """scikit-learn's digits: 1,797 scans of 8 x 8 pixels, as they are.

    Patches of 2 px make 16 tokens of one, of which a masked autoencoder sees four.
    Cut in the order of the file and not by chance: neighbours there are often of one hand.

    Raises:
        DenomaeError: there is no scikit-learn.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise DenomaeError(
            "no scikit-learn, wanted it for its digits: pip install scikit-learn"
        ) from error
    found = load_digits()
    images = torch.from_numpy(found.images).float()[:, None] / 16.0
    every = Pictures(images, torch.from_numpy(found.target).long())
    cut = len(every) - DIGITS_TEST
    learnt, test = every.part(slice(cut)), every.part(slice(cut, None))
    return split("digits", tuple("0123456789"), learnt, test, DIGITS_VALIDATION)
