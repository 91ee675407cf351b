# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom: training and the blocks import the library, and nobody imports back."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tracked import ROOT, project_files

# room: what nothing in it may import
FORBIDDEN = {
    "python/denomae": ("gnuradio", "pmt", "denomae_training"),
    "python/gnuradio/denomae": ("denomae_training",),
    "training/denomae_training": ("gnuradio", "pmt"),
    "examples/demo": ("denomae_training",),
    "examples/captures": ("denomae_training",),
    "grc": ("denomae_training",),
}


def imported_modules(source: str) -> set[str]:
    """Names of the modules that a Python source imports, by statement or by a literal name.

    A relative import keeps its dots.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names.add(base)
            if not node.level:
                names |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else None
            called = node.func.id if isinstance(node.func, ast.Name) else called
            first = node.args[0]
            if not isinstance(first, ast.Constant):
                continue
            if called in ("import_module", "__import__"):
                names.add(str(first.value))
            elif called == "find_spec" and "." in str(first.value):
                # It imports the parents of what it looks for; a name without a dot has none, so
                # that asking whether a package is there imports nothing.
                names.add(str(first.value).rpartition(".")[0])
    return names


def violations(source: str, forbidden: tuple[str, ...]) -> set[str]:
    """Imports of a source that fall under a forbidden package."""
    return {
        name
        for name in imported_modules(source)
        for package in forbidden
        if name == package or name.startswith(package + ".")
    }


def sources_of(room: str) -> list[Path]:
    return [path for path in project_files() if path.is_relative_to(room) and path.suffix == ".py"]


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_along_the_arrows(room):
    found = {
        str(path): sorted(bad)
        for path in sources_of(room)
        if (bad := violations((ROOT / path).read_text(encoding="utf-8"), FORBIDDEN[room]))
    }
    assert not found, f"{room} must not import {FORBIDDEN[room]}: {found}"


@pytest.mark.parametrize("room", ["python/denomae", "python/gnuradio/denomae", "training"])
def test_the_rooms_are_where_the_check_looks(room):
    assert sources_of(room), f"no Python file in {room}: the check above would prove nothing"


def test_no_package_hides_gnuradio():
    assert not (ROOT / "python/gnuradio/__init__.py").exists(), (
        "python/gnuradio/__init__.py would hide GNU Radio itself"
    )


@pytest.mark.parametrize(
    "planted",
    [
        "import gnuradio",
        "import gnuradio.blocks as b",
        "from gnuradio import gr",
        "def later():\n    from gnuradio.zeromq import pub_sink",
        "if False:\n    import numpy, gnuradio.gr",
        "import importlib\nx = importlib.import_module('gnuradio.blocks')",
        "y = __import__('gnuradio')",
        "import importlib.util\nfound = importlib.util.find_spec('gnuradio.denomae')",
    ],
)
def test_a_planted_violation_is_found(planted):
    assert violations(planted, ("gnuradio",))


def test_names_that_only_look_alike_are_allowed():
    innocent = "import gnuradio_tools\nfrom .gnuradio import x\ntext = 'import gnuradio'"
    assert not violations(innocent, ("gnuradio",))
    asked = "import importlib.util\nthere = importlib.util.find_spec('gnuradio') is not None"
    assert not violations(asked, ("gnuradio",))
    assert not violations("from denomae import labels", ("denomae_training",))
