# SPDX-License-Identifier: GPL-3.0-or-later
"""The label: a verdict on one frame. PDU, JSON, annotation and display are views of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from denomae.errors import DenomaeError
from denomae.rfc3339 import parse_rfc3339, rfc3339

__all__ = [
    "CERTAIN_CLASS",
    "CERTAIN_FAMILY",
    "SCHEMA",
    "TOPIC",
    "VERDICTS",
    "Label",
    "Place",
    "is_close_call",
    "parse_rfc3339",
    "rfc3339",
]

SCHEMA = "denomae.label/1"
TOPIC = b"denomae/label"  # the first part of a ZMQ message; the second is `Label.to_json`
VERDICTS = ("known", "unknown", "noise")

CERTAIN_CLASS, CERTAIN_FAMILY = 0.75, 0.9
"""A class that is less probable than the first is not named to people where its family is at least
as probable as the second: a name that is wrong in more than one case of four helps nobody."""
UNKNOWN = "unknown"

_to_json = json.JSONEncoder(allow_nan=False).encode
_UINT64 = 2**64 - 1
_PROBABILITY_DIGITS = 6
_SNR_DIGITS = 2
_LATENCY_DIGITS = 3


@dataclass(frozen=True)
class Place:
    """Where and when a frame began.

    Attributes:
        sample_offset: of the frame's first sample, since the stream began.
        sample_count: samples in the frame.
        time: of the first sample, RFC 3339 in UTC with nanoseconds; None where nobody knows.
        center_frequency_hz: None where nobody knows.
        sample_rate_hz: None where nobody knows.
    """

    sample_offset: int
    sample_count: int
    time: str | None = None
    center_frequency_hz: float | None = None
    sample_rate_hz: float | None = None


@dataclass(frozen=True)
class Label:
    """A verdict on one frame; the keys of schema `denomae.label/1`, in their order.

    Attributes:
        schema: `denomae.label/1`.
        source: the name that the user gave to this classifier.
        sequence: running count of the source's labels; a gap shows a lost message.
        label: best class.
        confidence: its calibrated probability, 0..1.
        family: the family with the largest summed probability; it may not be the label's own.
        family_confidence: that sum, 0..1.
        verdict: `known`, `unknown` or `noise`.
        probabilities: class → 0..1, in the model's order of classes.
        snr_db: estimate, or None.
        sample_offset: of the frame's first sample in the classifier's input stream.
        sample_count: samples in the frame.
        time: of the frame's first sample, RFC 3339, or None.
        center_frequency_hz: or None.
        sample_rate_hz: or None.
        model: name and the first 12 hex digits of the weights' SHA-256.
        dropped_frames: at the sampler, since the flowgraph began.
        latency_ms: from the frame's last sample entering the block to this label.
        warnings: what makes this label doubtful.
    """

    schema: str
    source: str
    sequence: int
    label: str
    confidence: float
    family: str
    family_confidence: float
    verdict: str
    probabilities: dict[str, float]
    snr_db: float | None
    sample_offset: int
    sample_count: int
    time: str | None
    center_frequency_hz: float | None
    sample_rate_hz: float | None
    model: str
    dropped_frames: int
    latency_ms: float
    warnings: tuple[str, ...] = ()

    @property
    def close_call(self) -> bool:
        """Whether the class is uncertain and the family is not, so that people are shown that."""
        return self.verdict == "known" and is_close_call(self.confidence, self.family_confidence)

    @property
    def shown(self) -> str:
        """What people are shown: `qpsk`, for a close call `psk family`, or `unknown`."""
        if self.verdict == UNKNOWN:
            return UNKNOWN
        return f"{self.family} family" if self.close_call else self.label

    def to_dict(self) -> dict[str, Any]:
        """Plain Python values under the schema's keys, in its order.

        Counts and offsets stay exact; probabilities are rounded to 6 digits, `latency_ms` to 3 and
        `snr_db` to 2. What is not finite becomes None.
        """
        return {
            "schema": self.schema,
            "source": self.source,
            "sequence": int(self.sequence),
            "label": self.label,
            "confidence": _rounded(self.confidence, _PROBABILITY_DIGITS),
            "family": self.family,
            "family_confidence": _rounded(self.family_confidence, _PROBABILITY_DIGITS),
            "verdict": self.verdict,
            "probabilities": {
                name: round(float(value), _PROBABILITY_DIGITS)
                if 0.0 <= value <= 1.0
                else _rounded(value, _PROBABILITY_DIGITS)
                for name, value in self.probabilities.items()
            },
            "snr_db": _rounded(self.snr_db, _SNR_DIGITS),
            "sample_offset": int(self.sample_offset),
            "sample_count": int(self.sample_count),
            "time": self.time,
            "center_frequency_hz": _rounded(self.center_frequency_hz, None),
            "sample_rate_hz": _rounded(self.sample_rate_hz, None),
            "model": self.model,
            "dropped_frames": int(self.dropped_frames),
            "latency_ms": _rounded(self.latency_ms, _LATENCY_DIGITS),
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """`to_dict` as one line of ASCII JSON; it holds no NaN and no infinity."""
        return _to_json(self.to_dict())

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Label:
        """The label in a mapping; keys that are not in the schema are ignored.

        Raises:
            DenomaeError: another schema, a missing key, or a value of the wrong type or range.
        """
        if not isinstance(values, Mapping):
            raise DenomaeError(f"a label is a JSON object, but here stands {_shown(values)}")
        schema = values.get("schema")
        if schema != SCHEMA:
            raise DenomaeError(
                f"this is no label of schema {SCHEMA!r}: its key 'schema' is {_shown(schema)}"
            )
        if not values.keys() >= _KEYS:
            missing = [field.name for field in fields(cls) if field.name not in values]
            raise DenomaeError(f"the label has no key {missing[0]!r}; {SCHEMA} wants it")
        return cls(
            schema=SCHEMA,
            source=_string(values, "source"),
            sequence=_count(values, "sequence"),
            label=_string(values, "label"),
            confidence=_fraction(values["confidence"], "confidence"),
            family=_string(values, "family"),
            family_confidence=_fraction(values["family_confidence"], "family_confidence"),
            verdict=_verdict(values),
            probabilities=_probabilities(values),
            snr_db=_number_or_none(values, "snr_db"),
            sample_offset=_count(values, "sample_offset"),
            sample_count=_count(values, "sample_count"),
            time=_time(values),
            center_frequency_hz=_number_or_none(values, "center_frequency_hz"),
            sample_rate_hz=_number_or_none(values, "sample_rate_hz"),
            model=_string(values, "model"),
            dropped_frames=_count(values, "dropped_frames"),
            latency_ms=_number(values["latency_ms"], "latency_ms"),
            warnings=_warnings(values),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Label:
        """The label in one JSON text (UTF-8 where it is bytes).

        Raises:
            DenomaeError: no JSON, or not the label that `from_dict` wants.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DenomaeError(f"a label is JSON, but this is not: {error}") from error
        return cls.from_dict(values)


