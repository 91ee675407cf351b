# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio Companion on a screen and in a home of its own, started as a user starts it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPANION = shutil.which("gnuradio-companion")
XVFB = shutil.which("Xvfb")

ABSENT = [name for name in ("gnuradio-companion", "Xvfb", "xdotool") if not shutil.which(name)]


@contextlib.contextmanager
def private_screen(size: str = "1600x1000") -> Iterator[str]:
    """An X server without a screen, on a display number that it chose; gives the number, `:N`."""
    ours, its = os.pipe()
    server = subprocess.Popen(
        [XVFB, "-displayfd", str(its), "-screen", "0", f"{size}x24", "-nolisten", "tcp"],
        pass_fds=[its],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(its)
    try:
        number = b""
        while not number.endswith(b"\n"):
            if not select.select([ours], [], [], 60)[0]:
                raise RuntimeError("Xvfb did not say its display number within 60 s")
            piece = os.read(ours, 16)
            if not piece:
                raise RuntimeError(f"Xvfb ended with status {server.wait()}")
            number += piece
        yield f":{int(number)}"
    finally:
        os.close(ours)
        server.terminate()
        server.wait(30)


@dataclass(frozen=True)
class Checkout:
    """A copy of what script/companion needs, where flowgraphs may be changed and generated."""

    folder: Path
    home: Path  # several may share one: Companion keeps what it knows of all blocks there

    @classmethod
    def make(cls, folder: Path, home: Path) -> Checkout:
        (folder / "script").mkdir(parents=True)
        for name in ("companion", "steps.sh"):
            shutil.copy(ROOT / "script" / name, folder / "script")
        bootstrap = folder / "script" / "bootstrap"  # script/test ran the real one
        bootstrap.write_text('#!/bin/sh\necho "bootstrap $*"\n')
        bootstrap.chmod(0o755)
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "examples").mkdir()
        (folder / "examples" / "captures").symlink_to(ROOT / "examples" / "captures")
        (folder / "bin").mkdir()
        (home / ".gnuradio").mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(__file__).with_name("companion_inside.py"), folder / "bin")
        (folder / "bin" / "companion_inside.py").rename(folder / "bin" / "gnuradio-companion")
        (folder / "bin" / "gnuradio-companion").chmod(0o755)
        return cls(folder, home)

    def flowgraph(self, disabled: str = "", **values: str) -> Path:
        """The example with other values: `BLOCK__PARAMETER` = what would be typed in Companion."""
        path = ROOT / "examples" / "classify_capture.grc"
        flowgraph = yaml.safe_load(path.read_text(encoding="utf-8"))
        blocks = {block["name"]: block["parameters"] for block in flowgraph["blocks"]}
        for block in flowgraph["blocks"]:
            if block["name"] == disabled:
                block["states"]["state"] = "disabled"
        for key, value in values.items():
            block, parameter = key.split("__")
            assert parameter in blocks[block]
            blocks[block][parameter] = value
        copy = self.folder / "examples" / path.name
        copy.write_text(yaml.safe_dump(flowgraph), encoding="utf-8")
        return copy

    def environment(self, display: str, **more: str) -> dict[str, str]:
        """One in which nothing of the user's is read or written."""
        mine = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("GR_", "GRC_", "XDG_", "WAYLAND_", "GTK_", "DBUS_"))
        }
        home = str(self.home)
        return {
            **mine,
            "PATH": f"{self.folder / 'bin'}:{mine['PATH']}",
            "HOME": home,
            "XDG_RUNTIME_DIR": home,
            "TMPDIR": home,
            "DISPLAY": display,
            "GDK_BACKEND": "x11",
            "GSETTINGS_BACKEND": "memory",
            "NO_AT_BRIDGE": "1",
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
            "COMPANION_REAL": COMPANION or "",
            "COMPANION_REPORT": str(self.folder / "report"),
            **more,
        }

    def start(
        self, *arguments: str | Path, cwd: Path, display: str, steps: str, **environment: str
    ) -> dict[str, Any]:
        """Runs script/companion until Companion has quit; what was seen, and its `output`."""
        process = subprocess.Popen(
            [self.folder / "script" / "companion", *arguments],
            cwd=cwd,
            env=self.environment(display, COMPANION_STEPS=steps, **environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=240)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        assert process.returncode == 0, output
        report = (self.folder / "report").read_text(encoding="utf-8")
        return {**json.loads(report), "output": output}
