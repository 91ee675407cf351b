# SPDX-License-Identifier: GPL-3.0-or-later
"""One version, wherever it is written."""

from __future__ import annotations

import re

from tracked import ROOT

PATTERNS = {
    "pyproject.toml": r'^version = "([^"]+)"',
    "MANIFEST.yml": r"^version: (\S+)",
    "python/denomae/__init__.py": r'^__version__(?:: str)? = "([^"]+)"',
    "CMakeLists.txt": r"^\s*project\([^)]*?VERSION\s+([\d.]+)",
}


def version_in(name: str) -> str:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.search(PATTERNS[name], text, re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no version where this test looks for it"
    return found.group(1)


def test_the_version_is_the_same_everywhere():
    versions = {name: version_in(name) for name in PATTERNS}
    assert len(set(versions.values())) == 1, versions


def test_the_changelog_knows_the_version_or_has_unreleased_changes():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{version_in('pyproject.toml')}]" in text or "## [Unreleased]" in text


def test_the_constraints_satisfy_what_pyproject_asks_for():
    """Each dependency with a pin is pinned inside its own range, and the rest is the system's."""
    from packaging.requirements import Requirement

    pins = dict(
        line.split("==")
        for line in (ROOT / "requirements/constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    )
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    asked = []
    for field in ("dependencies", "plots", "test"):
        block = re.search(rf"^{field} = \[(.*?)\]$", project, re.MULTILINE | re.DOTALL)
        asked += [Requirement(text) for text in re.findall(r'"([^"]+)"', block.group(1))]
    unpinned = {need.name for need in asked if need.name not in pins}
    assert unpinned == {"numpy", "pyzmq", "pyyaml", "jsonschema"}, "only what GNU Radio brings"
    outside = [
        str(need)
        for need in asked
        if not need.specifier.contains(pins.get(need.name, "99")) and need.name in pins
    ]
    assert not outside, f"the pins do not satisfy {outside}"
