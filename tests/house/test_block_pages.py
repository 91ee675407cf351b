# SPDX-License-Identifier: GPL-3.0-or-later
"""Each block's page says what its description for Companion says."""

from __future__ import annotations

import subprocess
import sys

from tracked import ROOT


def test_the_pages_of_the_blocks_are_those_that_their_descriptions_give():
    command = [sys.executable, ROOT / "script/blocks", "--check"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stdout + found.stderr


def test_no_line_of_a_description_is_lost_on_its_page():
    import yaml

    for path in sorted((ROOT / "grc").glob("*.block.yml")):
        block = yaml.safe_load(path.read_text(encoding="utf-8"))
        page = ROOT / "docs/blocks" / f"{block['id'].removeprefix('denomae_')}.md"
        text = page.read_text(encoding="utf-8").replace("\\|", "|")
        for line in block["documentation"].splitlines():
            said = line.strip().partition(": ")
            assert (said[2] or said[0]).strip() in text, line
