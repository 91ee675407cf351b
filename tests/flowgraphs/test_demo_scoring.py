# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo counts right: labels made by hand against a truth made by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from denomae.labels import SCHEMA, Label

_PATH = Path(__file__).parents[2] / "examples" / "demo" / "scoring.py"
_SPEC = importlib.util.spec_from_file_location("denomae_demo_scoring", _PATH)
assert _SPEC and _SPEC.loader
scoring = sys.modules.setdefault(_SPEC.name, importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(scoring)

N = 100


def label(offset: int, name: str, verdict: str = "known", confidence: float = 0.75) -> Label:
    return Label(
        schema=SCHEMA,
        source="test",
        sequence=offset // N,
        label=name,
        confidence=confidence,
        family="psk",
        family_confidence=1.0,
        verdict=verdict,
        probabilities={"bpsk": 0.25, "qpsk": 0.75},
        snr_db=None,
        sample_offset=offset,
        sample_count=N,
        time=None,
        center_frequency_hz=None,
        sample_rate_hz=None,
        model="none",
        dropped_frames=0,
        latency_ms=0.0,
    )


TRUTHS = (
    scoring.Truth(150, 450, "bpsk", 10.0),
    scoring.Truth(450, 700, "qpsk", 5.0),
    scoring.Truth(1000, 1200, "noise"),
)


def test_the_truth_is_read_from_annotations_in_the_order_of_samples() -> None:
    marks = [
        {
            "core:sample_start": 9,
            "core:sample_count": 3,
            "core:label": "am",
            "denomae:snr_db": 10.0,
        },
        {"core:sample_start": 2, "core:sample_count": 3, "core:label": "noise"},
    ]
    assert scoring.truths_of({"annotations": marks}) == (
        scoring.Truth(2, 5, "noise"),
        scoring.Truth(9, 12, "am", 10.0),
    )


@pytest.mark.parametrize(
    ("offset", "heap"),
    [
        (0, "outside"),
        (50, "outside"),  # ends where the span begins: not one sample in common
        (51, "boundary"),
        (149, "boundary"),
        (150, "verdicts"),
        (350, "verdicts"),
        (351, "boundary"),  # between two spans that touch
        (450, "verdicts"),
        (601, "boundary"),
        (700, "outside"),
        (1100, "verdicts"),
    ],
)
def test_only_frames_wholly_within_one_span_are_scored(offset: int, heap: str) -> None:
    result = scoring.score([label(offset, "bpsk")], TRUTHS)
    sizes = {"verdicts": 0, "boundary": 0, "outside": 0, heap: 1}
    assert {name: len(getattr(result, name)) for name in sizes} == sizes


def test_accuracy_counts_frames_at_the_wanted_ratio_and_above_alone() -> None:
    labels = [
        label(150, "bpsk"),
        label(250, "qpsk"),
        label(350, "bpsk"),
        label(450, "bpsk"),
        label(1000, "noise", "noise"),
        label(400, "16qam"),
    ]
    result = scoring.score(labels, TRUTHS)
    assert scoring.accuracy(result.signals(10.0)) == pytest.approx(2 / 3)
    assert scoring.accuracy(result.signals(0.0)) == pytest.approx(2 / 4)
    assert scoring.accuracy(result.verdicts) == pytest.approx(3 / 5)
    assert len(result.boundary) == 1


def test_an_unknown_verdict_is_counted_and_its_label_still_judged() -> None:
    result = scoring.score([label(150, "bpsk", "unknown"), label(250, "bpsk")], TRUTHS)
    assert scoring.unknown(result.verdicts) == 1
    assert scoring.accuracy(result.verdicts) == 1.0


def test_the_confusion_table_tells_truth_from_label() -> None:
    labels = [label(150, "qpsk"), label(250, "qpsk"), label(450, "qpsk")]
    table = scoring.confusion(scoring.score(labels, TRUTHS).verdicts)
    assert table == {("bpsk", "qpsk"): 2, ("qpsk", "qpsk"): 1}


def test_a_run_ends_at_a_gap_and_where_the_label_changes() -> None:
    labels = [
        label(0, "bpsk", confidence=0.5),
        label(100, "bpsk", confidence=1.0),
        label(200, "qpsk"),
        label(400, "qpsk"),
        label(500, "qpsk", "unknown"),
    ]
    runs = scoring.runs_of(reversed(labels))
    assert [(run.begin, run.end, run.label, run.frames) for run in runs] == [
        (0, 200, "bpsk", 2),
        (200, 300, "qpsk", 1),
        (400, 500, "qpsk", 1),
        (500, 600, "qpsk", 1),
    ]
    assert runs[0].confidence == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("right", "given", "received", "gaps", "words"),
    [
        (60, 60, 60, 0, None),
        (54, 60, 60, 0, None),
        (53, 60, 60, 0, "88.3% of the frames"),
        (60, 60, 59, 1, "59 to the other process (1 missing in between)"),
        (60, 61, 61, 0, "gave 61 labels, 60 came through"),
        (60, 0, 0, 0, "no label"),
    ],
)
def test_success_needs_the_accuracy_and_every_label(
    right: int, given: int, received: int, gaps: int, words: str | None
) -> None:
    truths = (scoring.Truth(0, 60 * N, "bpsk", 10.0),)
    labels = [label(i * N, "bpsk" if i < right else "qpsk") for i in range(60)]
    reason = scoring.shortcoming(scoring.score(labels, truths), given, received, gaps)
    assert (reason is None) if words is None else (reason is not None and words in reason)


def test_a_run_that_scored_too_few_frames_is_no_success() -> None:
    truths = (scoring.Truth(0, 60 * N, "bpsk", 10.0),)
    result = scoring.score([label(i * N, "bpsk") for i in range(49)], truths)
    reason = scoring.shortcoming(result, 49, 49, 0)
    assert reason is not None and "Only 49 frames of bpsk" in reason


def test_a_class_that_was_never_met_is_no_success() -> None:
    truths = (scoring.Truth(0, 60 * N, "bpsk", 10.0), scoring.Truth(9000, 20000, "am", 10.0))
    result = scoring.score([label(i * N, "bpsk") for i in range(60)], truths)
    reason = scoring.shortcoming(result, 60, 60, 0)
    assert reason is not None and "Only 0 frames of am" in reason
