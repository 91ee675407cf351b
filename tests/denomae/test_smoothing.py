# SPDX-License-Identifier: GPL-3.0-or-later
"""The vote over frames, against the sum over every path of classes, and on a stream."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from denomae import Engine
from denomae.errors import DenomaeError
from denomae.labels import SCHEMA, Label
from denomae.rfc3339 import rfc3339
from denomae.smoothing import Smoother

N = 1024
FAMILIES = {"noise": "noise", "bpsk": "psk", "qpsk": "psk"}


def label_of(
    probabilities: list[float], number: int, offset: int | None = None, **other: object
) -> Label:
    """The label of frame `number`, with the verdict that the probabilities give at no threshold."""
    shares = dict(zip(FAMILIES, probabilities, strict=True))
    best = max(shares, key=shares.get)
    values = {
        "schema": SCHEMA,
        "source": "roof",
        "sequence": number,
        "label": best,
        "confidence": shares[best],
        "family": FAMILIES[best],
        "family_confidence": shares[best],
        "verdict": "noise" if best == "noise" else "known",
        "probabilities": shares,
        "snr_db": 7.0,
        "sample_offset": number * N if offset is None else offset,
        "sample_count": N,
        "time": None,
        "center_frequency_hz": 1e8,
        "sample_rate_hz": 1e6,
        "model": "live 0123456789ab",
        "dropped_frames": 2,
        "latency_ms": 1.5,
        "warnings": ("clipping",),
    }
    return Label(**values | other)


def drawn(count: int, seed: int = 0, signal: bool = True) -> list[list[float]]:
    """Probabilities of three classes, of which noise is the least where there is a signal."""
    rows = np.random.default_rng(seed).dirichlet([1.0, 1.0, 1.0], count)
    if signal:
        rows[:, 0] *= 0.01
    return (rows / rows.sum(1, keepdims=True)).tolist()


def every_path(rows: list[list[float]], steps: list[float], change: float) -> np.ndarray:
    """The posterior of the last class by its definition: a sum over all paths of classes.

    Args:
        rows: calibrated probabilities under a uniform prior, one row a frame.
        steps: from each frame but the first back to the one before it, in frames' lengths.
    """
    classes = len(rows[0])
    total = np.zeros(classes)
    for path in itertools.product(range(classes), repeat=len(rows)):
        weight = rows[0][path[0]] / classes
        for t, step in enumerate(steps, start=1):
            moved = 1 - (1 - change) ** step
            stays = path[t] == path[t - 1]
            weight *= moved / classes + (1 - moved) * stays
            weight *= rows[t][path[t]] ** min(1.0, step)
        total[path[-1]] += weight
    return total / total.sum()


@pytest.mark.parametrize("hop", [100, 512, N, 3000])
@pytest.mark.parametrize("change", [0.02, 0.4, 1.0])
def test_the_vote_is_the_sum_over_every_path_of_classes(hop, change):
    rows = drawn(9)
    smoother = Smoother(FAMILIES, frames=5, change=change)
    for i, row in enumerate(rows):
        given = smoother(label_of(row, i, i * hop))
        voting = rows[max(0, i - 4) : i + 1]
        wanted = every_path(voting, [hop / N] * (len(voting) - 1), change)
        np.testing.assert_allclose(list(given.probabilities.values()), wanted, rtol=1e-9)
        assert given.confidence == max(given.probabilities.values())
        assert given.probabilities[given.label] == given.confidence
        family = given.probabilities["bpsk"] + given.probabilities["qpsk"]
        assert (given.family, given.family_confidence) == ("psk", pytest.approx(family))


def test_all_that_is_no_verdict_stays_as_it_came():
    smoother = Smoother(FAMILIES)
    smoother(label_of([0.01, 0.09, 0.9], 0))
    came = label_of([0.01, 0.6, 0.39], 1)
    given = smoother(came)
    assert (came.label, given.label) == ("bpsk", "qpsk")
    verdict = ("label", "confidence", "family", "family_confidence", "verdict", "probabilities")
    assert replace(came, **{key: getattr(given, key) for key in verdict}) == given


def test_a_vote_of_one_frame_is_the_frames_own():
    smoother = Smoother(FAMILIES, frames=1)
    for i, row in enumerate(drawn(5)):
        given = smoother(label_of(row, i))
        np.testing.assert_allclose(list(given.probabilities.values()), row, rtol=1e-9)


def test_nothing_older_than_its_frames_counts_and_a_change_is_followed_at_once_where_it_is_clear():
    smoother, fresh = Smoother(FAMILIES, frames=4), Smoother(FAMILIES, frames=4)
    for i in range(50):
        smoother(label_of([0.001, 0.99, 0.009], i))
    after = [smoother(label_of([0.001, 0.2, 0.799], 50 + i)) for i in range(4)]
    assert [label.label for label in after][-2:] == ["qpsk", "qpsk"]
    alone = [fresh(label_of([0.001, 0.2, 0.799], 50 + i)) for i in range(4)][-1]
    assert after[-1].probabilities == pytest.approx(alone.probabilities)
    for i in range(50):
        smoother(label_of([0.001, 0.99, 0.009], 100 + i))
    assert smoother(label_of([1e-5, 1e-5, 0.9999], 150)).label == "qpsk"


def test_one_frame_of_another_opinion_changes_nothing():
    smoother = Smoother(FAMILIES)
    rows = [[0.01, 0.1, 0.89]] * 5 + [[0.01, 0.6, 0.39]] + [[0.01, 0.1, 0.89]] * 5
    assert {smoother(label_of(row, i)).label for i, row in enumerate(rows)} == {"qpsk"}


_BEFORE = label_of([0.001, 0.009, 0.99], 7, time=rfc3339(100))
_NEXT = label_of([0.01, 0.5, 0.49], 8, time=rfc3339(100, N * 1000))


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("the count of labels goes back", {"sequence": 7}),
        ("the count of samples goes back", {"sample_offset": 0}),
        ("a gap", {"sample_offset": 18 * N}),
        ("lost samples", {"time": rfc3339(100, 30 * N * 1000)}),
        ("time goes back", {"time": rfc3339(99)}),
        ("another frequency", {"center_frequency_hz": 2e8}),
        ("another rate", {"sample_rate_hz": 2e6}),
        ("another model", {"model": "live ffffffffffff"}),
        ("another source", {"source": "cellar"}),
    ],
)
def test_the_vote_begins_anew_where_the_stream_does(what, changed):
    smoother = Smoother(FAMILIES)
    smoother(_BEFORE)
    assert smoother(_NEXT).label == "qpsk", "without a reset the frame before decides"
    smoother.reset()
    smoother(_BEFORE)
    given = smoother(replace(_NEXT, **changed))
    assert given.probabilities == pytest.approx(_NEXT.probabilities), what


def test_a_hosts_clock_that_jumps_resets_nothing_when_times_are_not_trusted():
    smoother = Smoother(FAMILIES, trust_times=False)
    smoother(_BEFORE)
    assert smoother(replace(_NEXT, time=rfc3339(99))).label == "qpsk"


def test_a_short_gap_weakens_what_was_before_it():
    def share(gap_frames: int) -> float:
        smoother = Smoother(FAMILIES, change=0.1)
        smoother(label_of([0.001, 0.009, 0.99], 0))
        return smoother(label_of([0.01, 0.5, 0.49], 1, gap_frames * N)).probabilities["qpsk"]

    shares = [share(gap) for gap in (1, 3, 6, 9)]
    assert shares == sorted(shares, reverse=True) and shares[-1] < shares[0] - 0.2


def test_a_burst_is_not_judged_by_the_one_before_the_noise():
    smoother, alone = Smoother(FAMILIES), Smoother(FAMILIES)
    for i in range(10):
        smoother(label_of([0.001, 0.99, 0.009], i))
    assert smoother(label_of([0.9999, 5e-5, 5e-5], 10)).verdict == "noise"
    came = label_of([1e-6, 0.45, 0.549999], 11)
    alone(label_of([0.9999, 5e-5, 5e-5], 10))
    assert smoother(came).probabilities == pytest.approx(alone(came).probabilities)
    fresh = Smoother(FAMILIES)
    fresh(came)
    then = label_of([0.001, 0.4, 0.599], 12)
    assert smoother(then).probabilities == pytest.approx(fresh(then).probabilities)


def test_the_verdict_follows_the_vote_and_its_threshold():
    smoother = Smoother(FAMILIES, threshold=0.7)
    unsure = label_of([0.01, 0.45, 0.54], 0, verdict="unknown")
    assert smoother(unsure).verdict == "unknown"
    labels = [smoother(replace(unsure, sequence=i, sample_offset=i * N)) for i in range(1, 8)]
    assert labels[-1].verdict == "known", "seven close calls for one class are none together"


def test_frames_that_were_refused_name_no_class_and_their_majority_is_unknown():
    smoother = Smoother(FAMILIES, frames=4, threshold=0.5)
    known, refused = [0.001, 0.019, 0.98], [0.001, 0.98, 0.019]
    rows = [known, refused, refused, refused, refused]
    given = [
        smoother(label_of(row, i, verdict="unknown" if row is refused else "known"))
        for i, row in enumerate(rows)
    ]
    assert [label.verdict for label in given] == ["known", "known", *["unknown"] * 3]
    assert given[1].label == "qpsk"


def test_probabilities_of_zero_and_one_make_no_certainty_and_no_nan():
    smoother = Smoother(FAMILIES)
    rows = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    given = [smoother(label_of(row, i)) for i, row in enumerate(rows)]
    assert all(math.isfinite(x) for label in given for x in label.probabilities.values())
    assert [label.label for label in given] == ["qpsk", "bpsk", "bpsk", "noise"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"frames": 0}, "0 frames were to vote"),
        ({"frames": 257}, "257 frames were to vote"),
        ({"frames": 2.5}, "2.5 frames were to vote"),
        ({"change": 0.0}, "probability of a change is 0.0"),
        ({"threshold": 1.5}, "threshold is 1.5"),
        ({"families": {}}, "no class to vote for"),
    ],
)
def test_what_cannot_be_is_said(parameters, said):
    with pytest.raises(DenomaeError, match=said):
        Smoother(**{"families": FAMILIES} | parameters)


def test_labels_of_another_model_are_refused():
    with pytest.raises(DenomaeError, match="the vote is among"):
        Smoother({"fm": "analog"})(label_of([0.1, 0.2, 0.7], 0))


def qpsk(samples: int, snr_db: float, seed: int) -> np.ndarray:
    """QPSK of 8 samples a symbol behind a raised-cosine window, in white noise."""
    rng = np.random.default_rng(seed)
    symbols = np.exp(0.5j * np.pi * (rng.integers(0, 4, samples // 8 + 4) + 0.3))
    at = np.zeros(8 * len(symbols), complex)
    at[::8] = symbols
    t = np.arange(-32, 33) / 8
    pulse = np.sinc(t) * np.cos(0.35 * np.pi * t) / (1 - (0.7 * t) ** 2 + 1e-9)
    signal = np.convolve(at, pulse, "same")[:samples] * np.exp(0.01j * np.arange(samples))
    signal /= np.sqrt(np.mean(np.abs(signal) ** 2))
    parts = rng.standard_normal((samples, 2)) @ [1, 1j] / np.sqrt(2)
    return (signal + 10 ** (-snr_db / 20) * parts).astype(np.complex64)


def test_the_shipped_model_flickers_less_and_errs_less_with_a_vote():
    engine = Engine.load(device="cpu", precision="fp32", threads=1)
    samples = np.concatenate([qpsk(40 * N, 2.0, 1), 0.01 * qpsk(16 * N, -60.0, 2)])
    labels = engine.classify(samples.reshape(-1, N))
    smoother = Smoother(engine.families, frames=8, threshold=engine.threshold)
    smoothed = [smoother(label) for label in labels]

    def changes(said: list[Label]) -> int:
        return sum(a.label != b.label for a, b in itertools.pairwise(said))

    truth = ["qpsk"] * 40 + ["noise"] * 16
    right, smoothly = (
        sum(label.label == name for label, name in zip(said, truth, strict=True))
        for said in (labels, smoothed)
    )
    assert changes(labels) >= 10, "the stream is meant to be a hard one"
    assert changes(smoothed) <= changes(labels) / 3 and smoothly >= right + 5
    assert smoothed[40 + 2].label == "noise", "two frames behind the end of the signal"
