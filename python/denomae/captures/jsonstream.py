# SPDX-License-Identifier: GPL-3.0-or-later
"""A JSON object read piece by piece: a list of a million objects never stands in memory as such."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any

MEMBER_LIMIT = 1000
# One value of more characters than this is refused: parsed, it may take thirty times as many bytes.
VALUE_LIMIT = 2 * 2**20

_SPACE = re.compile(r"[ \t\r\n]*")
_MARKS = frozenset('{}[],:"')  # nearly always the next character; the search is slower
_decode = json.JSONDecoder().raw_decode


def walk_object(
    text: str, wanted: Collection[str], lists: dict[str, Callable[[int, Any], None]]
) -> dict[str, Any]:
    """Parses one JSON object in memory bounded by its longest value.

    Args:
        text: the whole document.
        wanted: the members to return; others are read and forgotten.
        lists: key → what is called with (index, element) for each element of that key's list, in
            order. Such a list is left out of the result. A member of that name that holds no list
            is returned.

    Returns:
        The wanted members that are there.

    Raises:
        ValueError: no JSON, no object, a member twice, or one too large or nested too deeply.
    """
    position = _skip(text, 0)
    if text[position : position + 1] != "{":
        raise ValueError("it holds no JSON object")
    members: dict[str, Any] = {}
    seen: set[str] = set()
    position = _skip(text, position + 1)
    if text[position : position + 1] == "}":
        return _nothing_after(text, position + 1, members)
    while True:
        if text[position : position + 1] != '"':
            raise _error("a key in quotation marks", text, position)
        key, position = _value(text, position)
        if key in seen:
            raise ValueError(f"its key {key[:60]!r} stands there twice")
        seen.add(key)
        if len(seen) > MEMBER_LIMIT:
            raise ValueError(f"it has more than {MEMBER_LIMIT} members")
        position = _skip(text, position)
        if text[position : position + 1] != ":":
            raise _error("':'", text, position)
        position = _skip(text, position + 1)
        if key in lists and text[position : position + 1] == "[":
            position = _walk_list(text, position, lists[key])
        else:
            value, position = _value(text, position)
            if key in wanted or key in lists:
                members[key] = value
        position = _skip(text, position)
        following = text[position : position + 1]
        if following == "}":
            return _nothing_after(text, position + 1, members)
        if following != ",":
            raise _error("',' or '}'", text, position)
        position = _skip(text, position + 1)


def _walk_list(text: str, position: int, take: Callable[[int, Any], None]) -> int:
    position = _skip(text, position + 1)
    if text[position : position + 1] == "]":
        return position + 1
    index = 0
    while True:
        element, position = _value(text, position)
        take(index, element)
        index += 1
        position = _skip(text, position)
        following = text[position : position + 1]
        if following == "]":
            return position + 1
        if following != ",":
            raise _error("',' or ']'", text, position)
        position = _skip(text, position + 1)


def _value(text: str, position: int) -> tuple[Any, int]:
    """The value at `position`, tried on windows of growing size, and where it ends."""
    window = 4096
    while True:
        whole = position + window >= len(text)
        piece = text[position : position + window]
        try:
            value, end = _decode(piece)
            if whole or end < len(piece):  # a number may go on beyond the window
                return value, position + end
        except RecursionError as error:
            raise ValueError("its JSON is nested too deeply") from error
        except json.JSONDecodeError as error:
            if whole:
                raise ValueError(f"at character {position + error.pos}: {error.msg}") from None
        if window >= VALUE_LIMIT:
            raise ValueError(
                f"the value at character {position} is no JSON, or longer than"
                f" {VALUE_LIMIT // 2**20} MiB"
            )
        window *= 8


def _skip(text: str, position: int) -> int:
    if text[position : position + 1] in _MARKS:
        return position
    return _SPACE.match(text, position).end()


def _nothing_after(text: str, position: int, members: dict[str, Any]) -> dict[str, Any]:
    position = _skip(text, position)
    if position != len(text):
        raise _error("nothing more", text, position)
    return members


def _error(wanted: str, text: str, position: int) -> ValueError:
    found = repr(text[position]) if position < len(text) else "its end"
    return ValueError(f"at character {position} stands {found}, wanted {wanted}")
