# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the GNU Radio blocks share: labels, and what must end again after each test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from denomae.labels import SCHEMA, Label

if TYPE_CHECKING:
    from denomae import Engine

_LABEL = {
    "schema": SCHEMA,
    "source": "test",
    "sequence": 0,
    "label": "qpsk",
    "confidence": 0.75,
    "family": "psk",
    "family_confidence": 0.875,
    "verdict": "known",
    "probabilities": {"noise": 0.125, "bpsk": 0.125, "qpsk": 0.75},
    "snr_db": 12.5,
    "sample_offset": 2**40,
    "sample_count": 1024,
    "time": "2026-03-01T12:00:00.000123456Z",
    "center_frequency_hz": 433.92e6,
    "sample_rate_hz": 1e6,
    "model": "test-0123456789ab",
    "dropped_frames": 0,
    "latency_ms": 1.5,
    "warnings": (),
}


@pytest.fixture
def label_factory() -> Callable[..., Label]:
    """Makes a label; its values by keyword where they matter."""
    return lambda **values: Label(**{**_LABEL, **values})


@pytest.fixture(scope="session")
def engine(nano_checkpoint: Path) -> Engine:
    """An untrained engine on the CPU, warm."""
    from denomae import Engine

    made = Engine.load(nano_checkpoint, device="cpu", batch_size=16, threads=1)
    made.warm_up()
    return made


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.name.startswith("denomae")]
    for thread in left:
        thread.join(5)
    assert not [thread.name for thread in left if thread.is_alive()]
