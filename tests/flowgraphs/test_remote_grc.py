# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples go to another process and their labels come back, all of them."""

from __future__ import annotations

import re
import socket
import time

import pytest
from examples_bench import CAPTURE, compiled, started

pytestmark = pytest.mark.timeout(240)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_radios_side_gets_the_labels_of_its_own_samples(tmp_path):
    radio, model = (compiled(name, tmp_path) for name in ("remote_radio", "remote_model"))
    samples, labels = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
    there = started(model, samples_address=samples, labels_address=labels)
    try:
        for line in there.stdout:  # its model is loaded, its sockets are open
            if "labels 0" in line:
                break
        here = started(
            radio, capture=CAPTURE, samples_address=samples, labels_address=labels, speed=4
        )
        said, until = "", time.monotonic() + 100
        try:
            for line in here.stdout:
                said += line
                if len(re.findall(r"\bsequence\b", said)) >= 100 or time.monotonic() > until:
                    break
        finally:
            here.terminate()
            here.communicate(timeout=30)
    finally:
        there.terminate()
        there.communicate(timeout=30)
    assert len(re.findall(r"\bsequence\b", said)) >= 100
    assert "remote" in said and re.search(r"label\W+(ook|2fsk|qpsk|bpsk|am|fm)", said)
