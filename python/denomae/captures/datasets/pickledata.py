# SPDX-License-Identifier: GPL-3.0-or-later
"""Pickles read as data: a dictionary of numpy arrays, perhaps with lists, and nothing is called.

A pickle is a program, and Python's own reader runs it. This one knows the operations that Python 2
and 3 write for a dictionary of arrays, and five names, which it takes for marks: what they would do
is never done. Every size is compared with the file before anything is allocated, and the contents
of an array stay in the file until somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

from denomae.captures.datasets.picklefile import Contents, PickleFile, Short
from denomae.captures.datasets.pickleparts import (
    ARRAYS,
    GLOBALS,
    Form,
    Name,
    StoredArray,
    Wanted,
    dtype_of,
    key_of,
    kind_of,
    text_of,
)
from denomae.errors import CaptureError

# RadioML 2016.10a has 220 arrays, and some sixty operations for each.
OPERATION_LIMIT = 2_000_000
ASIDE_LIMIT = 100_000  # things on the stack, put aside, or in one dictionary
_DIMENSION = 2**40
_MARK = object()


def read_array_dictionary(file: BinaryIO, size: int, name: str) -> dict[Any, StoredArray]:
    """`read_dictionary` of arrays of floats of three axes, as RadioML 2016 is."""
    return read_dictionary(file, size, name, ARRAYS)


def read_dictionary(file: BinaryIO, size: int, name: str, wanted: Wanted) -> dict[Any, Any]:
    """The dictionary that a pickle describes: keys of text and numbers, values arrays.

    Args:
        file: open, seekable and buffered.
        size: its bytes.
        name: how errors call it.
        wanted: also what else a value may be.

    Raises:
        CaptureError: anything else than such a dictionary.
    """
    reader = _Reader(file, size, wanted)
    try:
        found = reader.run()
        if not isinstance(found, dict):
            raise ValueError(f"it holds {kind_of(found)}")
        for key, value in found.items():
            if isinstance(value, StoredArray):
                whole = value.contents is not None and value.dtype is not None
            else:
                whole = wanted.lists and isinstance(value, (list, Short, Contents))
            if not whole:
                raise ValueError(f"its key {str(key)[:60]} holds {kind_of(value)}")
    except (ValueError, TypeError, IndexError, OverflowError, RecursionError) as error:
        raise CaptureError(
            f"{name} at byte {reader.file.position}: {str(error)[:160] or 'cut off'}; wanted"
            f" {wanted.what}"
        ) from None
    return found


class _Reader:
    """The machine that a pickle is a program of, as far as arrays need it."""

    def __init__(self, file: BinaryIO, size: int, wanted: Wanted) -> None:
        self.file, self._wanted = PickleFile(file, size), wanted
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        for _ in range(OPERATION_LIMIT):
            operation = self.file.take(1)
            if operation == b".":
                return self._stack.pop()
            step = _STEPS.get(operation)
            if step is None:
                raise ValueError(f"the operation {operation!r} is not one that arrays need")
            step(self)
            if max(len(self._stack), len(self._memo)) > ASIDE_LIMIT:
                raise ValueError("more is put aside than a dictionary of arrays needs")
        raise ValueError(f"it has more than {OPERATION_LIMIT} operations")

    # --- the stack ---

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        return self._stack.pop()

    def top(self) -> Any:
        return self._stack[-1]

    def above_mark(self) -> list[Any]:
        for at in range(len(self._stack) - 1, -1, -1):
            if self._stack[at] is _MARK:
                taken = self._stack[at + 1 :]
                del self._stack[at:]
                return taken
        raise ValueError("a mark is missing")

    def tuple_of(self, count: int) -> None:
        if len(self._stack) < count:
            raise ValueError("too little lies on its stack")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        self.push(tuple(taken))

    def put(self, number: int) -> None:
        if not 0 <= number < 2**32:
            raise ValueError(f"it puts something aside as number {number}")
        self._memo[number] = self.top()

    def put_next(self) -> None:
        self._memo[len(self._memo)] = self.top()

    def get(self, number: int) -> None:
        if number not in self._memo:
            raise ValueError(f"it takes up number {number}, which it never put aside")
        self.push(self._memo[number])

    def into_dictionary(self, items: list[Any]) -> None:
        found = self.top()
        if not isinstance(found, dict) or len(items) % 2:
            raise ValueError(f"it stores {len(items)} things in {kind_of(found)}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            found[key_of(key)] = value
        if len(found) > ASIDE_LIMIT:
            raise ValueError(f"it has more than {ASIDE_LIMIT} arrays")

    def into_list(self, items: list[Any]) -> None:
        if not self._wanted.lists:
            raise ValueError("it holds a list")
        found = self.top()
        if not isinstance(found, list):
            raise ValueError(f"it appends to {kind_of(found)}")
        found.extend(items)
        if len(found) > ASIDE_LIMIT:
            raise ValueError(f"a list has more than {ASIDE_LIMIT} things")

    # --- the five names ---

    def name(self, module: str, name: str) -> None:
        if f"{module} {name}" not in GLOBALS:
            raise ValueError(
                f"it names {module[:60]}.{name[:60]}, and only numpy's arrays are read: the file"
                " could run any program, so nothing of it was run"
            )
        self.push(Name(name))

    def named(self) -> None:
        name, module = text_of(self.pop()), text_of(self.pop())
        self.name(module, name)

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise ValueError(f"it calls {kind_of(function)}")
        if function.name == "_reconstruct" and arguments[:1] == (Name("ndarray"),):
            self.push(StoredArray())
        elif function.name == "dtype" and arguments:
            self.push(Form(text_of(arguments[0])))
        elif function.name == "encode" and len(arguments) == 2:
            if text_of(arguments[1]) not in ("latin1", "latin-1"):
                raise ValueError(f"it encodes as {text_of(arguments[1])!r}")
            self.push(arguments[0])
        else:
            raise ValueError(f"it calls {function.name} with {len(arguments)} arguments")

    def build(self) -> None:
        state, target = self.pop(), self.top()
        if isinstance(target, Form) and isinstance(state, tuple) and len(state) >= 2:
            target.order = text_of(state[1])
        elif isinstance(target, StoredArray) and isinstance(state, tuple) and len(state) == 5:
            _, shape, form, fortran, contents = state
            if fortran:
                raise ValueError("an array is stored column by column")
            if not isinstance(shape, tuple) or len(shape) != self._wanted.axes:
                count = {2: "two", 3: "three"}[self._wanted.axes]
                raise ValueError(f"an array's shape is none of {count} axes")
            if any(type(n) is not int or not 0 <= n < _DIMENSION for n in shape):
                raise ValueError(f"an array has the shape {[str(n)[:20] for n in shape]}")
            if isinstance(contents, Short):
                contents = contents.contents()
            if not isinstance(contents, Contents):
                raise ValueError(f"an array's contents are {kind_of(contents)}")
            target.shape, target.contents = shape, contents
            target.dtype = dtype_of(form, self._wanted.numbers)
        else:
            raise ValueError(f"it sets the state of {kind_of(target)}")


def _integer(raw: bytes) -> int:
    text = raw.decode("ascii").removesuffix("L")
    if len(text) > 20:
        raise ValueError("a number is too long")
    return int(text)


def _long(reader: _Reader) -> int:
    size = reader.file.number("<B")
    if size > 8:
        raise ValueError("a number is too long")
    return int.from_bytes(reader.file.take(size), "little", signed=True)


def _protocol(reader: _Reader) -> None:
    protocol = reader.file.number("<B")
    if protocol > 4:
        raise ValueError(
            f"its protocol is {protocol}, wanted 0 to 4; write it anew with protocol 4"
        )


def _global(reader: _Reader) -> None:
    module, name = reader.file.line(), reader.file.line()
    reader.name(module.decode("latin-1"), name.decode("latin-1"))


_STEPS: dict[bytes, Callable[[_Reader], Any]] = {
    b"\x80": _protocol,
    b"\x95": lambda r: r.file.number("<Q"),  # FRAME: only a hint
    b"(": lambda r: r.push(_MARK),
    b"I": lambda r: r.push(_integer(r.file.line())),
    b"L": lambda r: r.push(_integer(r.file.line())),
    b"J": lambda r: r.push(r.file.number("<i")),
    b"K": lambda r: r.push(r.file.number("<B")),
    b"M": lambda r: r.push(r.file.number("<H")),
    b"\x8a": lambda r: r.push(_long(r)),
    b"F": lambda r: r.push(float(r.file.line())),
    b"G": lambda r: r.push(r.file.number(">d")),
    b"N": lambda r: r.push(None),
    b"\x88": lambda r: r.push(True),
    b"\x89": lambda r: r.push(False),
    b"S": lambda r: r.push(r.file.quoted()),
    b"T": lambda r: r.push(r.file.contents(r.file.number("<I"), "plain")),
    b"U": lambda r: r.push(r.file.contents(r.file.number("<B"), "plain")),
    b"B": lambda r: r.push(r.file.contents(r.file.number("<I"), "plain")),
    b"C": lambda r: r.push(r.file.contents(r.file.number("<B"), "plain")),
    b"\x8e": lambda r: r.push(r.file.contents(r.file.number("<Q"), "plain")),
    b"X": lambda r: r.push(r.file.contents(r.file.number("<I"), "utf-8")),
    b"\x8c": lambda r: r.push(r.file.contents(r.file.number("<B"), "utf-8")),
    b"\x8d": lambda r: r.push(r.file.contents(r.file.number("<Q"), "utf-8")),
    b")": lambda r: r.push(()),
    b"t": lambda r: r.push(tuple(r.above_mark())),
    b"\x85": lambda r: r.tuple_of(1),
    b"\x86": lambda r: r.tuple_of(2),
    b"\x87": lambda r: r.tuple_of(3),
    b"}": lambda r: r.push({}),
    b"d": lambda r: _dictionary(r),
    b"]": lambda r: r.push([]),
    b"l": lambda r: r.push(r.above_mark()),
    b"e": lambda r: r.into_list(r.above_mark()),
    b"a": lambda r: _one_more(r),
    b"s": lambda r: _one_item(r),
    b"u": lambda r: r.into_dictionary(r.above_mark()),
    b"p": lambda r: r.put(_integer(r.file.line())),
    b"q": lambda r: r.put(r.file.number("<B")),
    b"r": lambda r: r.put(r.file.number("<I")),
    b"\x94": lambda r: r.put_next(),
    b"g": lambda r: r.get(_integer(r.file.line())),
    b"h": lambda r: r.get(r.file.number("<B")),
    b"j": lambda r: r.get(r.file.number("<I")),
    b"c": _global,
    b"\x93": lambda r: r.named(),
    b"R": lambda r: r.reduce(),
    b"b": lambda r: r.build(),
}


def _dictionary(reader: _Reader) -> None:
    items = reader.above_mark()
    reader.push({})
    reader.into_dictionary(items)


def _one_item(reader: _Reader) -> None:
    value, key = reader.pop(), reader.pop()
    reader.into_dictionary([key, value])


def _one_more(reader: _Reader) -> None:
    value = reader.pop()
    reader.into_list([value])
