# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses a label publisher can have, and those that it names and refuses."""

from __future__ import annotations

import gc

import pytest
from gnuradio import denomae
from wire_bench import ANY, Flowgraph

from denomae.errors import DenomaeError

pytestmark = pytest.mark.timeout(60)


def test_two_publishers_on_one_address_are_one_too_many():
    first = denomae.label_publisher(ANY)
    with pytest.raises(DenomaeError, match="in use") as refused:
        denomae.label_publisher(first.endpoint())
    assert first.endpoint() in str(refused.value) and "\n" not in str(refused.value)


def test_two_publishers_on_one_local_socket_are_one_too_many(tmp_path):
    address = f"ipc://{tmp_path}/labels"
    first = denomae.label_publisher(address)
    assert first.endpoint() == address
    with pytest.raises(DenomaeError, match="in use"):
        denomae.label_publisher(address)


def test_the_address_is_free_again_when_the_flowgraph_is_gone():
    gc.disable()  # by the count of references alone
    try:
        flowgraph = Flowgraph()
        flowgraph.start()
        flowgraph.end()
        endpoint = flowgraph.publisher.endpoint()
        del flowgraph
        assert Flowgraph(endpoint).publisher.endpoint() == endpoint
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "address",
    [
        "",
        None,
        5757,
        "5757",
        "127.0.0.1:5757",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:port",
        "tcp://192.0.2.1:5757",
        "inproc://labels",
        "http://127.0.0.1:80",
        "ipc:///no/such/folder/labels",
    ],
)
def test_an_address_that_cannot_be_bound_is_named_in_one_sentence(address):
    with pytest.raises(DenomaeError) as refused:
        denomae.label_publisher(address)
    sentence = str(refused.value)
    assert str(address) in sentence and "wanted" in sentence and "\n" not in sentence
