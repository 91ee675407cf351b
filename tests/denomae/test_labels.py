# SPDX-License-Identifier: GPL-3.0-or-later
"""The label's JSON, against its published schema and against itself."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from denomae.errors import DenomaeError
from denomae.labels import SCHEMA, VERDICTS, Label

DOCS = Path(__file__).resolve().parents[2] / "docs"

EXAMPLE = Label(
    schema=SCHEMA,
    source="roof",
    sequence=2**63 + 1,
    label="qpsk",
    confidence=0.98765432,
    family="psk",
    family_confidence=0.99,
    verdict="known",
    probabilities={"qpsk": 0.98765432, "bpsk": 0.01234568},
    snr_db=12.3456,
    sample_offset=2**53 + 1,
    sample_count=1024,
    time="2026-03-01T12:00:00.000123456Z",
    center_frequency_hz=433_920_000.1,
    sample_rate_hz=2_400_000.0,
    model="live 0123456789ab",
    dropped_frames=3,
    latency_ms=4.56789,
    warnings=("clipping",),
)

texts = st.text(max_size=20)
unit = st.floats(0, 1)
counts = st.integers(0, 2**64 - 1)
finite = st.none() | st.floats(allow_nan=False, allow_infinity=False)
labels = st.builds(
    Label,
    schema=st.just(SCHEMA),
    source=texts,
    sequence=counts,
    label=texts,
    confidence=unit,
    family=texts,
    family_confidence=unit,
    verdict=st.sampled_from(VERDICTS),
    probabilities=st.dictionaries(texts, unit, max_size=4),
    snr_db=finite,
    sample_offset=counts,
    sample_count=counts,
    time=st.sampled_from([None, EXAMPLE.time]),
    center_frequency_hz=finite,
    sample_rate_hz=finite,
    model=texts,
    dropped_frames=counts,
    latency_ms=st.floats(0, 1e9),
    warnings=st.lists(texts, max_size=2).map(tuple),
)


@given(labels)
def test_reading_what_was_written_gives_the_label_back_up_to_rounding(label: Label) -> None:
    text = label.to_json()
    assert text.isascii() and "\n" not in text
    again = Label.from_json(text)
    for name in ("source", "sequence", "sample_offset", "dropped_frames", "time", "warnings"):
        assert getattr(again, name) == getattr(label, name)
    assert again.confidence == pytest.approx(label.confidence, abs=5e-7)
    assert again.latency_ms == pytest.approx(label.latency_ms, abs=5e-4)
    assert again.center_frequency_hz == label.center_frequency_hz
    assert again.to_json() == text


@given(labels)
def test_every_label_fits_the_published_schema(label: Label) -> None:
    schema = json.loads((DOCS / "denomae.label-1.schema.json").read_text())
    jsonschema.validate(json.loads(label.to_json()), schema)


def test_the_schema_names_the_keys_of_the_label_in_their_order() -> None:
    schema = json.loads((DOCS / "denomae.label-1.schema.json").read_text())
    names = [field.name for field in dataclasses.fields(Label)]
    assert list(schema["properties"]) == names == list(EXAMPLE.to_dict())
    assert schema["required"] == names


def test_the_guide_s_example_is_a_label() -> None:
    page = (DOCS / "labels.md").read_text()
    block = page.split("```json\n")[1].split("```")[0]
    label = Label.from_json(block)
    assert list(json.loads(block)) == list(label.to_dict())


def test_counts_are_exact_and_measures_are_rounded() -> None:
    values = json.loads(EXAMPLE.to_json())
    assert values["sequence"] == 2**63 + 1
    assert values["sample_offset"] == 2**53 + 1
    assert values["confidence"] == 0.987654
    assert values["latency_ms"] == 4.568
    assert values["center_frequency_hz"] == 433_920_000.1


def test_numpy_s_numbers_are_written_as_plain_ones() -> None:
    label = dataclasses.replace(
        EXAMPLE,
        confidence=np.float32(0.5),
        sample_offset=np.uint64(2**64 - 1),
        snr_db=np.float32(1),
    )
    values = json.loads(label.to_json())
    assert values["sample_offset"] == 2**64 - 1
    assert (values["confidence"], values["snr_db"]) == (0.5, 1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null_in_json(value: float) -> None:
    label = dataclasses.replace(EXAMPLE, snr_db=value, center_frequency_hz=value)
    values = json.loads(label.to_json(), parse_constant=pytest.fail)
    assert values["snr_db"] is None and values["center_frequency_hz"] is None


def test_keys_that_are_not_in_the_schema_are_ignored() -> None:
    assert Label.from_dict({**EXAMPLE.to_dict(), "colour": "red"}).label == "qpsk"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "denomae.label/2"), ("source", 5), ("sequence", -1), ("sequence", 1.0),
        ("sequence", True), ("sequence", 2**64), ("confidence", 1.01), ("confidence", "1"),
        ("confidence", None), ("verdict", "perhaps"), ("verdict", []), ("probabilities", [0.5]),
        ("probabilities", {"qpsk": 2}), ("snr_db", "high"), ("snr_db", math.nan),
        ("time", "yesterday"), ("sample_rate_hz", 10**400), ("latency_ms", None),
        ("warnings", "clipping"), ("warnings", [1]), ("model", None),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_its_key(key: str, value: object) -> None:
    with pytest.raises(DenomaeError, match=key):
        Label.from_dict({**EXAMPLE.to_dict(), key: value})


@pytest.mark.parametrize("key", [field.name for field in dataclasses.fields(Label)])
def test_a_missing_key_is_named(key: str) -> None:
    values = EXAMPLE.to_dict()
    del values[key]
    with pytest.raises(DenomaeError, match=key):
        Label.from_dict(values)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(list(EXAMPLE.to_dict())), json_values)
def test_any_json_is_a_label_or_a_clear_error(key: str, value: object) -> None:
    try:
        Label.from_dict({**EXAMPLE.to_dict(), key: value}).to_json()
    except DenomaeError as error:
        assert key in str(error)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_label_or_a_clear_error(raw: bytes) -> None:
    with pytest.raises(DenomaeError):
        Label.from_json(raw)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(DenomaeError):
        Label.from_json("[" * 100_000)


@pytest.mark.parametrize(
    ("confidence", "family_confidence", "verdict", "shown"),
    [
        (0.9, 0.99, "known", "qpsk"),
        (0.75, 0.99, "known", "qpsk"),
        (0.6, 0.99, "known", "psk family"),
        (0.6, 0.9, "known", "psk family"),
        (0.6, 0.89, "known", "qpsk"),
        (0.3, 0.99, "unknown", "unknown"),
        (0.6, 0.99, "noise", "qpsk"),
    ],
)
def test_people_are_shown_the_family_where_the_class_alone_is_uncertain(
    confidence, family_confidence, verdict, shown
):
    label = dataclasses.replace(
        EXAMPLE, confidence=confidence, family_confidence=family_confidence, verdict=verdict
    )
    assert label.shown == shown
    assert label.close_call == shown.endswith("family")
