# SPDX-License-Identifier: GPL-3.0-or-later
"""The file side of a pickle: numbers, names, and long texts, of which only the place is kept.

Every size is compared with the file before anything is allocated.
"""

from __future__ import annotations

import codecs
import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

TEXT_LIMIT = 256  # bytes of a name; longer text can only be an array's contents


@dataclass(frozen=True)
class Contents:
    """Where in the file the bytes of an array stand, and how they are written."""

    position: int
    size: int
    form: str  # "plain"; "escaped": a Python literal; "utf-8": one character a byte

    def read(self, file: BinaryIO, wanted: int) -> bytes:
        """The bytes themselves.

        Raises:
            ValueError: they are not `wanted` many, or not written as they should be.
        """
        longest = {"plain": 1, "escaped": 4, "utf-8": 2}[self.form] * wanted + 2
        if self.size > longest:
            raise ValueError(f"an array's contents take {self.size} bytes, wanted {wanted}")
        raw = os.pread(file.fileno(), self.size, self.position)
        if self.form == "escaped":
            raw = _unquoted(raw)
        elif self.form == "utf-8":
            raw = raw.decode("utf-8", "surrogatepass").encode("latin-1")
        if len(raw) != wanted:
            raise ValueError(f"an array's contents have {len(raw)} bytes, wanted {wanted}")
        return raw


@dataclass(frozen=True)
class Short:
    """A text of at most 256 bytes, and where it stands, should it be an array's contents."""

    position: int
    raw: bytes
    form: str

    def text(self) -> str:
        """The text itself.

        Raises:
            ValueError: it is not written as it should be.
        """
        if self.form == "escaped":
            return _unquoted(self.raw).decode("latin-1")
        return self.raw.decode("utf-8" if self.form == "utf-8" else "latin-1")

    def contents(self) -> Contents:
        """The same as an array's contents."""
        return Contents(self.position, len(self.raw), self.form)


def _unquoted(quoted: bytes) -> bytes:
    if len(quoted) < 2 or quoted[:1] not in b"'\"" or quoted[-1:] != quoted[:1]:
        raise ValueError("a text stands without its quotation marks")
    return codecs.escape_decode(quoted[1:-1])[0]


class PickleFile:
    """Reads a pickle from its first byte on; `position` is where it stands.

    Every method raises ValueError where the file ends too early.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self.position = 0
        file.seek(0)

    def take(self, count: int) -> bytes:
        """The next `count` bytes, which are few."""
        if count > self._size - self.position:
            raise ValueError(f"{count} bytes are wanted, {self._size - self.position} are left")
        content = self._file.read(count)
        if len(content) != count:
            raise ValueError("the file has shrunk")
        self.position += count
        return content

    def number(self, form: str) -> int:
        """A number in one of struct's forms."""
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> bytes:
        """A short line, without its end."""
        content = self._file.readline(TEXT_LIMIT + 2)
        self.position += len(content)
        if content[-1:] != b"\n":
            raise ValueError("a line is longer than a name or a number")
        return content[:-1]

    def contents(self, size: int, form: str) -> Contents | Short:
        """Text or bytes: short ones as they are, long ones as their place in the file."""
        if size > self._size - self.position:
            raise ValueError(f"{size} bytes are wanted, {self._size - self.position} are left")
        if size > TEXT_LIMIT:
            found = Contents(self.position, size, form)
            self._file.seek(size, 1)
            self.position += size
            return found
        position, raw = self.position, self.take(size)
        return Short(position, raw, form)

    def quoted(self) -> Contents | Short:
        """A text in quotation marks up to the end of the line, of any length."""
        start = self.position
        while True:
            piece = self._file.readline(2**16)
            self.position += len(piece)
            if piece[-1:] == b"\n":
                break
            if not piece:
                raise ValueError("a text without an end")
        size = self.position - start - 1
        if size > TEXT_LIMIT:
            return Contents(start, size, "escaped")
        self._file.seek(start)
        raw = self._file.read(size + 1)[:-1]
        return Short(start, raw, "escaped")
