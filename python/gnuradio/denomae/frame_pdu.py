# SPDX-License-Identifier: GPL-3.0-or-later
"""A message about one frame that is no label: `cons(dict, vector)`.

The dictionary has keys of `denomae.label/1`, in the same forms as in a label's PDU: `source`,
`sequence`, `sample_offset`, `sample_count`, `time`, `center_frequency_hz`, `sample_rate_hz`,
`dropped_frames`, and `model` where one was at work.
"""

from __future__ import annotations

from typing import Any

import pmt

from denomae.labels import Place

from .pdu import time_parts

_KEYS = {
    key: pmt.intern(key)
    for key in (
        "source",
        "sequence",
        "sample_offset",
        "sample_count",
        "time",
        "center_frequency_hz",
        "sample_rate_hz",
        "model",
        "dropped_frames",
    )
}


def frame_pdu(
    vector: Any, place: Place, sequence: int, dropped: int, source: Any, model: Any = None
) -> Any:
    """The message of one frame.

    Args:
        vector: what is said of it, a uniform vector of PMT.
        place: where it began.
        sequence: running count of the source's messages.
        dropped: frames dropped at the sampler so far.
        source, model: symbols, made once: GNU Radio never forgets one.
    """
    values = {
        "source": source,
        "sequence": pmt.from_uint64(sequence),
        "sample_offset": pmt.from_uint64(place.sample_offset),
        "sample_count": pmt.from_uint64(place.sample_count),
        "time": _time(place.time),
        "center_frequency_hz": _number(place.center_frequency_hz),
        "sample_rate_hz": _number(place.sample_rate_hz),
        "model": model,
        "dropped_frames": pmt.from_uint64(dropped),
    }
    dictionary = pmt.make_dict()
    for key in reversed(values):  # its newest key is first
        if values[key] is not None:
            dictionary = pmt.dict_add(dictionary, _KEYS[key], values[key])
    return pmt.cons(dictionary, vector)


def _number(value: float | None) -> Any:
    return pmt.PMT_NIL if value is None else pmt.from_double(value)


def _time(time: str | None) -> Any:
    parts = time_parts(time)
    if parts is None:
        return pmt.PMT_NIL
    seconds, fraction = parts
    whole = pmt.from_uint64(seconds) if seconds >= 0 else pmt.from_long(seconds)
    return pmt.make_tuple(whole, pmt.from_double(fraction))
