# SPDX-License-Identifier: GPL-3.0-or-later
"""A label as GNU Radio carries it: `cons(dict, f32vector)`, and back.

The dictionary has the keys of `denomae.label/1`. Two values take a form of their own, because GNU
Radio keeps every string that it ever saw in a table which is never emptied (a new string a label
would fill the memory, and slow every later one):

- `time` is the tuple that `rx_time` tags hold, (uint64 seconds, double fraction), or nil;
- a warning is a symbol while the process has met few of them, and a u8vector of UTF-8 afterwards.

The vector holds the probabilities, in the order of the dictionary's `probabilities`.
"""

from __future__ import annotations

import threading
from typing import Any

import pmt

from denomae.errors import DenomaeError
from denomae.labels import Label
from denomae.rfc3339 import NANOSECONDS, parse_rfc3339, rfc3339

from .denomae_python import is_label_message, label_message, plain

_MOST_WARNINGS = 256
_warnings_met: set[str] = set()
_MOST_RECENT = 256
_recent: dict[int, tuple[Any, Label]] = {}  # by the identity of a message, which is held here
_recent_lock = threading.Lock()


def label_to_pdu(label: Label) -> Any:
    """The message of a label, `cons(dict, f32vector of probabilities)`."""
    pdu = label_message(label, time_parts(label.time), [_text(text) for text in label.warnings])
    with _recent_lock:
        _recent[id(pdu)] = pdu, label
        if len(_recent) > _MOST_RECENT:
            del _recent[next(iter(_recent))]
    return pdu


def label_of(message: Any) -> Label:
    """`pdu_to_label`, without its work for the last messages that this process made of labels.

    Raises:
        DenomaeError: as `pdu_to_label`.
    """
    known = _recent.get(id(message))  # a message in flight is one Python object while it is held
    return pdu_to_label(message) if known is None else known[1]


def pdu_to_label(message: Any) -> Label:
    """The label in a message; also in one that travelled through GNU Radio's ZMQ blocks.

    Raises:
        DenomaeError: the message is no label PDU; says what it is.
    """
    if not is_label_message(message):
        raise DenomaeError(
            f"the message is {_shown(message)}, wanted the PDU of a label: "
            "a pair of a dictionary and an f32vector"
        )
    try:
        values = plain(pmt.car(message)) or {}
    except (ValueError, RuntimeError) as error:  # bytes that are no UTF-8, a bottomless nest
        raise DenomaeError(f"the message's dictionary cannot be read: {error}") from error
    if isinstance(values.get("time"), tuple):
        values["time"] = _rfc3339(values["time"])
    if values.get("probabilities", {}) is None:  # an empty dictionary and nil are one in PMT
        values["probabilities"] = {}
    return Label.from_dict(values)


def _text(text: str) -> str | bytes:
    if text in _warnings_met or len(_warnings_met) < _MOST_WARNINGS:
        _warnings_met.add(text)
        return text
    return text.encode()


def time_parts(time: str | None) -> tuple[int, float] | None:
    """Whole seconds and their fraction, as `rx_time` tags hold them, of an RFC 3339 time."""
    if time is None:
        return None
    seconds, nanoseconds = parse_rfc3339(time)
    return seconds, nanoseconds / NANOSECONDS


def _rfc3339(time: tuple[Any, ...]) -> str:
    if len(time) != 2 or type(time[0]) is not int or type(time[1]) is not float:
        raise DenomaeError(
            f"the label's 'time' is {_shown(time)}, wanted whole seconds and a fraction"
        )
    try:
        return rfc3339(time[0], round(time[1] * NANOSECONDS))
    except (ValueError, OverflowError) as error:  # a fraction that is no finite number
        raise DenomaeError(f"the label's 'time' is {_shown(time)}: {error}") from error


def _shown(value: Any) -> str:
    try:
        text = str(value)
    except (ValueError, RuntimeError):
        text = "unprintable"
    return text if len(text) <= 60 else text[:57] + "..."
