# SPDX-License-Identifier: GPL-3.0-or-later
"""The PDU of a label carries all that the label holds, through GNU Radio's ZMQ blocks too."""

from __future__ import annotations

import numpy as np
import pdu_definition
import pmt
import pytest
from gnuradio.denomae.denomae_python import plain
from gnuradio.denomae.pdu import label_of, label_to_pdu, pdu_to_label
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


@given(LABELS)
@settings(deadline=None)
def test_a_message_is_by_every_byte_what_the_definition_makes(label):
    made, defined = label_to_pdu(label), pdu_definition.message_of(label)
    assert pmt.equal(made, defined)
    assert pmt.serialize_str(made) == pmt.serialize_str(defined)


LEAVES = (
    st.sampled_from([pmt.PMT_NIL, pmt.PMT_T, pmt.PMT_F, pmt.from_complex(1j)])
    | st.floats(allow_nan=False).map(pmt.from_double)
    | COUNT.map(pmt.from_uint64)
    | st.integers(-(2**63), 2**63 - 1).map(pmt.from_long)
    | TEXT.map(pmt.intern)
    | st.binary(max_size=9).map(lambda data: pmt.init_u8vector(len(data), list(data)))
    | st.just(pmt.init_f32vector(2, [1.0, 2.0]))
)


def a_vector(values):
    vector = pmt.make_vector(len(values), pmt.PMT_NIL)
    for index, value in enumerate(values):
        pmt.vector_set(vector, index, value)
    return vector


def a_dictionary(entries):
    dictionary = pmt.make_dict()
    for key, value in entries:
        dictionary = pmt.acons(key, value, dictionary)  # a key may be there already
    return dictionary


MESSAGES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4).map(a_vector)
        | st.lists(inner, max_size=3).map(lambda values: pmt.make_tuple(*values))
        | st.lists(st.tuples(LEAVES, inner), max_size=5).map(a_dictionary)
        | st.tuples(inner, inner).map(lambda pair: pmt.cons(*pair))
    ),
    max_leaves=12,
)


def same(found, wanted):
    """Equal and of one type throughout; PMTs by their own equality."""
    if type(found) is not type(wanted):
        return False
    if isinstance(found, dict):
        return list(found) == list(wanted) and same([*found.values()], [*wanted.values()])
    if isinstance(found, (list, tuple)):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return pmt.eqv(found, wanted) if isinstance(found, type(pmt.PMT_T)) else found == wanted


@given(MESSAGES)
@settings(deadline=None, max_examples=300)
def test_any_message_is_read_as_by_the_definition(message):
    assert same(plain(message), pdu_definition.plain(message))


def test_a_bottomless_message_is_refused(label_factory):
    nest = pmt.PMT_T
    for _ in range(5000):
        nest = pmt.make_tuple(nest, pmt.PMT_T)
    pdu = label_to_pdu(label_factory())
    damaged = pmt.cons(pmt.dict_add(pmt.car(pdu), pmt.intern("more"), nest), pmt.cdr(pdu))
    with pytest.raises(DenomaeError, match="nested too deeply"):
        pdu_to_label(damaged)


def test_the_label_of_a_recent_message_is_found_again_and_of_an_old_one_read(label_factory):
    labels = [label_factory(sequence=n) for n in range(2000)]
    pdus = [label_to_pdu(label) for label in labels]
    found = [label_of(pdu) for pdu in pdus]
    assert found == labels
    assert found[-1] is labels[-1] and found[0] is not labels[0]
    copy = pmt.deserialize_str(pmt.serialize_str(pdus[-1]))
    assert label_of(copy) == labels[-1] and label_of(copy) is not labels[-1]


@pytest.mark.parametrize("key", ["sequence", "sample_offset", "confidence", "label", "snr_db"])
def test_a_label_with_a_value_of_a_wrong_kind_becomes_no_message(label_factory, key):
    for value in (object(), [], b"text", "number" if key != "label" else 7):
        with pytest.raises(TypeError):
            label_to_pdu(label_factory(**{key: value}))


def test_times_and_endless_new_warnings_do_not_fill_the_table_of_symbols(
    label_factory,
):
    """A new string is a symbol in the message, and then for ever in GNU Radio's table."""
    symbols = set()

    def collect(value):
        if pmt.is_symbol(value):
            symbols.add(pmt.symbol_to_string(value))
        elif pmt.is_pair(value):
            collect(pmt.car(value))
            collect(pmt.cdr(value))
        elif pmt.is_vector(value):
            for index in range(pmt.length(value)):
                collect(pmt.vector_ref(value, index))

    for number in range(2000):
        label = label_factory(
            sequence=number, time=rfc3339(number, number), warnings=(f"warning number {number}",)
        )
        pdu = label_to_pdu(label)
        assert pdu_to_label(pdu) == label
        collect(pdu)
    assert len(symbols) < 500


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
