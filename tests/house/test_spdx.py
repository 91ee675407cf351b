# SPDX-License-Identifier: GPL-3.0-or-later
"""Every source file says its licence."""

from __future__ import annotations

from tracked import ROOT, project_files, text_of

LINE = "SPDX-License-Identifier: GPL-3.0-or-later"
SUFFIXES = {".py", ".pyi", ".cc", ".h", ".hpp", ".cmake", ".yml", ".yaml", ".sh", ".toml", ".in"}
NAMES = {"CMakeLists.txt", "constraints.txt", ".clang-format", ".clang-tidy"}
FOLDERS = ("script", ".ci")
RECORDS = ("docs", "results")  # what the protocol wrote of its runs: measured, not sources


def is_source(path) -> bool:
    if path.parts[:2] == RECORDS:
        return False
    return path.suffix in SUFFIXES or path.name in NAMES or path.parts[0] in FOLDERS


def test_every_source_file_begins_with_its_licence():
    silent = [
        str(path)
        for path in project_files()
        if is_source(path) and LINE not in "\n".join((text_of(path) or "").splitlines()[:12])
    ]
    assert not silent, f"no '{LINE}' in the first lines of: {silent}"


def test_the_licence_is_the_whole_gpl():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 3, 29 June 2007" in text
    assert "How to Apply These Terms to Your New Programs" in text
