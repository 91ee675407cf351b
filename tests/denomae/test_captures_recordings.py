# SPDX-License-Identifier: GPL-3.0-or-later
"""Real recordings give back the symbols that were sent: the distances of edges say how long one is.

The recordings are those of the Universal Radio Hacker's tests, with the lengths stated there; but
for `ask.complex`, which is stated as 300 and whose edges lie 312.6 samples apart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from denomae.captures import open_capture

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "captures"
SMOOTHING = np.ones(8) / 8


def edges(samples: np.ndarray, frequency: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where amplitude or frequency goes up, and where it goes down."""
    power = np.convolve(np.abs(samples) ** 2, SMOOTHING, "same")
    loud = power > 0.1 * np.percentile(power, 99)
    if frequency:
        loud = power[1:] > 0.25 * np.percentile(power, 99)
        step = np.angle(np.convolve(samples[1:] * samples[:-1].conj(), SMOOTHING, "same"))
        state = step > (np.percentile(step[loud], 10) + np.percentile(step[loud], 90)) / 2
        usable = loud[1:] & loud[:-1]
    else:
        state = power > 0.5 * np.median(power[loud])
        usable = True
    changes = np.flatnonzero((state[1:] != state[:-1]) & usable) + 1
    return changes[state[changes]], changes[~state[changes]]


@pytest.mark.parametrize(
    ("name", "length", "frequency"),
    [
        ("ask.complex", 312.6, False),
        ("enocean.complex", 40, False),
        ("ook_overshoot.complex16s", 500, False),
        ("fsk.complex", 100, True),
        ("homematic.complex32s", 100, True),
    ],
)
def test_the_length_of_a_symbol_is_found_again(name: str, length: float, frequency: bool) -> None:
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"the recordings in {RECORDINGS} are not here")
    with open_capture(path) as capture:
        samples = capture.read(0, capture.sample_count).astype(np.complex128)
    candidates = np.geomspace(0.6 * length, 1.4 * length, 2000)
    score = np.zeros(len(candidates))
    for side in edges(samples, frequency):  # of one side: what a threshold does to the other is out
        distances = np.diff(side)
        distances = distances[(distances > length / 2) & (distances < 10 * length)]
        assert len(distances) > 5
        score += np.cos(2 * np.pi * distances / candidates[:, None]).mean(1)
    assert score.max() > 1.4  # 2 where every distance is a whole number of symbols
    assert candidates[score.argmax()] == pytest.approx(length, rel=0.02)
