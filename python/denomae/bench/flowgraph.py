# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a flowgraph, measured by a process that has GNU Radio."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator

from denomae.bench.row import Row

MODULE = "gnuradio.denomae.bench"


def rows(arguments: list[str]) -> Iterator[Row]:
    """What `python -m gnuradio.denomae.bench` prints; one row that says why where it cannot run."""
    if importlib.util.find_spec("gnuradio") is None:
        yield Row.not_run("flowgraph", "", "this Python has no GNU Radio")
        return
    with subprocess.Popen(
        [sys.executable, "-m", MODULE, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("{"):  # GNU Radio's own words go there too
                    yield Row.from_json(line)
        finally:
            if process.poll() is None and sys.exc_info()[0] is not None:
                process.terminate()
    if process.returncode:
        why = f"`{MODULE}` ended with exit code {process.returncode}; its words are above"
        yield Row.broken("flowgraph", "", why)
