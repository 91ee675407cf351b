# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents point at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tracked import ROOT, project_files, text_of

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
COMMAND = re.compile(r"(?<![\w/.-])(script/[\w-]+|examples/[\w./-]+|docs/[\w./-]+\.md)")
DOCUMENTS = [path for path in project_files() if path.suffix == ".md"]


def anchors_of(text: str) -> set[str]:
    """Anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(path: Path, text: str) -> list[str]:
    bad = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / path).parent / name if name else ROOT / path
        if not file.exists():
            bad.append(target)
        elif anchor and file.suffix == ".md":
            if anchor not in anchors_of(file.read_text(encoding="utf-8")):
                bad.append(target)
    return bad


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_the_links_of_a_document_lead_somewhere(path):
    assert not broken_links(path, text_of(path) or "")


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_the_files_that_a_document_names_exist(path):
    named = {name.rstrip(".") for name in COMMAND.findall(text_of(path) or "")}
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert not missing, f"{path} speaks of {missing}"


def test_a_planted_broken_link_is_found():
    assert broken_links(Path("README.md"), "[x](docs/nothing-here.md)") == ["docs/nothing-here.md"]
    assert broken_links(Path("README.md"), "[x](README.md#no-such-part)")
    assert not broken_links(Path("README.md"), "[x](README.md) [y](https://example.org/z)")
