# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's arithmetic and its form; how fast anything is, is no matter for a test."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from denomae.bench.matrices import Product, model_products
from denomae.bench.row import Row, table
from denomae.model.presets import PRESETS

BENCH = "import sys; from denomae.cli import main; sys.exit(main(sys.argv[1:]))"


def closed_form_macs(preset: str, modalities: tuple[str, ...], classes: int) -> int:
    """Multiplications of a frame, from the architecture alone."""
    a = PRESETS[preset]
    tokens = sum(a.token_count(name) for name in modalities)
    embed = sum(a.token_count(name) * a.patch_size(name) * a.width for name in modalities)
    mlp = 8 if a.mlp == "plain" else 7.5
    block = tokens * (4 + mlp) * a.width**2 + 2 * tokens**2 * a.width
    head = a.width * a.head_width + a.head_width * (classes + 1)
    return round(embed + a.depth * block + head)


@pytest.mark.parametrize(
    "preset, modalities",
    [
        ("nano", ("noisy_image", "noisy_signal")),
        ("nano", ("noisy_signal",)),
        ("base", ("noisy_image",)),
    ],
)
def test_the_recorded_products_are_those_of_the_architecture(preset, modalities):
    for batch in (1, 32):
        products = model_products(PRESETS[preset], modalities, 24, batch)
        operations = sum(product.operations for product in products)
        assert operations == 2 * batch * closed_form_macs(preset, modalities, 24)


def test_a_product_of_one_frame_becomes_one_of_a_batch_with_so_many_times_the_work():
    for product in (Product(1, 80, 128, 384), Product(4, 80, 32, 80)):
        assert product.for_batch(32).operations == 32 * product.operations


def test_a_row_goes_through_json_and_what_is_no_number_becomes_null():
    row = Row.compared("raster", 1500.0, "images/s", "torch form", 30.0, "64x64x3")
    assert Row.from_json(row.to_json()) == row and row.ratio == 50
    assert json.loads(Row("x", float("nan"), "ms").to_json())["value"] is None
    keys = ["name", "value", "unit", "peer", "peer_value", "ratio"]
    assert list(json.loads(row.to_json()))[:6] == keys


def test_the_table_has_as_many_cells_in_each_line():
    rows = [Row.compared("a", 0.01234, "ms", "b", 5678.9), Row.not_run("c", "", "no reason")]
    lines = table(rows)
    assert {line.count("|") for line in lines} == {6}
    assert "0.0123 ms" in lines[2] and "5,679 ms" in lines[2] and "not run: no reason" in lines[3]


def bench(*arguments: str, program: str = BENCH) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, "bench", *arguments],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_each_row_is_one_json_object_with_its_peer_from_the_same_run():
    done = bench("--json", "--seconds", "0.2", "--device", "cpu", "--no-flowgraph")
    assert done.returncode == 0, done.stderr
    rows = [Row.from_json(line) for line in done.stdout.splitlines()]
    assert len(rows) >= 4
    for row in rows:
        if row.value is not None:
            assert row.value > 0 and row.peer and row.peer_value > 0
            assert row.ratio == pytest.approx(row.value / row.peer_value)


def test_without_gnu_radio_the_flowgraph_is_reported_as_not_run():
    program = f"import sys; sys.modules['gnuradio'] = None; {BENCH}"
    done = bench("--json", "--seconds", "0.2", "--device", "cpu", program=program)
    assert done.returncode == 0, done.stderr
    last = Row.from_json(done.stdout.splitlines()[-1])
    assert last.value is None and "no GNU Radio" in last.note


@pytest.mark.parametrize(
    "option, value, said",
    [
        ("--seconds", "0", "--seconds is 0"),
        ("--batch-size", "0", "--batch-size is 0"),
        ("--markdown", "/nowhere/table.md", "/nowhere/table.md"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_before_anything_runs(option, value, said):
    done = bench(option, value)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
    assert "done" not in done.stderr
