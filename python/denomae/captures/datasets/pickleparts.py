# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in a pickle of arrays: arrays, dtypes and names, and what of it is wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from denomae.captures.datasets.picklefile import Contents, Short

# What the pickle may name; each stands for itself and is not imported.
GLOBALS = (
    "numpy ndarray",
    "numpy dtype",
    "numpy.core.multiarray _reconstruct",
    "numpy._core.multiarray _reconstruct",
    "_codecs encode",
)
_LETTERS = re.compile(r"([<>|=]?)([a-z][0-9])")


@dataclass(frozen=True)
class Wanted:
    """What a pickle may hold.

    Attributes:
        what: in words, for errors.
        axes: of each array.
        numbers: of arrays, in numpy's letters.
        lists: whether lists and texts may stand beside arrays.
    """

    what: str
    axes: int
    numbers: tuple[str, ...]
    lists: bool = False


ARRAYS = Wanted("a pickled dictionary of arrays, as RadioML 2016 is", 3, ("f4", "f8"))


@dataclass
class StoredArray:
    """An array of the pickle, whose contents are still in the file."""

    shape: tuple[int, ...] = ()
    dtype: np.dtype | None = None
    contents: Contents | None = None


@dataclass
class Form:
    """A dtype while it is built: its letters, then its byte order."""

    letters: str
    order: str = "="


@dataclass(frozen=True)
class Name:
    """One of GLOBALS."""

    name: str


def text_of(value: Any) -> str:
    """A short text, or a ValueError."""
    if not isinstance(value, Short):
        raise ValueError(f"here stands {kind_of(value)}, wanted a text")
    return value.text()


def key_of(value: Any) -> Any:
    """A dictionary's key of text and numbers, or a ValueError."""
    if isinstance(value, tuple):
        return tuple(key_of(part) for part in value if not isinstance(part, tuple))
    if isinstance(value, Short):
        return text_of(value)
    if type(value) in (int, float):
        return value
    raise ValueError(f"a key is {kind_of(value)}, wanted text and numbers")


def dtype_of(form: Any, numbers: tuple[str, ...]) -> np.dtype:
    """The dtype that was built, of the wanted numbers, or a ValueError."""
    if isinstance(form, Form) and form.order in ("<", ">", "=", "|"):
        match = _LETTERS.fullmatch(form.letters)
        if match and match[2] in numbers:
            order = match[1] or form.order
            return np.dtype((order if order in "<>" else "<") + match[2])
    found = form.letters if isinstance(form, Form) else kind_of(form)
    raise ValueError(f"an array's numbers are {found[:60]!r}, wanted {' or '.join(numbers)}")


def kind_of(value: Any) -> str:
    """What something is, for errors."""
    names = {Short: "text", Contents: "long text", StoredArray: "an array", Form: "a dtype"}
    return names.get(type(value), type(value).__name__)
