# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing in the tree holds for one machine only."""

from __future__ import annotations

import re

import pytest
from tracked import project_files, text_of

# The patterns are put together from pieces, so that this file does not match itself.
HOME = re.compile("/" + r"(home|Users)/[a-z][\w.-]*/|" + "/" + r"root/|" + "/" + r"work/[a-z.]")
REGISTRY = re.compile(
    r"py" + r"pi\.(org|python)|python" + r"hosted|download\.py" + r"torch|deb\." + r"debian\.org|"
    r"archive\.ub" + r"untu|ana" + r"conda\.org|--(extra-)?index" + r"-url|registry *= *" + r"http"
)


def matches(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in project_files()
        if (text := text_of(path)) is not None
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_folder_of_one_machine():
    assert not matches(HOME)


def test_no_file_names_a_package_registry():
    assert not matches(REGISTRY)


@pytest.mark.parametrize("line", ["/ho" + "me/ann/x", "see /ro" + "ot/x", "cd /wo" + "rk/main"])
def test_a_planted_folder_is_found(line):
    assert HOME.search(line)


@pytest.mark.parametrize("line", ["pip install --index" + "-url x", "https://py" + "pi.org/simple"])
def test_a_planted_registry_is_found(line):
    assert REGISTRY.search(line)
