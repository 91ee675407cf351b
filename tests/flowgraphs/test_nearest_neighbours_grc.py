# SPDX-License-Identifier: GPL-3.0-or-later
"""Embeddings of strong signals name weaker ones, without any training."""

from __future__ import annotations

import re

import pytest
from examples_bench import CAPTURE, compiled, started

pytestmark = pytest.mark.timeout(240)


def test_neighbours_at_20_db_name_most_of_what_has_10_db(tmp_path):
    program = compiled("nearest_neighbours", tmp_path)
    said, _ = started(program, capture=CAPTURE, speed=40).communicate(timeout=180)
    right, named = map(int, re.findall(r"(\d+) of (\d+) right", said)[-1])
    assert named > 250  # of ten modulations
    assert right / named > 0.8, said[-500:]
