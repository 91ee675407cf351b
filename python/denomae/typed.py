# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON objects to frozen dataclasses and back, every field checked and named when it is wrong."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from denomae.errors import DenomaeError

T = TypeVar("T")

MAY_BE_MISSING = {"may_be_missing": True}
"""`metadata` of a field that older files do not have: its default is what they mean."""


def from_json(kind: type[T], data: Any, where: str) -> T:
    """Build a dataclass from parsed JSON.

    Args:
        kind: a dataclass whose fields are str, bool, int, float, paths, tuples, dictionaries of str
            keys, optional values, `Literal`s or further dataclasses; `Any` takes whatever there is.
        data: what `json.load` gave.
        where: how to name the place in an error, such as "model/config.json".

    Raises:
        DenomaeError: a field is missing (unless it is `MAY_BE_MISSING`), unknown, or of the wrong
            type; the message names it.
    """
    if not isinstance(data, dict):
        raise DenomaeError(f"{where}: found {_kind(data)}, wanted an object")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise DenomaeError(
            f"{where}: found the unknown field {unknown[0]!r}, wanted only {sorted(fields)}"
        )
    values = {}
    for name, field in fields.items():
        if name not in data and field.metadata.get("may_be_missing"):
            continue
        if name not in data:
            raise DenomaeError(f"{where}: the field {name!r} is missing")
        values[name] = value_of(hints[name], data[name], f"{where}: {name}")
    return kind(**values)


def to_json(value: Any) -> Any:
    """What `json.dump` takes, from a dataclass: the inverse of `from_json`."""
    if dataclasses.is_dataclass(value):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return value


def value_of(hint: Any, data: Any, where: str) -> Any:
    """One field's value from parsed JSON or YAML; see `from_json`."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return data
    if dataclasses.is_dataclass(hint):
        return from_json(hint, data, where)
    if origin is typing.Literal:
        if data not in arguments:
            raise DenomaeError(f"{where}: found {data!r}, wanted one of {list(arguments)}")
        return data
    if origin in (typing.Union, types.UnionType):
        wanted = [argument for argument in arguments if argument is not type(None)]
        return (
            None
            if data is None and len(wanted) < len(arguments)
            else value_of(wanted[0], data, where)
        )
    if origin is tuple:
        if not isinstance(data, list):
            raise DenomaeError(f"{where}: found {_kind(data)}, wanted a list")
        if arguments[-1] is not Ellipsis and len(data) != len(arguments):
            raise DenomaeError(f"{where}: found {len(data)} items, wanted {len(arguments)}")
        kinds = [arguments[0]] * len(data) if arguments[-1] is Ellipsis else arguments
        items = zip(kinds, data, strict=True)
        return tuple(value_of(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(items))
    if origin is dict:
        if not isinstance(data, dict):
            raise DenomaeError(f"{where}: found {_kind(data)}, wanted an object")
        return {key: value_of(arguments[1], item, f"{where}.{key}") for key, item in data.items()}
    if hint is Path and isinstance(data, str):
        return Path(data)
    if hint is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        if not math.isfinite(data):
            raise DenomaeError(f"{where}: found {data}, wanted a finite number")
        return float(data)
    if not isinstance(data, hint) or (isinstance(data, bool) and hint is not bool):
        raise DenomaeError(f"{where}: found {_kind(data)}, wanted {hint.__name__}")
    return data


def _kind(data: Any) -> str:
    text = repr(data)
    return f"{type(data).__name__} {text if len(text) <= 40 else text[:37] + '...'}"