def is_close_call(confidence: float, family_confidence: float) -> bool:
    """Whether these probabilities of a class and of its family leave the class open alone."""
    return confidence < CERTAIN_CLASS and family_confidence >= CERTAIN_FAMILY


_KEYS = frozenset(field.name for field in fields(Label))


def _rounded(value: float | None, digits: int | None) -> float | None:
    if value is None:
        return None
    value = float(value)
    if not math.isfinite(value):
        return None
    return value if digits is None else round(value, digits)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _wrong(key: str, value: object, wanted: str) -> DenomaeError:
    return DenomaeError(f"the label's {key!r} is {_shown(value)}, wanted {wanted}")


def _string(values: Mapping[str, Any], key: str) -> str:
    value = values[key]
    if not isinstance(value, str):
        raise _wrong(key, value, "a string")
    return value


def _count(values: Mapping[str, Any], key: str) -> int:
    value = values[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _UINT64:
        raise _wrong(key, value, "an integer from 0 to 2**64 - 1")
    return value


def _number(value: Any, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(key, value, "a number")
    try:
        value = float(value)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise _wrong(key, value, "a finite number")
    return value


def _number_or_none(values: Mapping[str, Any], key: str) -> float | None:
    return None if values[key] is None else _number(values[key], key)


def _fraction(value: Any, key: str) -> float:
    number = _number(value, key)
    if not 0.0 <= number <= 1.0:
        raise _wrong(key, value, "a number from 0 to 1")
    return number


def _verdict(values: Mapping[str, Any]) -> str:
    if values["verdict"] not in VERDICTS:
        raise _wrong("verdict", values["verdict"], f"one of {', '.join(VERDICTS)}")
    return values["verdict"]


def _probabilities(values: Mapping[str, Any]) -> dict[str, float]:
    given = values["probabilities"]
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise _wrong("probabilities", given, "an object of class names and numbers from 0 to 1")
    if all(type(value) is float and 0.0 <= value <= 1.0 for value in given.values()):
        return dict(given)
    return {name: _fraction(value, f"probabilities.{name}") for name, value in given.items()}


def _time(values: Mapping[str, Any]) -> str | None:
    if values["time"] is None:
        return None
    try:
        parse_rfc3339(values["time"])
    except DenomaeError as error:
        raise _wrong("time", values["time"], "an RFC 3339 time or null") from error
    return values["time"]


def _warnings(values: Mapping[str, Any]) -> tuple[str, ...]:
    given = values["warnings"]
    if not isinstance(given, (list, tuple)) or not all(isinstance(text, str) for text in given):
        raise _wrong("warnings", given, "an array of strings")
    return tuple(given)
