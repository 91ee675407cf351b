# SPDX-License-Identifier: GPL-3.0-or-later
"""The PDU of a label carries all that the label holds, through GNU Radio's ZMQ blocks too."""

from __future__ import annotations

import numpy as np
import pmt
import pytest
from gnuradio.denomae.pdu import label_to_pdu, pdu_to_label
from hypothesis import given, settings
from hypothesis import strategies as st

from denomae.errors import DenomaeError
from denomae.labels import SCHEMA, VERDICTS, Label
from denomae.rfc3339 import rfc3339

FRACTION = st.floats(0, 1)
COUNT = st.integers(0, 2**64 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TIME = st.none() | st.builds(rfc3339, st.integers(-(2**35), 2**37), st.integers(0, 999_999_999))

LABELS = st.builds(
    Label,
    schema=st.just(SCHEMA),
    source=TEXT,
    sequence=COUNT,
    label=TEXT,
    confidence=FRACTION,
    family=TEXT,
    family_confidence=FRACTION,
    verdict=st.sampled_from(VERDICTS),
    probabilities=st.dictionaries(TEXT, FRACTION, max_size=12),
    snr_db=NUMBER,
    sample_offset=COUNT,
    sample_count=COUNT,
    time=TIME,
    center_frequency_hz=NUMBER,
    sample_rate_hz=NUMBER,
    model=TEXT,
    dropped_frames=COUNT,
    latency_ms=st.floats(0, 1e6),
    warnings=st.lists(TEXT, max_size=3).map(tuple),
)


@given(LABELS)
@settings(deadline=None)
def test_a_label_survives_the_way_into_a_pdu_and_back(label):
    assert pdu_to_label(label_to_pdu(label)) == label


@given(LABELS)
@settings(deadline=None)
def test_a_label_survives_serialisation_with_its_classes_in_order(label):
    travelled = pdu_to_label(pmt.deserialize_str(pmt.serialize_str(label_to_pdu(label))))
    assert travelled == label
    assert travelled.to_json() == label.to_json()


@given(LABELS)
@settings(deadline=None)
def test_the_vector_holds_the_probabilities_in_the_order_of_the_dictionary(label):
    vector = pmt.f32vector_elements(pmt.cdr(label_to_pdu(label)))
    assert vector == [float(np.float32(value)) for value in label.probabilities.values()]


@given(LABELS)
@settings(deadline=None)
def test_the_dictionary_has_the_keys_of_the_schema(label):
    keys = pmt.dict_keys(pmt.car(label_to_pdu(label)))
    names = [pmt.symbol_to_string(pmt.nth(index, keys)) for index in range(pmt.length(keys))]
    assert names == list(label.to_dict())


def test_times_and_endless_new_warnings_do_not_fill_the_table_of_symbols(
    label_factory, monkeypatch
):
    interned = set()
    intern = pmt.intern
    monkeypatch.setattr(pmt, "intern", lambda text: (interned.add(text), intern(text))[1])
    for number in range(2000):
        label = label_factory(
            sequence=number, time=rfc3339(number, number), warnings=(f"warning number {number}",)
        )
        assert pdu_to_label(label_to_pdu(label)) == label
    assert len(interned) < 500


@pytest.mark.parametrize(
    "message",
    [
        pmt.PMT_NIL,
        pmt.PMT_T,
        pmt.intern("hello"),
        pmt.from_double(1.0),
        pmt.make_dict(),
        pmt.cons(pmt.PMT_NIL, pmt.init_u8vector(3, [1, 2, 3])),
        pmt.cons(pmt.PMT_NIL, pmt.init_f32vector(1, [1.0])),
        pmt.cons(pmt.intern("frequency"), pmt.from_double(1e6)),
        pmt.cons(
            pmt.dict_add(pmt.make_dict(), pmt.intern("schema"), pmt.intern("denomae.label/7")),
            pmt.init_f32vector(1, [1.0]),
        ),
    ],
    ids=str,
)
def test_what_is_no_label_is_refused_with_one_sentence(message):
    with pytest.raises(DenomaeError) as refused:
        pdu_to_label(message)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "key, value",
    [
        ("sequence", pmt.intern("seven")),
        ("sequence", pmt.from_long(-1)),
        ("confidence", pmt.from_double(float("nan"))),
        ("time", pmt.make_tuple(pmt.from_uint64(1))),
        ("time", pmt.make_tuple(pmt.from_uint64(2**64 - 1), pmt.from_double(0.0))),
        ("time", pmt.make_tuple(pmt.from_uint64(1), pmt.from_double(float("nan")))),
        ("probabilities", pmt.from_double(0.5)),
        ("warnings", pmt.intern("one")),
        ("source", pmt.init_c32vector(1, [1j])),
    ],
    ids=str,
)
def test_a_pdu_with_a_wrong_value_is_refused_by_the_name_of_its_key(label_factory, key, value):
    pdu = label_to_pdu(label_factory())
    damaged = pmt.cons(pmt.dict_add(pmt.car(pdu), pmt.intern(key), value), pmt.cdr(pdu))
    with pytest.raises(DenomaeError, match=key):
        pdu_to_label(damaged)
