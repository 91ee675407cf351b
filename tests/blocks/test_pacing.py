# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches grow while there is time and shrink when the model is slow."""

from __future__ import annotations

from gnuradio.denomae.pacing import BUDGET_S, BatchPacer
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(1, 512), st.floats(1e-6, 10), st.integers(8, 40))
def test_batches_settle_at_what_the_budget_allows(most, seconds_a_frame, batches):
    pacer = BatchPacer(most)
    for _ in range(batches):
        assert 1 <= pacer.size <= most
        assert pacer.size == 1 or pacer.size * seconds_a_frame <= BUDGET_S * 1.001
        pacer.took(pacer.size, pacer.size * seconds_a_frame)
    if batches > 12:
        allowed = max(1, min(most, BUDGET_S / seconds_a_frame))
        assert pacer.size >= allowed // 2


def test_a_batch_cut_short_by_an_empty_queue_does_not_shrink_the_next():
    pacer = BatchPacer(64)
    for _ in range(10):
        pacer.took(pacer.size, pacer.size * 1e-3)
    pacer.took(1, 2e-3)
    assert pacer.size == 64


def test_a_model_that_became_slow_gets_small_batches_at_once():
    pacer = BatchPacer(64)
    for _ in range(10):
        pacer.took(pacer.size, pacer.size * 1e-3)
    pacer.took(64, 6.4)
    assert pacer.size * 0.1 <= BUDGET_S
