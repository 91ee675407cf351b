# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's modulators and receivers, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from denomae.errors import DenomaeError

MODULE = "gnuradio.denomae.reference"


class GnuRadio:
    """Runs flowgraphs over arrays: `with GnuRadio() as gnu_radio: gnu_radio.call(...)`.

    Attributes:
        missing: why there is no GNU Radio; empty where there is one.
    """

    def __init__(self) -> None:
        self.missing = "not started"

    def __enter__(self) -> GnuRadio:
        self._folder = tempfile.TemporaryDirectory(prefix="denomae-check-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.missing = ""
        try:
            self._answer()
        except DenomaeError as error:
            self.missing = str(error)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        self._folder.cleanup()
        self.missing = "ended"

    def call(
        self, name: str, samples: np.ndarray, result: DTypeLike, **arguments: Any
    ) -> np.ndarray:
        """What a call of `gnuradio.denomae.reference` makes of samples.

        Args:
            result: type of its output.
            arguments: plain numbers, texts and lists; points are lists of [real, imaginary].

        Raises:
            DenomaeError: the call failed, or there is no GNU Radio.
        """
        if self.missing:
            raise DenomaeError(self.missing)
        source, sink = (Path(self._folder.name) / kind for kind in ("input", "output"))
        samples.tofile(source)
        request = {"call": name, "input": str(source), "output": str(sink), **arguments}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise DenomaeError(f"GNU Radio could not {name}: {answer['error']}")
        return np.fromfile(sink, dtype=result)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None and self._process.stderr is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # GNU Radio's own words go there too
                return json.loads(line)
        words = self._process.stderr.read().strip().splitlines() or ["it said nothing"]
        raise DenomaeError(f"`{sys.executable} -m {MODULE}` ended: {words[-1]}")


def pairs(points: np.ndarray) -> list[list[float]]:
    """Complex points as they travel: [[real, imaginary], ...]."""
    return [[float(point.real), float(point.imag)] for point in points]
