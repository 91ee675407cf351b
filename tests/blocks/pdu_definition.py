# SPDX-License-Identifier: GPL-3.0-or-later
"""What the message of a label is, built and read value by value with GNU Radio's own functions."""

from __future__ import annotations

from typing import Any

import pmt

from denomae.labels import Label
from denomae.rfc3339 import parse_rfc3339


def message_of(label: Label) -> Any:
    """cons(dict, f32vector of the probabilities), its warnings as symbols."""
    values = {
        "schema": pmt.intern(label.schema),
        "source": pmt.intern(label.source),
        "sequence": pmt.from_uint64(label.sequence),
        "label": pmt.intern(label.label),
        "confidence": pmt.from_double(label.confidence),
        "family": pmt.intern(label.family),
        "family_confidence": pmt.from_double(label.family_confidence),
        "verdict": pmt.intern(label.verdict),
        "probabilities": dictionary(
            {name: pmt.from_double(value) for name, value in label.probabilities.items()}
        ),
        "snr_db": number(label.snr_db),
        "sample_offset": pmt.from_uint64(label.sample_offset),
        "sample_count": pmt.from_uint64(label.sample_count),
        "time": pmt.PMT_NIL,
        "center_frequency_hz": number(label.center_frequency_hz),
        "sample_rate_hz": number(label.sample_rate_hz),
        "model": pmt.intern(label.model),
        "dropped_frames": pmt.from_uint64(label.dropped_frames),
        "latency_ms": pmt.from_double(label.latency_ms),
        "warnings": pmt.make_vector(len(label.warnings), pmt.PMT_NIL),
    }
    if label.time is not None:
        seconds, nanoseconds = parse_rfc3339(label.time)
        whole = pmt.from_uint64(seconds) if seconds >= 0 else pmt.from_long(seconds)
        values["time"] = pmt.make_tuple(whole, pmt.from_double(nanoseconds / 10**9))
    for index, text in enumerate(label.warnings):
        pmt.vector_set(values["warnings"], index, pmt.intern(text))
    probabilities = list(label.probabilities.values())
    return pmt.cons(dictionary(values), pmt.init_f32vector(len(probabilities), probabilities))


def number(value: float | None) -> Any:
    return pmt.PMT_NIL if value is None else pmt.from_double(value)


def dictionary(values: dict[str, Any]) -> Any:
    result = pmt.make_dict()
    for key in reversed(values):  # a PMT dictionary has its newest key first
        result = pmt.acons(pmt.intern(key), values[key], result)
    return result


def plain(value: Any) -> Any:
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
        return tuple(plain(pmt.tuple_ref(value, i)) for i in range(pmt.length(value)))
    if pmt.is_u8vector(value):
        return bytes(pmt.u8vector_elements(value)).decode(errors="replace")
    if pmt.is_vector(value):
        return [plain(pmt.vector_ref(value, i)) for i in range(pmt.length(value))]
    if pmt.is_dict(value):
        entries: dict[str, Any] = {}
        keys, values = pmt.dict_keys(value), pmt.dict_values(value)
        for i in range(pmt.length(keys)):
            if pmt.is_symbol(pmt.nth(i, keys)):  # the newest value of a key counts
                entries.setdefault(
                    pmt.symbol_to_string(pmt.nth(i, keys)), plain(pmt.nth(i, values))
                )
        return entries
    return value
