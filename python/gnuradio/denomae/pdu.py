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

from functools import lru_cache
from typing import Any

import pmt

from denomae.errors import DenomaeError
from denomae.labels import Label
from denomae.rfc3339 import NANOSECONDS, parse_rfc3339, rfc3339

_MOST_WARNINGS = 256
_MOST_LAYOUTS = 8

# each call into PMT costs a microsecond of the interpreter lock: what repeats is made once
_symbol = lru_cache(maxsize=4096)(pmt.intern)
_constant = lru_cache(maxsize=256)(pmt.from_double)
_no_warnings = pmt.make_vector(0, pmt.PMT_NIL)
_warnings_met: set[str] = set()
_layouts_met: tuple[tuple[Any, tuple[str | None, ...]], ...] = ()


def label_to_pdu(label: Label) -> Any:
    """The message of a label, `cons(dict, f32vector of probabilities)`."""
    values = {
        "schema": _symbol(label.schema),
        "source": _symbol(label.source),
        "sequence": pmt.from_uint64(label.sequence),
        "label": _symbol(label.label),
        "confidence": pmt.from_double(label.confidence),
        "family": _symbol(label.family),
        "family_confidence": pmt.from_double(label.family_confidence),
        "verdict": _symbol(label.verdict),
        "probabilities": _dictionary(
            {name: pmt.from_double(value) for name, value in label.probabilities.items()}
        ),
        "snr_db": pmt.PMT_NIL if label.snr_db is None else pmt.from_double(label.snr_db),
        "sample_offset": pmt.from_uint64(label.sample_offset),
        "sample_count": pmt.from_uint64(label.sample_count),
        "time": _time(label.time),
        "center_frequency_hz": _repeated(label.center_frequency_hz),
        "sample_rate_hz": _repeated(label.sample_rate_hz),
        "model": _symbol(label.model),
        "dropped_frames": pmt.from_uint64(label.dropped_frames),
        "latency_ms": pmt.from_double(label.latency_ms),
        "warnings": _vector(label.warnings) if label.warnings else _no_warnings,
    }
    probabilities = list(label.probabilities.values())
    return pmt.cons(_dictionary(values), pmt.init_f32vector(len(probabilities), probabilities))


def pdu_to_label(message: Any) -> Label:
    """The label in a message; also in one that travelled through GNU Radio's ZMQ blocks.

    Raises:
        DenomaeError: the message is no label PDU; says what it is.
    """
    if not (
        pmt.is_pair(message)
        and pmt.is_dict(pmt.car(message))
        and pmt.is_f32vector(pmt.cdr(message))
    ):
        raise DenomaeError(
            f"the message is {_shown(message)}, wanted the PDU of a label: "
            "a pair of a dictionary and an f32vector"
        )
    try:
        values = _python(pmt.car(message)) or {}
    except (ValueError, RuntimeError) as error:  # bytes that are no UTF-8, a bottomless nest
        raise DenomaeError(f"the message's dictionary cannot be read: {error}") from error
    if isinstance(values.get("time"), tuple):
        values["time"] = _rfc3339(values["time"])
    if values.get("probabilities", {}) is None:  # an empty dictionary and nil are one in PMT
        values["probabilities"] = {}
    return Label.from_dict(values)


def _dictionary(values: dict[str, Any]) -> Any:
    result = pmt.make_dict()
    for key in reversed(values):  # a PMT dictionary has its newest key first
        result = pmt.acons(_symbol(key), values[key], result)
    return result


def _repeated(value: float | None) -> Any:
    if value is None:
        return pmt.PMT_NIL
    return _constant(value) if value else pmt.from_double(value)  # 0.0 and -0.0 are one key


def _vector(warnings: tuple[str, ...]) -> Any:
    result = pmt.make_vector(len(warnings), pmt.PMT_NIL)
    for index, text in enumerate(warnings):
        pmt.vector_set(result, index, _text(text))
    return result


def _text(text: str) -> Any:
    if text in _warnings_met or len(_warnings_met) < _MOST_WARNINGS:
        _warnings_met.add(text)
        return pmt.intern(text)
    encoded = text.encode()
    return pmt.init_u8vector(len(encoded), list(encoded))


def _time(time: str | None) -> Any:
    if time is None:
        return pmt.PMT_NIL
    seconds, nanoseconds = parse_rfc3339(time)
    whole = pmt.from_uint64(seconds) if seconds >= 0 else pmt.from_long(seconds)
    return pmt.make_tuple(whole, pmt.from_double(nanoseconds / NANOSECONDS))


def _rfc3339(time: tuple[Any, ...]) -> str:
    if len(time) != 2 or type(time[0]) is not int or type(time[1]) is not float:
        raise DenomaeError(
            f"the label's 'time' is {_shown(time)}, wanted whole seconds and a fraction"
        )
    try:
        return rfc3339(time[0], round(time[1] * NANOSECONDS))
    except (ValueError, OverflowError) as error:  # a fraction that is no finite number
        raise DenomaeError(f"the label's 'time' is {_shown(time)}: {error}") from error


def _python(value: Any) -> Any:
    """Plain Python of a PMT, where it is of a kind that a label may hold; else the PMT itself."""
    if pmt.is_real(value):
        return pmt.to_double(value)
    if pmt.is_uint64(value):
        return pmt.to_uint64(value)
    if pmt.is_symbol(value):
        return pmt.symbol_to_string(value)
    if pmt.is_null(value):
        return None
    if pmt.is_integer(value):
        return pmt.to_long(value)
    if pmt.is_tuple(value):
        return tuple(_python(pmt.tuple_ref(value, i)) for i in range(pmt.length(value)))
    if pmt.is_u8vector(value):
        return bytes(pmt.u8vector_elements(value)).decode(errors="replace")
    if pmt.is_vector(value):
        return [_python(pmt.vector_ref(value, i)) for i in range(pmt.length(value))]
    if pmt.is_dict(value):
        return _entries(value)
    return value


def _entries(dictionary: Any) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    values = pmt.dict_values(dictionary)
    for name in _names(pmt.dict_keys(dictionary)):
        if name is not None:
            entries.setdefault(name, _python(pmt.car(values)))
        values = pmt.cdr(values)
    return entries


def _names(keys: Any) -> tuple[str | None, ...]:
    """The names in a list of keys, None for a key that is no symbol; the same list comes often."""
    global _layouts_met
    for known, names in _layouts_met:
        if pmt.equal(keys, known):
            return names
    listed = [pmt.nth(i, keys) for i in range(pmt.length(keys))]
    names = tuple(pmt.symbol_to_string(key) if pmt.is_symbol(key) else None for key in listed)
    _layouts_met = ((keys, names), *_layouts_met[: _MOST_LAYOUTS - 1])
    return names


def _shown(value: Any) -> str:
    try:
        text = str(value)
    except (ValueError, RuntimeError):
        text = "unprintable"
    return text if len(text) <= 60 else text[:57] + "..."
