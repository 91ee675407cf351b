# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as YAML: written beside every run, and read instead of a long command line.

A file holds any of a command's options by name, nested as they are; what it leaves out keeps its
default, and what stands on the command line as well wins. Where an option is one of several kinds,
such as a pretraining objective, `kind` names it:

    recipe: denomae10
    objective: {kind: mae, masked_share: 0.5}
    schedule: {frames: 400000, shape: cosine}
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

from denomae.errors import DenomaeError
from denomae.typed import value_of

C = TypeVar("C")


def read_configuration(path: Path) -> dict[str, Any]:
    """What a YAML file holds.

    Raises:
        DenomaeError: it is not there, or it is not YAML with names at its top.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DenomaeError(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise DenomaeError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict):
        raise DenomaeError(f"{path} holds {data!r}, wanted options by name")
    return data


def write_configuration(path: Path, command: Any) -> None:
    """Write a command, whole, so that `--config` takes it again."""
    partial = path.with_name(path.name + ".partial")
    text = yaml.safe_dump(to_plain(command), sort_keys=False, allow_unicode=True)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def to_plain(value: Any) -> Any:
    """A dataclass as what YAML holds; see the module's head for `kind`."""
    if dataclasses.is_dataclass(value):
        hints = typing.get_type_hints(type(value))
        plain = {}
        for field in dataclasses.fields(value):
            inner = to_plain(getattr(value, field.name))
            if isinstance(inner, dict) and len(_kinds(hints[field.name])) > 1:
                inner = {"kind": _kind(type(getattr(value, field.name)))} | inner
            plain[field.name] = inner
        return plain
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, Path) else value


def from_plain(default: C, data: Any, where: str) -> C:
    """A dataclass with some of its fields as YAML gives them.

    Args:
        default: the fields that `data` leaves out.
        where: how to name the place in an error, such as "run.yaml".

    Raises:
        DenomaeError: a field is unknown or of the wrong type; the message names it.
    """
    if not isinstance(data, dict):
        raise DenomaeError(f"{where}: found {data!r}, wanted options by name")
    hints = typing.get_type_hints(type(default))
    names = [field.name for field in dataclasses.fields(default)]
    changed = {}
    for name, item in data.items():
        if name not in names:
            raise DenomaeError(f"{where}: found the unknown option {name!r}, wanted one of {names}")
        place = f"{where}: {name}"
        kinds = _kinds(hints[name])
        if kinds and isinstance(item, dict):
            changed[name] = from_plain(*_chosen(kinds, getattr(default, name), item, place), place)
        else:
            changed[name] = value_of(hints[name], _number(hints[name], item), place)
    return dataclasses.replace(default, **changed)


def blank(command: type[C]) -> C:
    """A command with its defaults; what has none is `tyro.MISSING`, which tyro asks for."""
    import tyro

    missing = {
        field.name: tyro.MISSING
        for field in dataclasses.fields(command)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return command(**missing)


def split_config(arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    """The file of `--config`, if it is asked for, and the other arguments."""
    rest, path = [], None
    given = iter(arguments)
    for argument in given:
        name, sign, value = argument.partition("=")
        if name != "--config":
            rest.append(argument)
            continue
        value = value if sign else next(given, "")
        if not value:
            raise DenomaeError("--config wants a YAML file behind it")
        path = Path(value)
    return path, rest


def _number(hint: Any, item: Any) -> Any:
    """YAML 1.1 reads 1e-3, which has no point, as a word."""
    if hint is float and isinstance(item, str):
        try:
            return float(item)
        except ValueError:
            return item
    return item


def _kinds(hint: Any) -> list[type]:
    """The dataclasses that a field may hold."""
    members = (
        typing.get_args(hint)
        if typing.get_origin(hint) in (typing.Union, types.UnionType, typing.Annotated)
        else (hint,)
    )
    return [member for member in members if dataclasses.is_dataclass(member)]


def _kind(member: type) -> str:
    return member.__name__.lower()


def _chosen(
    kinds: list[type], current: Any, item: dict[str, Any], where: str
) -> tuple[Any, dict[str, Any]]:
    """The instance that an item's options go into, and those options."""
    known = {_kind(member): member for member in kinds}
    rest = dict(item)
    name = rest.pop("kind", None) if len(kinds) > 1 else None
    if name is None:
        return (current if dataclasses.is_dataclass(current) else blank(kinds[0])), rest
    if name not in known:
        raise DenomaeError(f"{where}: found the kind {name!r}, wanted one of {list(known)}")
    return (current if type(current) is known[name] else blank(known[name])), rest
