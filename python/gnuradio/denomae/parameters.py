# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user may type into a block's parameter; anything else is refused in one sentence."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

from denomae.errors import DenomaeError


def number(name: str, value: Any, wanted: str) -> float:
    """A parameter as a float, which may be nan or infinite; no text, no truth value."""
    try:
        if isinstance(value, Real) and not isinstance(value, bool):
            return float(value)
    except OverflowError:
        pass
    raise refusal(name, value, wanted)


def level_db(name: str, value: Any) -> float:
    """Decibels; ±inf are levels too."""
    wanted = "decibels of at least -inf"
    level = number(name, value, wanted)
    if math.isnan(level):
        raise refusal(name, value, wanted)
    return level


def width_db(name: str, value: Any) -> float:
    """A difference of levels, finite and at least 0."""
    wanted = "finite decibels of at least 0"
    width = number(name, value, wanted)
    if not 0 <= width < math.inf:
        raise refusal(name, value, wanted)
    return width


def rate_hz(name: str, value: Any) -> float:
    """A rate above 0, or 0 for the tags'."""
    wanted = "hertz above 0, or 0 for the tags'"
    rate = number(name, value, wanted)
    if not 0 <= rate < math.inf:
        raise refusal(name, value, wanted)
    return rate


def rate_per_second(name: str, value: Any) -> float:
    """How many in a second, or 0 for as many as there are."""
    wanted = "a number above 0, or 0 for no limit"
    rate = number(name, value, wanted)
    if not 0 <= rate < math.inf:
        raise refusal(name, value, wanted)
    return rate


def frequency_hz(name: str, value: Any) -> float:
    """A frequency of any sign, or nan for the tags'."""
    wanted = "hertz, or nan for the tags'"
    frequency = number(name, value, wanted)
    if math.isinf(frequency):
        raise refusal(name, value, wanted)
    return frequency


def seconds(name: str, value: Any) -> float:
    """A time of at least 0."""
    wanted = "seconds, or 0"
    time = number(name, value, wanted)
    if not time >= 0:
        raise refusal(name, value, wanted)
    return time


def probability_or_none(name: str, value: Any) -> float | None:
    """A probability; None for nan, which means the checkpoint's own."""
    wanted = "a probability from 0 to 1, or nan for the checkpoint's own"
    share = number(name, value, wanted)
    if math.isnan(share):
        return None
    if not 0 <= share <= 1:
        raise refusal(name, value, wanted)
    return share


def count(name: str, value: Any, least: int, most: int = 2**63 - 1) -> int:
    """A whole number, numpy's too, from `least` to `most`."""
    wanted = f"a whole number of at least {least}"
    try:
        whole = operator.index(value)
    except TypeError:
        raise refusal(name, value, wanted) from None
    if isinstance(value, bool) or whole < least:
        raise refusal(name, value, wanted)
    if whole > most:
        raise refusal(name, value, f"at most {most}")
    return whole


def text(name: str, value: Any) -> str:
    """A text that UTF-8 can write."""
    if isinstance(value, str):
        try:
            value.encode()
            return value
        except UnicodeEncodeError:
            pass
    raise refusal(name, value, "text")


def yes_or_no(name: str, value: Any) -> bool:
    """A truth value, and nothing that merely has one."""
    if isinstance(value, bool):
        return value
    raise refusal(name, value, "True or False")


def choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """One of a few words."""
    if value not in choices:
        raise refusal(name, value, f"one of {', '.join(choices)}")
    return value


def refusal(name: str, value: Any, wanted: str) -> DenomaeError:
    """The error that says what was found and what was wanted."""
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return DenomaeError(f"{name} is {shown}, wanted {wanted}")
