# SPDX-License-Identifier: GPL-3.0-or-later
"""`denomae capture info`: what a recording is."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from denomae.cli.capture_source import Source
from denomae.cli.text import counted, hertz, print_table, printable

if TYPE_CHECKING:
    from denomae.captures import Capture
    from denomae.captures.look import Look

_ROWS = 20  # of segments and of labels that are printed; --json has all


@dataclass(frozen=True, kw_only=True)
class Info(Source):
    """Show what a recording is: format, rate, segments, annotations, and how loud it is."""

    json: bool = False
    """Print one JSON object."""

    def run(self) -> int:
        from denomae.captures.collection import COLLECTION_SUFFIX
        from denomae.captures.look import look

        if self.capture.suffix == COLLECTION_SUFFIX:
            return self._run_collection()
        with self.open() as capture:
            seen = look(capture)
            if self.json:
                print(json.dumps(_as_json(capture, seen)))
            else:
                _print(capture, seen)
        return 0

    def _run_collection(self) -> int:
        from denomae.captures import open_capture, read_collection

        collection = read_collection(self.capture)
        rows = []
        for path in collection.recordings:
            with open_capture(path) as capture:
                rows.append(_summary(capture))
        if self.json:
            about = {"collection": collection.path.name, "description": collection.description}
            print(json.dumps({**about, "recordings": rows}))
            return 0
        print(f"{collection.path.name}: a collection of {counted(len(rows), 'recording')}")
        if collection.description:
            print(printable(collection.description))
        columns = ["recording", "samples", "rate", "centre", "annotations", "datatype"]
        print_table(
            columns,
            [
                [
                    row["name"],
                    f"{row['sample_count']:,}",
                    hertz(row["sample_rate_hz"]),
                    hertz(row["center_frequency_hz"]),
                    f"{row['annotation_count']:,}",
                    row["datatype"],
                ]
                for row in rows
            ],
        )
        return 0


def _summary(capture: Capture) -> dict[str, Any]:
    rate = capture.sample_rate_hz
    return {
        "name": capture.path.name,
        "format": capture.format,
        "datatype": capture.datatype.name,
        "sample_count": capture.sample_count,
        "sample_rate_hz": rate,
        "duration_s": None if rate is None else capture.sample_count / rate,
        "center_frequency_hz": capture.center_frequency_hz,
        "time": capture.datetime,
        "annotation_count": len(capture.annotations),
    }


def _as_json(capture: Capture, seen: Look) -> dict[str, Any]:
    segments = [
        {key: value for key, value in asdict(segment).items() if key != "byte_start"}
        for segment in capture.segments
    ]
    looked = {key: _finite(value) for key, value in asdict(seen).items()}
    return {
        **_summary(capture),
        "description": capture.description,
        "about": capture.about,
        "segments": segments,
        "labels": [
            {"label": label, "annotations": count, "samples": samples}
            for label, (count, samples) in _labels(capture).items()
        ],
        "look": looked,
        "notes": list(capture.notes),
    }


def _labels(capture: Capture) -> dict[str, tuple[int, int]]:
    """Label → how many annotations bear it, and the samples under them; the longest first."""
    found: dict[str, tuple[int, int]] = {}
    for mark in capture.annotations:
        count, samples = found.get(mark.label, (0, 0))
        under = capture.stop_of(mark) - mark.sample_start
        found[mark.label] = count + 1, samples + under
    return dict(sorted(found.items(), key=lambda item: -item[1][1]))


def _print(capture: Capture, seen: Look) -> None:
    rate, centre = capture.sample_rate_hz, capture.center_frequency_hz
    kind = "real, read as analytic" if capture.datatype.real else "I and Q"
    lines = {
        "recording": capture.path.name,
        "format": f"{capture.format}, {capture.datatype.name} ({kind})",
        "samples": f"{capture.sample_count:,}",
        "sample rate": hertz(rate) if rate else "not known; --sample-rate tells it",
        "duration": f"{capture.sample_count / rate:.6g} s" if rate else "not known",
        "centre": hertz(centre) if centre is not None else "not known",
        "begins": capture.datetime or "not known",
        "description": capture.description,
        **{key.removeprefix("core:"): value for key, value in capture.about.items()},
        "level": f"mean {_level(seen.mean_dbfs)}, peak {_level(seen.peak_dbfs)}, DC"
        f" {_level(seen.dc_dbfs)}",
        "clipped": f"{seen.clipped_share:.3%} of the numbers at full scale",
        "zeros": f"{seen.zero_share:.1%} of the samples" if seen.zero_share else "",
        "not finite": counted(seen.not_finite, "sample") if seen.not_finite else "",
        "looked at": "all samples"
        if seen.sample_count == capture.sample_count
        else f"{seen.sample_count:,} samples, in stretches spread over the recording",
    }
    shown = {name: printable(value) for name, value in lines.items() if value}
    width = max(map(len, shown))
    for name, value in shown.items():
        print(f"{name:<{width}}  {value}")
    print()
    if len(capture.segments) > 1:
        _print_segments(capture)
    if len(capture.annotations):
        _print_labels(capture)
    else:
        print("no annotations")


def _print_segments(capture: Capture) -> None:
    rows = [
        [
            f"{number}",
            f"{segment.sample_start:,}",
            f"{segment.sample_count:,}",
            hertz(segment.center_frequency_hz),
            segment.time or "?",
        ]
        for number, segment in enumerate(capture.segments[:_ROWS], 1)
    ]
    print_table(["segment", "from sample", "samples", "centre", "time"], rows)
    _print_hidden(len(capture.segments), "segments")


def _print_labels(capture: Capture) -> None:
    labels = _labels(capture)
    rows = [
        [
            label or "(no label)",
            f"{count:,}",
            f"{samples:,}",
            f"{samples / capture.sample_count:.1%}",
        ]
        for label, (count, samples) in list(labels.items())[:_ROWS]
    ]
    print_table(["label", "annotations", "samples", "of the recording"], rows)
    _print_hidden(len(labels), "labels")


def _print_hidden(count: int, noun: str) -> None:
    if count > _ROWS:
        print(f"{count - _ROWS:,} more {noun} are not shown; --json prints all.")


def _level(decibels: float) -> str:
    return "-inf" if math.isinf(decibels) else f"{decibels:.1f} dBFS"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
