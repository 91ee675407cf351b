# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the project, for the tests of the house."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LEFT_OUT = {".git", ".venv", "build", "demo-output", "runs", "__pycache__", "dist"}


@functools.cache
def project_files() -> tuple[Path, ...]:
    """Files of the project as paths relative to its root: git's list, or a walk without git."""
    listed = _listed_by_git()
    if listed is None:
        listed = _walked()
    return tuple(path for path in sorted(listed) if (ROOT / path).is_file())


def _listed_by_git() -> list[Path] | None:
    # Untracked files count too, so that a new file is checked before it is committed.
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode != 0 or not answer.stdout:
        return None
    return [Path(name) for name in answer.stdout.decode().split("\0") if name]


def _walked() -> list[Path]:
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name for name in folders if name not in _LEFT_OUT and not name.endswith(".egg-info")
        ]
        found += [(Path(folder) / name).relative_to(ROOT) for name in names]
    return found


def text_of(path: Path) -> str | None:
    """The file's text, or None for a binary file."""
    content = (ROOT / path).read_bytes()
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
