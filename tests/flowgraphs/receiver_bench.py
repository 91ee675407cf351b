# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples with a receiver, compiled by `grcc` and run as processes of their own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest
import zmq

from denomae.labels import Label

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("rtlsdr", "usrp", "soapy", "pluto")
PATIENCE_S = 240.0
"""A guard against hanging; loading the model takes its time on a busy machine."""

_RUN = """
import runpy, sys
{before}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_SLIDERS = """
import os, sys
from pathlib import Path
from PyQt5 import Qt
sys.argv = sys.argv[1:]
path = Path(sys.argv[0])
sys.path.insert(0, str(path.parent))
module = __import__(path.stem)

class WithHands(getattr(module, path.stem)):
    def show(self):
        super().show()
        self.hands = Qt.QSocketNotifier(sys.stdin.fileno(), Qt.QSocketNotifier.Read)
        self.hands.activated.connect(self.move)

    def move(self):
        for line in os.read(sys.stdin.fileno(), 4096).decode().splitlines():
            name, value = line.split()
            getattr(self, f"set_{name}")(float(value))  # as the slider does

module.main(WithHands)
"""


def environment(home: Path) -> dict[str, str]:
    """Without a screen, and with settings and caches of GNU Radio's own in `home`."""
    (home / ".cache" / "grc_gnuradio").mkdir(parents=True, exist_ok=True)
    values = {**os.environ, "HOME": str(home), "GRC_BLOCKS_PATH": str(ROOT / "grc")}
    values.pop("DISPLAY", None)
    return {**values, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(home)}


class Programs(dict):
    """By kind of receiver; a test that asks for one whose blocks are not installed is skipped."""

    def __missing__(self, kind: str) -> Path:
        pytest.skip("gr-osmosdr is not installed: sudo apt install gr-osmosdr")


def compiled(home: Path) -> Programs:
    """What `grcc` makes of the examples."""
    grcc = shutil.which("grcc")
    assert grcc, "grcc, which comes with GNU Radio, is not in the PATH"
    kinds = [kind for kind in KINDS if kind != "rtlsdr" or importlib.util.find_spec("osmosdr")]
    sources = [str(ROOT / "examples" / f"classify_{kind}.grc") for kind in kinds]
    done = subprocess.run(
        [sys.executable, grcc, "-o", str(home), *sources],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rror" not in done.stdout + done.stderr, done.stdout + done.stderr
    return Programs({kind: home / f"classify_{kind}.py" for kind in kinds})


def ended(program: Path, *arguments: str, before: str = "pass") -> tuple[int, list[str]]:
    """Run a program that ends by itself, after some Python: its exit status and its stderr."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(before=before), program, *arguments],
        env=environment(program.parent),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    return done.returncode, done.stderr.splitlines()


class Running:
    """A program that runs, its labels over ZMQ, and hands on its sliders.

    Args:
        program: what `grcc` made.
        folder: for the address and the output.
        arguments: of its command line.
    """

    def __init__(self, program: Path, folder: Path, *arguments: str) -> None:
        address = f"ipc://{folder}/labels"
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.RCVHWM, 0)
        self._socket.set(zmq.RECONNECT_IVL, 10)
        self._socket.subscribe(b"denomae/label")
        self._socket.connect(address)
        self._log = folder / "log"
        self.labels: list[Label] = []
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _SLIDERS, program, "--address", address, *arguments],
                env=environment(program.parent),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self._context.destroy()

    @property
    def output(self) -> str:
        """Everything that it has printed."""
        return self._log.read_text()

    def until(self, condition: Callable[[], bool]) -> None:
        """Take labels until a condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            if self._socket.poll(100):
                self.labels.append(Label.from_json(self._socket.recv_multipart()[1]))

    def move(self, slider: str, value: float) -> None:
        """What a user does with the mouse."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{slider} {value!r}\n")
        self.process.stdin.flush()

    def end(self, by: signal.Signals) -> tuple[int, float]:
        """Its exit status, and the seconds from the signal to its end."""
        began = time.monotonic()
        self.process.send_signal(by)
        self.process.wait(PATIENCE_S)
        return self.process.returncode, time.monotonic() - began
