# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks have their description for GNU Radio Companion."""

from __future__ import annotations

import pytest
import yaml
from tracked import ROOT, project_files

DESCRIPTIONS = [path for path in project_files() if path.match("grc/*.block.yml")]


@pytest.mark.parametrize("path", DESCRIPTIONS, ids=str)
def test_a_description_is_named_after_its_block_and_documents_it(path):
    block = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    assert path.name == f"{block['id']}.block.yml"
    assert block["file_format"] == 1
    assert block.get("documentation", "").strip(), "a user of GRC reads the documentation tab"
    assert "from gnuradio import denomae" in block["templates"]["imports"]
    code = block["templates"].get("make") or block["templates"]["var_make"]
    for parameter in block.get("parameters", []):
        assert parameter["id"] in code + str(block.get("asserts", "")), (
            f"the parameter {parameter['id']} does nothing"
        )


def test_every_block_that_a_flowgraph_uses_is_described():
    described = {path.name.removesuffix(".block.yml") for path in DESCRIPTIONS}
    assert described, "no block is described"
    for path in project_files():
        if path.suffix == ".grc":
            flowgraph = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
            used = {b["id"] for b in flowgraph["blocks"] if b["id"].startswith("denomae_")}
            assert used, f"{path} uses none of our blocks"
            assert used <= described, f"{path} uses {used - described}"


def test_every_example_flowgraph_stands_in_the_examples_page():
    page = (ROOT / "examples/README.md").read_text(encoding="utf-8")
    absent = [
        path.name for path in project_files() if path.suffix == ".grc" and path.name not in page
    ]
    assert not absent
