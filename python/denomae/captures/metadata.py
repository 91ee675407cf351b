# SPDX-License-Identifier: GPL-3.0-or-later
"""A .sigmf-meta document: read with suspicion, each field checked before anybody uses it.

Bounds: a document of 256 MiB, two million annotations, a hundred thousand capture segments. What
is beyond is refused in one sentence. Keys that are not read here, other namespaces' among them,
are ignored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from denomae.captures.annotations import Annotations
from denomae.captures.datatypes import Datatype, parse_datatype
from denomae.captures.jsonstream import walk_object
from denomae.errors import CaptureError, DenomaeError
from denomae.rfc3339 import parse_rfc3339, rfc3339

META_BYTES_LIMIT = 256 * 2**20
ANNOTATION_LIMIT = 2_000_000
SEGMENT_LIMIT = 100_000

ABOUT = ("core:author", "core:license", "core:hw", "core:data_doi")

_INT64 = 2**63 - 1
_HERTZ_LIMIT = 1e12  # SigMF's own
_ABSENT = object()


@dataclass
class SegmentFields:
    """What one entry of `captures` says."""

    sample_start: int
    header_bytes: int = 0
    time: str | None = None
    center_frequency_hz: float | None = None
    global_index: int | None = None


@dataclass
class Metadata:
    """The fields of a .sigmf-meta document that a reader needs, checked one by one."""

    datatype: Datatype
    sample_rate_hz: float | None
    first_sample: int  # core:offset: the number of the file's first sample
    trailing_bytes: int
    dataset: str | None
    metadata_only: bool
    description: str
    about: dict[str, str]  # who made the recording, with what, under which licence: `ABOUT`
    segments: list[SegmentFields]  # in order
    annotations: Annotations  # not finished
    notes: list[str] = field(default_factory=list)


def parse_metadata(raw: bytes, name: str) -> Metadata:
    """Checks a whole document.

    Args:
        raw: its bytes, at most META_BYTES_LIMIT.
        name: how errors call the file.

    Raises:
        CaptureError: the first thing that is wrong, with what was found and what was wanted.
    """
    reader = _Reader(name)
    try:
        members = walk_object(
            raw.decode("utf-8-sig"),
            wanted=("global",),
            lists={"captures": reader.take_segment, "annotations": reader.take_annotation},
        )
    except DenomaeError:
        raise
    except UnicodeDecodeError as error:
        raise CaptureError(f"{name} is no UTF-8 text at byte {error.start}, wanted JSON") from None
    except (ValueError, RecursionError) as error:
        raise CaptureError(f"{name} is no SigMF metadata: {error}") from None
    for key in ("captures", "annotations"):
        if key in members:
            raise reader.wrong(key, members[key], "a list of objects")
    return reader.metadata(members.get("global"))


class _Reader:
    """Gathers a document's parts and knows how to complain about them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._segments: list[SegmentFields] = []
        self._annotations = Annotations()
        self._annotation_starts_at = _INT64
        self._bad_times = 0

    def wrong(self, where: str, value: object, wanted: str) -> CaptureError:
        return CaptureError(f"{self._name}: {where} is {_shown(value)}, wanted {wanted}")

    def take_segment(self, index: int, entry: Any) -> None:
        where = f"captures[{index}]"
        if index >= SEGMENT_LIMIT:
            raise CaptureError(f"{self._name} has more than {SEGMENT_LIMIT} capture segments")
        self._object(entry, where)
        self._segments.append(
            SegmentFields(
                sample_start=self._start(entry, where),
                header_bytes=self._integer(entry, "core:header_bytes", where, 0),
                time=self._time(entry),
                center_frequency_hz=self._hertz(entry, "core:frequency", where),
                global_index=self._integer(entry, "core:global_index", where, None),
            )
        )

    def take_annotation(self, index: int, entry: Any) -> None:
        where = f"annotations[{index}]"
        if index >= ANNOTATION_LIMIT:
            raise CaptureError(
                f"{self._name} has more than {ANNOTATION_LIMIT} annotations; take out those that"
                " are not needed"
            )
        self._object(entry, where)
        low = self._hertz(entry, "core:freq_lower_edge", where)
        high = self._hertz(entry, "core:freq_upper_edge", where)
        start = self._start(entry, where)
        if start < self._annotation_starts_at:
            self._annotation_starts_at = start
        self._annotations.append(
            start,
            self._integer(entry, "core:sample_count", where, None),
            (
                self._string(entry, "core:label", where, ""),
                self._string(entry, "core:comment", where, ""),
                self._string(entry, "core:generator", where, ""),
            ),
            low if high is not None else None,
            high if low is not None else None,
            _snr_db(entry),
        )

    def metadata(self, entry: Any) -> Metadata:
        if entry is None:
            raise CaptureError(f"{self._name} has no object 'global', wanted SigMF metadata")
        self._object(entry, "global")
        if "core:datatype" not in entry:
            raise CaptureError(f"{self._name}: global has no core:datatype such as cf32_le")
        channels = self._integer(entry, "core:num_channels", "global", 1)
        if channels != 1:
            raise self.wrong("global's core:num_channels", channels, "1; split the channels first")
        first_sample = self._integer(entry, "core:offset", "global", 0)
        self._segments.sort(key=lambda segment: segment.sample_start)
        first_named = min(
            self._annotation_starts_at,
            self._segments[0].sample_start if self._segments else _INT64,
        )
        if first_named < first_sample:
            raise self.wrong(
                "the lowest core:sample_start", first_named, f"{first_sample} (core:offset) or more"
            )
        metadata_only = entry.get("core:metadata_only", False)
        if not isinstance(metadata_only, bool):
            raise self.wrong("global's core:metadata_only", metadata_only, "true or false")
        metadata = Metadata(
            datatype=parse_datatype(entry["core:datatype"], f"{self._name}: core:datatype"),
            sample_rate_hz=self._sample_rate(entry),
            first_sample=first_sample,
            trailing_bytes=self._integer(entry, "core:trailing_bytes", "global", 0),
            dataset=self._string(entry, "core:dataset", "global", None),
            metadata_only=metadata_only,
            description=self._string(entry, "core:description", "global", ""),
            about={k: v for k in ABOUT if isinstance(v := entry.get(k), str) and v},
            segments=self._segments,
            annotations=self._annotations,
        )
        if self._bad_times:
            metadata.notes.append(
                f"{self._name}: {self._bad_times} core:datetime of its capture segments cannot be"
                " read as RFC 3339, so that their times stay unknown"
            )
        return metadata

    def _object(self, entry: Any, where: str) -> None:
        if not isinstance(entry, dict):
            raise self.wrong(where, entry, "an object")

    def _integer(self, entry: Mapping, key: str, where: str, default: Any) -> Any:
        value = entry.get(key, _ABSENT)
        if value is _ABSENT:
            return default
        if type(value) is int and 0 <= value <= _INT64:  # what nearly all are
            return value
        # JSON knows one kind of number: 1000.0 is an integer, as SigMF's schema has it too.
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _INT64:
            raise self.wrong(f"{where}'s {key}", value, "an integer from 0 to 2**63 - 1")
        return value

    def _start(self, entry: Mapping, where: str) -> int:
        start = self._integer(entry, "core:sample_start", where, None)
        if start is None:
            raise CaptureError(f"{self._name}: {where} has no core:sample_start")
        return start

    def _string(self, entry: Mapping, key: str, where: str, default: Any) -> Any:
        value = entry.get(key, default)
        if value is not default and not isinstance(value, str):
            raise self.wrong(f"{where}'s {key}", value, "a string")
        return value

    def _hertz(self, entry: Mapping, key: str, where: str) -> float | None:
        if key not in entry:
            return None
        value = entry[key]
        if not is_number(value) or not abs(value) <= _HERTZ_LIMIT:
            raise self.wrong(f"{where}'s {key}", value, "a number of Hz from -1e12 to 1e12")
        return float(value)

    def _sample_rate(self, entry: Mapping) -> float | None:
        if "core:sample_rate" not in entry:
            return None
        value = entry["core:sample_rate"]
        if not is_number(value) or not 0 < value <= _HERTZ_LIMIT:
            raise self.wrong(
                "global's core:sample_rate", value, "a number of Hz above 0 and at most 1e12"
            )
        return float(value)

    def _time(self, entry: Mapping) -> str | None:
        """The segment's time in our own form; UTC where it names no zone, as many recorders do."""
        value = entry.get("core:datetime")
        if value is None:
            return None
        for candidate in (value, f"{value}Z"):
            try:
                return rfc3339(*parse_rfc3339(candidate))
            except DenomaeError:
                continue
        self._bad_times += 1
        return None


def is_number(value: object) -> bool:
    """A finite int or float, and no bool."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isinstance(value, int) or math.isfinite(value)


def _snr_db(entry: Mapping) -> float | None:
    """What our own tools and users write beside SigMF's keys; nobody is told that it is wrong."""
    value = entry.get("denomae:snr_db")
    return float(value) if is_number(value) and abs(value) < 1000 else None


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a number too long to print"
    return text if len(text) <= 60 else text[:57] + "..."
