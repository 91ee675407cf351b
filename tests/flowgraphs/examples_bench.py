# SPDX-License-Identifier: GPL-3.0-or-later
"""The example flowgraphs as the Python that `grcc` makes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CAPTURE = EXAMPLES / "captures" / "demo.sigmf-data"


def compiled(name: str, folder: Path) -> Path:
    """The program of an example, made in `folder` without a screen."""
    grcc = shutil.which("grcc")
    assert grcc, "grcc, which comes with GNU Radio, is not in the PATH"
    (folder / ".cache" / "grc_gnuradio").mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "HOME": str(folder), "GRC_BLOCKS_PATH": str(ROOT / "grc")}
    environment.pop("DISPLAY", None)
    done = subprocess.run(
        [sys.executable, grcc, "-o", str(folder), str(EXAMPLES / f"{name}.grc")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "Error" not in said and "Traceback" not in said, said
    return folder / f"{name}.py"


def started(program: Path, **options: object) -> subprocess.Popen:
    """A program of the examples, running, its options by name; what it prints is one pipe."""
    arguments = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
    return subprocess.Popen(
        [sys.executable, "-u", program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
