# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's capture is what its script makes, and what its annotations say."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

CAPTURES = Path(__file__).parents[2] / "examples" / "captures"
CLASSES = ("noise", "carrier", "am", "fm", "ook", "bpsk", "qpsk", "8psk", "16qam", "2fsk", "gmsk")
FRAME_LENGTH = 1024
FLOOR_DBFS = -50.0

pytestmark = pytest.mark.timeout(120)


def samples_of(base: Path) -> np.ndarray:
    values = np.fromfile(base.with_suffix(".sigmf-data"), "<i2").astype(np.float64) / 32768.0
    return values.view(np.complex128)


def meta_of(base: Path) -> dict:
    return json.loads(base.with_suffix(".sigmf-meta").read_text())


def spans(meta: dict) -> list[tuple[int, int, dict]]:
    return [
        (a["core:sample_start"], a["core:sample_start"] + a["core:sample_count"], a)
        for a in meta["annotations"]
    ]


def decibels(samples: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(np.abs(samples) ** 2)))


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("gnuradio")
    base = tmp_path_factory.mktemp("capture") / "demo"
    script = CAPTURES / "make_demo_capture.py"
    subprocess.run([sys.executable, script, "--output", base], check=True, timeout=100)
    return base


def test_the_committed_capture_is_what_the_script_makes(remade: Path) -> None:
    """Processors round differently, so what is compared is the power of the difference."""
    committed, again = meta_of(CAPTURES / "demo"), meta_of(remade)
    assert again["annotations"] == committed["annotations"]
    assert again["captures"] == committed["captures"]
    recorder = committed["global"]["core:recorder"]
    if again["global"]["core:recorder"] != recorder:
        pytest.skip(f"the capture was made by {recorder}; another version draws other noise")
    difference = samples_of(CAPTURES / "demo") - samples_of(remade)
    for begin in range(0, len(difference), 16 * FRAME_LENGTH):
        part = difference[begin : begin + 16 * FRAME_LENGTH]
        assert np.mean(np.abs(part) ** 2) < 10 ** ((FLOOR_DBFS - 40) / 10)


def test_the_script_knows_nothing_of_our_own_synthesizer() -> None:
    for path in CAPTURES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [name for name in names if name.startswith("denomae")], path.name


def test_the_data_is_small_and_as_long_as_its_annotations_say() -> None:
    assert (CAPTURES / "demo.sigmf-data").stat().st_size <= 4_000_000
    length, before = len(samples_of(CAPTURES / "demo")), 0
    for begin, end, _ in spans(meta_of(CAPTURES / "demo")):
        assert before < begin < end < length
        before = end


@pytest.mark.parametrize("shift", [0, 1, 511, 1023])
def test_every_class_has_fifty_whole_frames_wherever_frames_begin(shift: int) -> None:
    whole = dict.fromkeys(CLASSES, 0)
    for begin, end, truth in spans(meta_of(CAPTURES / "demo")):
        first = -(-(begin - shift) // FRAME_LENGTH)
        last = (end - shift) // FRAME_LENGTH
        whole[truth["core:label"]] += last - first
    assert set(whole) == set(CLASSES)
    assert min(whole.values()) >= 50


def test_every_class_but_noise_comes_at_both_ratios() -> None:
    met: dict[str, list[float]] = {}
    for _, _, truth in spans(meta_of(CAPTURES / "demo")):
        if truth["core:label"] != "noise":
            met.setdefault(truth["core:label"], []).append(truth["denomae:snr_db"])
    assert met == {name: [10.0, 20.0] for name in CLASSES[1:]}


def test_rate_timing_and_offset_are_drawn_for_each_span() -> None:
    meta = meta_of(CAPTURES / "demo")
    truths = [t for _, _, t in spans(meta) if t["core:label"] != "noise"]
    rates = [t["denomae:samples_per_symbol"] for t in truths if "denomae:samples_per_symbol" in t]
    offsets = [t["denomae:carrier_offset_hz"] / meta["global"]["core:sample_rate"] for t in truths]
    assert len(rates) == len(set(rates)) == 14
    assert 2 <= min(rates) and max(rates) <= 16
    assert len(set(offsets)) == 20 and max(map(abs, offsets)) <= 0.015


def test_the_measured_ratio_is_the_annotated_one() -> None:
    """Power within a span against the floor in the silence just before and after it."""
    samples, meta = samples_of(CAPTURES / "demo"), meta_of(CAPTURES / "demo")
    for begin, end, truth in spans(meta):
        silence = np.concatenate([samples[begin - 2500 : begin], samples[end : end + 2500]])
        assert decibels(silence) == pytest.approx(FLOOR_DBFS, abs=0.3)
        if truth["core:label"] == "noise":
            assert decibels(samples[begin:end]) == pytest.approx(-38.0, abs=0.3)
            continue
        floor = np.mean(np.abs(silence) ** 2)
        signal = np.mean(np.abs(samples[begin:end]) ** 2) - floor
        measured_db = 10 * np.log10(signal / floor)
        assert measured_db == pytest.approx(truth["denomae:snr_db"], abs=0.4), truth["core:label"]


def test_the_annotated_offset_is_where_the_carrier_stands() -> None:
    samples, meta = samples_of(CAPTURES / "demo"), meta_of(CAPTURES / "demo")
    rate = meta["global"]["core:sample_rate"]
    seen = 0
    for begin, _, truth in spans(meta):
        if truth["core:label"] in ("carrier", "am"):
            spectrum = np.abs(np.fft.fft(samples[begin : begin + 32768]))
            peak_hz = np.fft.fftfreq(32768, 1 / rate)[int(spectrum.argmax())]
            assert peak_hz == pytest.approx(truth["denomae:carrier_offset_hz"], abs=1.5)
            seen += 1
    assert seen == 4


def test_nothing_clips() -> None:
    values = np.fromfile(CAPTURES / "demo.sigmf-data", "<i2")
    assert np.abs(values.astype(np.int32)).max() < 16384


def test_sigmf_accepts_the_capture() -> None:
    sigmf = pytest.importorskip("sigmf")
    recording = sigmf.fromfile(str(CAPTURES / "demo.sigmf-meta"))  # checks the data's hash too
    recording.validate()
    assert recording.sample_count == len(samples_of(CAPTURES / "demo"))
